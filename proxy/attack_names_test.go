package proxy_test

import (
	"strings"
	"testing"
)

func TestRenamingChecksTheOldNameAndTheNew(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	ours, theirs := plant(t, srv, "cv"), plant(t, srv, "nlp")
	with, check := fill(ours, theirs), unmoved(t, srv, theirs)
	for _, r := range []request{
		{"POST", "experiments/update", `{"experiment_id":"<exp>","new_name":"nlp/mine-now"}`},
		{"POST", "experiments/update", `{"experiment_id":"<exp>","new_name":"<NAME>"}`},
		{"POST", "experiments/update", `{"experiment_id":"<exp>","new_name":"mine"}`},
		{"POST", "registered-models/rename", `{"name":"<model>","new_name":"nlp.mine-now"}`},
		{"POST", "registered-models/rename", `{"name":"<model>","new_name":"<MODEL>"}`},
		{"POST", "registered-models/rename", `{"name":"<MODEL>","new_name":"cv.stolen"}`},
	} {
		for _, user := range []string{"lead", "both"} {
			if a := r.send(t, g, user, with); a.Status != 403 {
				t.Errorf("%s: %v: got %d %s, want 403", user, r, a.Status, a.Body)
			}
		}
	}
	check()
	for _, r := range []request{
		{"POST", "experiments/update", `{"experiment_id":"<exp>","new_name":"<name>-2"}`},
		{"POST", "registered-models/rename", `{"name":"<model>","new_name":"<model>-2"}`},
	} {
		if a := r.send(t, g, "lead", with); a.Status != 200 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
}

// The name decides at once, not when what is known of it grows old.
func TestRenamedExperimentIsDecidedByItsNewName(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	ours := plant(t, srv, "cv")
	with := fill(ours, ours)
	read := request{"GET", "runs/get?run_id=<run>", ""}
	for i, name := range []string{"cv/secret/" + ours.secret, ours.name} {
		if a := read.send(t, g, "most", with); a.Status != []int{200, 404}[i] {
			t.Errorf("before renaming to %s: got %d %s", name, a.Status, a.Body)
		}
		if a := g.do(t, "lead", "POST", api+"experiments/update", m{"experiment_id": ours.exp, "new_name": name}); a.Status != 200 {
			t.Fatalf("rename: %d %s", a.Status, a.Body)
		}
		if a := read.send(t, g, "most", with); a.Status != []int{404, 200}[i] {
			t.Errorf("after renaming to %s: got %d %s", name, a.Status, a.Body)
		}
	}
}

// Whether a foreign name is taken must not show.
func TestForeignNamesAreNoOracle(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	theirs := plant(t, srv, "nlp")
	free := theirs
	free.name, free.model = theirs.name[:len(theirs.name)-1]+"0", theirs.model[:len(theirs.model)-1]+"0"
	for _, r := range []request{
		{"POST", "experiments/create", `{"name":"<NAME>"}`}, {"GET", "experiments/get-by-name?experiment_name=<NAME>", ""},
		{"POST", "registered-models/create", `{"name":"<MODEL>"}`}, {"GET", "registered-models/get?name=<MODEL>", ""},
		{"GET", "model-versions/get?name=<MODEL>&version=1", ""}, {"GET", "model-versions/get?name=<MODEL>&version=9", ""},
		{"GET", "registered-models/alias?name=<MODEL>&alias=champion", ""}, {"GET", "registered-models/alias?name=<MODEL>&alias=none", ""},
	} {
		taken, absent := r.send(t, g, "alice", fill(theirs, theirs)), r.send(t, g, "alice", fill(free, free))
		same := strings.NewReplacer(free.name, theirs.name, free.model, theirs.model).Replace(string(absent.Body))
		if taken.Status != 403 || absent.Status != 403 || string(taken.Body) != same {
			t.Errorf("%v: got %d %s and %d %s", r, taken.Status, taken.Body, absent.Status, absent.Body)
		}
	}
}

func TestNamesThatOnlyLookLikeHersAreRefused(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	for _, name := range []string{" cv/x", "CV/x", "cv/x ", "cv", "cv/", "cv//x", "cv/../nlp/x", "cv/./x", "cvx/y", "c\u0076\u200b/x", "\tcv/x", "cv/x\n", "cv/e\u0301", "ｃｖ/x", "cv\\x", "cv%2fx", ""} {
		for _, path := range []string{"experiments/create", "registered-models/create"} {
			if a := g.do(t, "alice", "POST", api+path, m{"name": name}); a.Status != 400 && a.Status != 403 {
				t.Errorf("%s %q: got %d %s", path, name, a.Status, a.Body)
			}
		}
	}
}

// Experiment 0 is on every server, so its existence is no secret.
func TestExperiment0IsDecidedAsDefault(t *testing.T) {
	t.Parallel()
	g := newGate(t, live.Server(t).URL(), rules)
	for _, r := range []request{
		{"GET", "experiments/get?experiment_id=0", ""}, {"POST", "runs/create", `{"experiment_id":"0"}`}, {"GET", "experiments/get-by-name?experiment_name=Default", ""},
	} {
		a := r.send(t, g, "alice", fill(side{}, side{}))
		if a.Status != 403 || !strings.Contains(string(a.Body), "Default") || !strings.Contains(string(a.Body), "cv/*") {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
}
