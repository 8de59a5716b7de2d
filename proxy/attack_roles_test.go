package proxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// The opposite of the attacks: each role does all that is its own, and
// nothing of the next.
func TestEachRoleDoesAllThatIsItsOwn(t *testing.T) {
	t.Parallel()
	onBothStores(t, rolesDoTheirOwn)
}

func rolesDoTheirOwn(t *testing.T, srv *mlflowtest.Server, foreign []reach) {
	g := newGate(t, srv.URL(), rules)
	ours := plantFor(t, g, srv, "alice", "cv")
	with := fill(ours, ours)
	roles := []string{"viewer", "alice", "lead"}
	for _, r := range foreign {
		needs := int(r.endpoint(here).Action)
		for i, user := range roles[:needs] {
			want := 403
			if i == needs-1 {
				want = 200
			}
			if a := r.send(t, g, user, with); a.Status != want {
				t.Errorf("%s: %v: got %d %s, want %d", user, r.request, a.Status, a.Body, want)
			}
		}
	}
}

func TestWhoCreatedARunDeletesAndRestoresIt(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	ours := plant(t, srv, "cv")
	byLead := side{run: g.do(t, "lead", "POST", api+"runs/create", m{"experiment_id": ours.exp}).json(t)["run"].(m)["info"].(m)["run_id"].(string)}
	past := ours
	ours.run = g.do(t, "alice", "POST", api+"runs/create", m{"experiment_id": ours.exp}).json(t)["run"].(m)["info"].(m)["run_id"].(string)
	for user, want := range map[string]int{"viewer": 403, "alice": 200} {
		with := fill(ours, ours)
		for _, r := range []request{
			{"POST", "runs/delete", `{"run_id":"<run>"}`},
			{"POST", "runs/restore", `{"run_id":"<run>"}`},
		} {
			if a := r.send(t, g, user, with); a.Status != want {
				t.Errorf("%s: %v: got %d %s, want %d", user, r, a.Status, a.Body, want)
			}
		}
	}
	with := fill(ours, ours)
	for _, r := range []request{{"PUT", store + "/<exp>/<run>/artifacts/x", "x"}, {"DELETE", store + "/<exp>/<run>/artifacts/x", ""}} {
		if a := r.send(t, g, "alice", with); a.Status != 200 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
	for name, run := range map[string]string{"another's": byLead.run, "one made past the gate": past.run} {
		srv.Call(t, "POST", "runs/log-batch", m{"run_id": run, "tags": []m{{"key": "mlflow.user", "value": "alice"}}})
		for _, path := range []string{"runs/delete", "runs/restore"} {
			if a := g.do(t, "alice", "POST", api+path, m{"run_id": run}); a.Status != 403 {
				t.Errorf("%s of %s: got %d %s", path, name, a.Status, a.Body)
			}
		}
	}
}

// load_model of a model whose experiment is another's: the files of the
// version, and nothing beside them.
func TestReaderOfAModelGetsItsFilesAndNothingBeside(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	ours := plant(t, srv, "cv")
	with := fill(ours, ours)
	uri := request{"GET", "model-versions/get-download-uri?name=<model>&version=1", ""}.send(t, g, "reader", with)
	if uri.Status != 200 {
		t.Fatalf("got %d %s", uri.Status, uri.Body)
	}
	for _, r := range []request{
		{"GET", "model-versions/get?name=<model>&version=1", ""},
		{"GET", "registered-models/get?name=<model>", ""},
		{"GET", "registered-models/alias?name=<model>&alias=champion", ""},
		{"GET", "/model-versions/get-artifact?name=<model>&version=1&path=weights", ""},
		{"GET", store + "?path=" + ours.files, ""},
		{"GET", store + "/" + ours.files + "/weights", ""},
		{"GET", store + "/" + ours.files + "/MLmodel", ""},
	} {
		a := r.send(t, g, "reader", with)
		if a.Status != 200 || len(a.Body) < 4 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
		if strings.Contains(r.path, "registered") || strings.Contains(r.path, "versions/get?") {
			shown := strings.ReplaceAll(string(a.Body), ours.files, "") // who may load it may know where it lies
			if strings.Contains(shown, ours.run) || strings.Contains(string(a.Body), ours.name) {
				t.Errorf("%v shows the run or the experiment: %s", r, a.Body)
			}
		}
	}
	for _, r := range []request{
		{"GET", store + "/<exp>/<run>/artifacts/secret.txt", ""}, {"GET", store + "/<exp>/models/<lm>/x", ""}, {"GET", "runs/get?run_id=<run>", ""},
		{"GET", "experiments/get?experiment_id=<exp>", ""}, {"GET", "logged-models/<lm>", ""}, {"GET", "artifacts/list?run_id=<run>", ""},
		{"PUT", store + "/" + ours.files + "/weights", "evil"}, {"DELETE", store + "/" + ours.files + "/weights", ""},
	} {
		a := r.send(t, g, "reader", with)
		want := 404
		if r.method == "GET" && strings.HasPrefix(r.path, store) {
			want = noFile()
		}
		if a.Status != want || strings.Contains(string(a.Body), ours.secret) {
			t.Errorf("%v: got %d %s, want %d", r, a.Status, a.Body, want)
		}
	}
	for _, dir := range []string{"", "<exp>", "<exp>/models", "<exp>/models/<lm>", "<exp>/<run>/artifacts", "<exp>/<run>"} {
		a := request{"GET", store + "?path=" + dir, ""}.send(t, g, "reader", with)
		if strings.Contains(string(a.Body), `"path"`) {
			t.Errorf("lists %q: %s", dir, a.Body)
		}
	}
	if b, err := os.ReadFile(filepath.Join(srv.ArtifactDir(), ours.files, "weights")); err != nil || string(b) != ours.secret {
		t.Errorf("the weights are %q, %v", b, err)
	}
}
