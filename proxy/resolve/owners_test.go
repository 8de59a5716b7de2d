package resolve

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mlgate/proxy/mlflowapi"
)

func TestPlacesHoldsEveryReadingOfALocation(t *testing.T) {
	t.Parallel()
	tests := []struct {
		location string
		want     []string
	}{
		{"mlflow-artifacts:/7", []string{"7"}},
		{"mlflow-artifacts:/7/", []string{"7"}},
		{"mlflow-artifacts:/", []string{""}},
		{"mlflow-artifacts:///7", []string{"7"}},
		{"mlflow-artifacts://host:5000/7", []string{"7"}},
		{"mlflow-artifacts://host:5000", []string{""}},
		{"MLflow-Artifacts:/7", []string{"7"}},
		{"mlflow-artifacts:/x/../7", []string{"7"}},
		{"mlflow-artifacts:/%37/a%20b", []string{"%37/a%20b", "7/a b"}},
		{"mlflow-artifacts:/%2537", []string{"%2537", "%37", "7"}},
		{"mlflow-artifacts:/7?x#y", []string{"7"}},
		{"mlflow-artifacts:/api/2.0/mlflow-artifacts/artifacts/7", []string{"api/2.0/mlflow-artifacts/artifacts/7", "7"}},
		{"http://host/mlflow/api/2.0/mlflow-artifacts/artifacts/7", []string{"7"}},
		{"http://host/7", nil}, {"s3://bucket/7", nil}, {"file:///7", nil}, {"/srv/7", nil}, {"", nil},
	}
	for _, test := range tests {
		if got := places(test.location); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.location, got, test.want)
		}
	}
}

func TestAPlaceCoversWholeSegmentsOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		place, path string
		want        bool
	}{{"7", "7", true}, {"7", "7/x", true}, {"7", "77", false}, {"7/x", "7", false}, {"", "9", true}, {"7", "", false}} {
		if got := covers(test.place, test.path); got != test.want {
			t.Errorf("covers(%q, %q): got %v", test.place, test.path, got)
		}
	}
}

// small is a server with these experiments, which it lists on two pages.
func small(t *testing.T, asked *atomic.Int32, rows ...string) scripted {
	t.Helper()
	return func(_ context.Context, r *mlflowapi.Request) (*mlflowapi.Answer, error) {
		q, _ := url.ParseQuery(r.Query)
		if strings.HasSuffix(r.Path, "experiments/search") {
			asked.Add(1)
			if q.Get("view_type") != "ALL" || q.Get("max_results") != "1000" {
				t.Errorf("searched with %s", r.Query)
			}
			half := len(rows) / 2
			if q.Get("page_token") == "" {
				return says(200, `{"experiments":[`+strings.Join(rows[:half], ",")+`],"next_page_token":"second"}`)
			}
			return says(200, `{"experiments":[`+strings.Join(rows[half:], ",")+`]}`)
		}
		for _, row := range rows {
			if strings.HasPrefix(row, fmt.Sprintf(`{"experiment_id":%q,`, q.Get("experiment_id"))) {
				return says(200, `{"experiment":`+row+`}`)
			}
		}
		return says(404, `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`)
	}
}

func ids(infos []mlflowapi.ExperimentInfo) string {
	var s []string
	for _, i := range infos {
		s = append(s, i.ID)
	}
	return strings.Join(s, " ")
}

