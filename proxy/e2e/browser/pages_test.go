package browser_test

import (
	"bytes"
	"slices"
	"testing"
)

// ways are where the gate may live.
var ways = []struct{ name, path string }{{"root", ""}, {"mounted", "/mlflow"}}

func TestEveryPageShowsWhatIsHersAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, at := range ways {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, at.path, "pages-"+at.name)
			b := s.signIn(t)
			run := "experiments/" + s.exp + "/runs/" + s.runs[0]
			for _, p := range []struct {
				name, page string
				shows      []string
			}{
				{"experiments", "experiments", []string{"cv/" + s.word + "/detector", "cv/" + s.word + "/tracker"}},
				{"runs", "experiments/" + s.exp + "/runs", []string{"first-try", "second-try"}},
				{"run", run, []string{"first-try", "backbone", "resnet-first-try", "accuracy", "0.9375", "dataset-size", s.model}},
				{"metrics", run + "/model-metrics", []string{"accuracy"}},
				{"artifacts", run + "/artifacts", []string{"notes.txt", "picture.png", "report.html"}},
				{"models", "models", []string{s.model}},
				{"model", "models/" + s.model, []string{"Version 1", "Version 2", "shiny", "the steady one"}},
				{"version", "models/" + s.model + "/versions/2", []string{"the steady one", "first-try"}},
				{"compare", `compare-runs?runs=["` + s.runs[0] + `","` + s.runs[1] + `"]&experiments=["` + s.exp + `"]`,
					[]string{"resnet-first-try", "resnet-second-try"}},
			} {
				t.Run(p.name, func(t *testing.T) {
					b.open(t, s.ui(p.page))
					b.shows(t, p.shows...)
					b.traffic.quiet(t)
					b.shot(t, p.name)
					b.clean(t)
				})
			}
		})
	}
}

// To the other team the same pages do show it: what the tests look for can be
// found, on the page and on the wire.
func TestWhatIsHiddenFromHerIsThereForTheOtherTeam(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "theirs")
	b := newTab(t, "bob", passwords["bob"])
	for _, page := range []string{"experiments", "models", "experiments/" + s.theirExp + "/runs/" + s.theirRun} {
		b.open(t, s.ui(page))
		b.shows(t, canary)
		b.traffic.quiet(t)
		if !slices.ContainsFunc(b.traffic.take(), func(x exchange) bool { return bytes.Contains(x.body, []byte(canary)) }) {
			t.Errorf("page %s: got no %s on the wire", page, canary)
		}
	}
}
