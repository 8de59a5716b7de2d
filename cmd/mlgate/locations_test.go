package main

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLocationFormsOfTheServedStoreAreOne(t *testing.T) {
	t.Parallel()
	for location, usual := range map[string]bool{
		"mlflow-artifacts:/7":            true,
		"mlflow-artifacts:/7/":           true,
		"mlflow-artifacts:///7":          true,
		"mlflow-artifacts://host/7":      true,
		"mlflow-artifacts://host:5000/7": true,
		"mlflow-artifacts://host:5000/api/2.0/mlflow-artifacts/artifacts/7": true,
		"mlflow-artifacts:/77":     false,
		"mlflow-artifacts:/7/sub":  false,
		"mlflow-artifacts:/":       false,
		"mlflow-artifacts:/x/../7": true,
		"s3://bucket/7":            false,
		"/srv/mlruns/7":            false,
		"file:///srv/mlruns/7":     false,
		"mlflow-artifacts://host/api/2.0/mlflow-artifacts/artifacts/other/7":     false,
		"https://host/api/2.0/mlflow-artifacts/artifacts/7":                      false,
		"mlflow-artifacts://host:5000/api/2.0/mlflow-artifacts/artifacts/7/8/..": true,
	} {
		p := placeOf(experiment{ID: "7", Location: location})
		if p.usual() != usual {
			t.Errorf("%s: got usual %v (%q %q), want %v", location, p.usual(), p.store, p.path, usual)
		}
	}
}

func TestOverlapsNameBothExperiments(t *testing.T) {
	t.Parallel()
	places := placesAt("mlflow-artifacts:/1", "mlflow-artifacts:/1/sub", "mlflow-artifacts:/12", "mlflow-artifacts://h/3", "mlflow-artifacts:/3",
		"s3://b/1", "s3://b/1/x", "s3://c/1", "mlflow-artifacts:/1-x")
	var got []string
	for _, o := range overlaps(places) {
		got = append(got, o.outer.Location+" > "+o.inner.Location)
	}
	want := []string{
		"mlflow-artifacts:/1 > mlflow-artifacts:/1/sub",
		"mlflow-artifacts://h/3 > mlflow-artifacts:/3",
		"s3://b/1 > s3://b/1/x",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func placesAt(locations ...string) []place {
	var list []place
	for i, l := range locations {
		list = append(list, placeOf(experiment{ID: fmt.Sprint(100 + i), Location: l}))
	}
	return list
}

// The one pass must find what comparing all pairs finds.
func TestOverlapsAreThoseOfAllPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		locations := rapid.SliceOfN(rapid.StringMatching(`(mlflow-artifacts:|s3://b)(/[12]){0,3}(-[1])?`), 0, 12).Draw(t, "locations")
		places := placesAt(locations...)
		want := 0
		for i, a := range places {
			for _, b := range places[i+1:] {
				if a.covers(b) || b.covers(a) {
					want++
				}
			}
		}
		if got := len(overlaps(places)); got != want {
			t.Fatalf("got %d overlaps, want %d", got, want)
		}
	})
}