func TestAPathBelongsToAllWhoseStoredLocationCoversIt(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	r := New(Options{Upstream: small(t, &asked,
		experiment("0", "Default", "mlflow-artifacts:/0"),
		experiment("1", "cv/a", "mlflow-artifacts:/1"),
		experiment("2", "nlp/b", "mlflow-artifacts:/2"),
		experiment("3", "cv/evil", "mlflow-artifacts:/2"),
		experiment("4", "cv/odd", "mlflow-artifacts://host:1/2/deep"),
		experiment("5", "cv/coded", "mlflow-artifacts:/%37"),
		experiment("6", "s3", "s3://bucket/6"),
		experiment("8", "foo", "mlflow-artifacts:/foo/8"),
		experiment("9", "below 1", "mlflow-artifacts:/1/sub/9"),
		experiment("10", "moved", "mlflow-artifacts:/11"),
	)})
	tests := []struct{ path, want string }{
		{"1/" + aRun + "/artifacts/x", "1"},
		{"2/" + aRun + "/artifacts/x", "2 3"},
		{"2/deep/" + aRun + "/artifacts/x", "4 2 3"},
		{"2", "2 3 4"},       // deleting it would delete 4's as well
		{"1", "1 9"},         // and here 9's
		{"1/sub/9/x", "9 1"}, // the longest location first
		{"6/x", ""},          // the number alone says nothing
		{"10/x", ""},
		{"11/x", "10"},
		{"7/x", "5"},
		{"foo/8/x", "8"}, {"foo", ""}, {"8/x", ""}, {"77/x", ""}, {"x", ""}, {"01/x", ""}, {"0/x", "0"},
	}
	for _, test := range tests {
		got, err := r.Owners(t.Context(), test.path)
		if (test.want == "") != errors.Is(err, mlflowapi.ErrNotFound) || (test.want != "" && err != nil) {
			t.Errorf("%s: got error %v", test.path, err)
		}
		if ids(got) != test.want {
			t.Errorf("%s: got %q, want %q", test.path, ids(got), test.want)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("got %d pages asked, want 2 once", asked.Load())
	}
	if n := len(r.index.Load().irregular); n != 5 {
		t.Errorf("got %d locations in memory, want only the 5 irregular ones", n)
	}
}

func TestARootLocationOwnsEverything(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	r := New(Options{Upstream: small(t, &asked, experiment("1", "a", "mlflow-artifacts:/1"), experiment("2", "all", "mlflow-artifacts:/"))})
	for path, want := range map[string]string{"1/x": "1 2", "nowhere": "2", "2/x": "2"} {
		if got, err := r.Owners(t.Context(), path); err != nil || ids(got) != want {
			t.Errorf("%s: got %q, %v, want %q", path, ids(got), err, want)
		}
	}
}

func TestPathsAreRefusedUntilTheLocationsAreKnown(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	var asked atomic.Int32
	up := small(t, &asked, experiment("1", "a", "mlflow-artifacts:/1"), experiment("2", "b", "mlflow-artifacts:/1"))
	c := newClock()
	r := New(Options{Now: c.now, Upstream: scripted(func(ctx context.Context, q *mlflowapi.Request) (*mlflowapi.Answer, error) {
		if down.Load() && strings.HasSuffix(q.Path, "search") {
			return says(500, "{}")
		}
		return up(ctx, q)
	})})
	if got, err := r.Owners(t.Context(), "1/x"); err == nil || errors.Is(err, mlflowapi.ErrNotFound) {
		t.Errorf("got %v, %v before the locations are known, want an error", got, err)
	}
	down.Store(false)
	if got, err := r.Owners(t.Context(), "1/x"); err != nil || ids(got) != "1 2" {
		t.Errorf("got %q, %v, want both", ids(got), err)
	}
	down.Store(true)
	c.move(refreshEvery) // what is known serves while it is read anew
	if got, err := r.Owners(t.Context(), "1/x"); err != nil || ids(got) != "1 2" {
		t.Errorf("got %q, %v from a minute-old index, want both", ids(got), err)
	}
	c.move(staleAfter)
	if got, err := r.Owners(t.Context(), "1/x"); err == nil {
		t.Errorf("got %q from a stale index that cannot be read anew, want an error", ids(got))
	}
}

func TestTheIndexIsReadAnewInTheBackgroundEachMinute(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c := newClock()
	r := New(Options{Now: c.now, Upstream: small(t, &asked, experiment("1", "a", "mlflow-artifacts:/1"), experiment("2", "b", "mlflow-artifacts:/1"))})
	for range 3 {
		_, _ = r.Owners(t.Context(), "1/x")
	}
	c.move(refreshEvery - time.Second)
	_, _ = r.Owners(t.Context(), "1/x")
	if asked.Load() != 2 {
		t.Fatalf("got %d pages asked within a minute, want 2", asked.Load())
	}
	c.move(time.Second)
	_, _ = r.Owners(t.Context(), "1/x")
	for end := time.Now().Add(5 * time.Second); asked.Load() < 4 || r.now().Sub(r.index.Load().at) >= refreshEvery; {
		if time.Now().After(end) {
			t.Fatalf("got %d pages asked, want 4", asked.Load())
		}
		time.Sleep(time.Millisecond)
	}
}
