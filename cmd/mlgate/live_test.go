package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mlgate/policy"
	"mlgate/proxy/mlflowtest"
)

// runCommand runs a command line in this process.
func runCommand(args ...string) (code int, stdout, stderr string) {
	var out, fault bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &fault)
	return code, out.String(), fault.String()
}

// messyNames are what a server that nobody kept order on holds, with the author
// of each: 500 in all.
func messyNames() (experiments, models map[string]string) {
	experiments, models = map[string]string{}, map[string]string{}
	people := []string{"alice", "bob", "carol d", "DESKTOP-7\\eve", "ci-bot@host"}
	for i := range 300 {
		experiments[fmt.Sprintf("%s/%s/run-%03d", []string{"cv", "nlp", "tabular"}[i%3], []string{"a", "b b", "ü"}[i/3%3], i)] = people[i%len(people)]
	}
	for i := range 140 {
		odd := []string{"test %d", "Untitled_%d", "final (%d)", "\"quoted\" %d", "a'b %d", "100%% %d", "/Users/x@y.z/%d", "tmp,%d", "#%d", "cv%d", "experiment:%d"}
		experiments[fmt.Sprintf(odd[i%len(odd)], i)] = people[i%len(people)]
	}
	for i := range 60 {
		models[fmt.Sprintf([]string{"cv.resnet-%d", "nlp.bert_%d", "credit scoring %d", "My Model (%d)"}[i%4], i)] = ""
	}
	return experiments, models
}

// fill makes experiments with one run each, and models, on a server.
func fill(t *testing.T, srv *mlflowtest.Server, experiments, models map[string]string) {
	t.Helper()
	var wait sync.WaitGroup
	slots := make(chan struct{}, 4)
	each := func(do func()) {
		wait.Go(func() { slots <- struct{}{}; defer func() { <-slots }(); do() })
	}
	for name, author := range experiments {
		each(func() {
			id := srv.CreateExperiment(t, name)
			srv.Call(t, "POST", "runs/create", map[string]any{
				"experiment_id": id, "tags": []any{map[string]any{"key": "mlflow.user", "value": author}},
			})
		})
	}
	for name := range models {
		each(func() { srv.CreateModel(t, name) })
	}
	wait.Wait()
}

// On a real server with 500 messy names, a draft is a policy that loads, lets
// each author go on with what was theirs, and passes over no name in silence.
func TestDraftOfALiveServerLetsEverybodyGoOn(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	experiments, models := messyNames()
	fill(t, srv, experiments, models)

	code, draft, stderr := runCommand("policy", "draft", "--upstream", srv.URL())
	if code != 0 || !strings.Contains(stderr, "drafted from 441 experiments and 60 models") { // and Default
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	p, _, err := policy.Parse("draft.csv", []byte(draft))
	if err != nil {
		t.Fatalf("the draft is no policy: %v", err)
	}
	covered := 0
	for name, author := range experiments {
		if p.Rights(policy.Caller{User: author}).Decide(policy.Edit, policy.Experiment, name).Allow {
			covered++
		} else if !strings.Contains(draft, fmt.Sprintf("%q", name)) && !strings.Contains(draft, name) {
			t.Errorf("%q of %q is neither covered nor mentioned", name, author)
		}
	}
	if covered < 380 {
		t.Errorf("got %d of %d experiments covered, want at least 380", covered, len(experiments))
	}
	if p.Rights(policy.Caller{User: "mallory"}).Decide(policy.Read, policy.Experiment, "cv/a/run-000").Allow {
		t.Error("a stranger may read what the draft covers")
	}
}

// Places are read from a real server, which takes whatever location it is given.
func TestLiveCheckFindsSharedPlacesOnALiveServer(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	victim := srv.CreateExperiment(t, "cv/resnet")
	config := folderWith(t, "p, user:alice, cv/*, edit\n", "")
	put(t, config, strings.Replace("upstream: {url: URL}\npolicy: {file: policy.csv}\nauth: {basic: {htpasswd_file: users}}\n", "URL", srv.URL(), 1))
	if code, out, stderr := runCommand("config", "check", "--config", config, "--live"); code != 0 ||
		!strings.Contains(out, "2 experiments: 0 outside the served store, 0 not at their own id, 0 overlaps") {
		t.Fatalf("a tidy server: exit code %d\n%s%s", code, out, stderr)
	}
	srv.Call(t, "POST", "experiments/create", map[string]any{"name": "nlp/thief", "artifact_location": "mlflow-artifacts:/" + victim + "/sub"})
	srv.Call(t, "POST", "experiments/create", map[string]any{"name": "outside", "artifact_location": "file://" + filepath.Join(t.TempDir(), "x")})
	code, out, stderr := runCommand("config", "check", "--config", config, "--live")
	if code != codeFailure || !strings.Contains(stderr, "overlap") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	for _, want := range []string{"overlap: experiment " + victim + " \"cv/resnet\"", "outside the served store: experiment", "4 experiments: 1 outside the served store, 1 not at their own id, 1 overlaps"} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%swant %q in it", out, want)
		}
	}
}

// What clients registered before mlgate, or in mode warn, stays after the mode
// was changed. MLflow's own ways of naming a source are all followed.
func TestLiveCheckFindsVersionsBeyondTheirEditors(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	theirs, ours := srv.CreateExperiment(t, "cv/resnet"), srv.CreateExperiment(t, "nlp/bert")
	run, own := srv.CreateRun(t, theirs), srv.CreateRun(t, ours)
	logged := srv.LogModel(t, theirs, run, "m")
	for _, name := range []string{"nlp.stolen", "cv.own"} {
		srv.CreateModel(t, name)
	}
	srv.CreateVersion(t, "nlp.stolen", "mlflow-artifacts:/"+theirs+"/"+run+"/artifacts/m", run)
	srv.CreateVersion(t, "nlp.stolen", "runs:/"+run+"/m", run)
	srv.Call(t, "POST", "model-versions/create", map[string]any{"name": "nlp.stolen", "source": "models:/" + logged, "model_id": logged})
	srv.CreateVersion(t, "nlp.stolen", "runs:/"+own+"/m", own)
	srv.CreateVersion(t, "cv.own", "runs:/"+run+"/m", run)
	config := folderWith(t, "p, user:alice, cv/*, edit\np, user:bob, nlp/*, edit\np, user:carol, *, edit\n", "")
	put(t, config, strings.Replace("upstream: {url: URL}\npolicy: {file: policy.csv}\nauth: {basic: {htpasswd_file: users}}\n", "URL", srv.URL(), 1))
	code, out, stderr := runCommand("config", "check", "--config", config, "--live")
	if code != 0 || strings.Count(out, `beyond its editors: version`) != 3 || !strings.Contains(out, "5 model versions: 3 made from") {
		t.Fatalf("exit code %d\n%s%s", code, out, stderr)
	}
	for _, version := range []string{"1", "2", "3"} {
		if want := "version " + version + ` of model "nlp.stolen" is made from experiment "cv/resnet" (`; !strings.Contains(out, want) {
			t.Errorf("got\n%swant %q in it", out, want)
		}
	}
}
