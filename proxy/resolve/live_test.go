package resolve

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

type obj = map[string]any

func newLive(t *testing.T) (*mlflowtest.Server, *Resolver, *counting, *clock) {
	t.Helper()
	srv := live.Server(t)
	up, c := &counting{url: srv.URL()}, newClock()
	return srv, New(Options{Upstream: up, Now: c.now}), up, c
}

func TestNamesOfARealServer(t *testing.T) {
	t.Parallel()
	srv, r, up, _ := newLive(t)
	name := mlflowtest.Name(t, "cv/x")
	exp := srv.CreateExperiment(t, name)
	created := srv.Call(t, "POST", "runs/create", obj{"experiment_id": exp, "tags": []obj{{"key": "mlgate.user", "value": "alice"}}})
	run := created["run"].(obj)["info"].(obj)["run_id"].(string)
	srv.Call(t, "POST", "runs/log-metric", obj{"run_id": run, "key": "m", "value": "NaN", "timestamp": 1})
	model := srv.LogModel(t, exp, run, "m")
	ctx := t.Context()

	gotRun, err := r.Run(ctx, run)
	if want := (mlflowapi.RunInfo{ExperimentID: exp, ArtifactURI: "mlflow-artifacts:/" + exp + "/" + run + "/artifacts", Creator: "alice"}); err != nil || gotRun != want {
		t.Errorf("got run %+v, %v, want %+v", gotRun, err, want)
	}
	srv.Call(t, "DELETE", "logged-models/"+model, nil)
	gotModel, err := r.LoggedModel(ctx, model)
	if want := (mlflowapi.LoggedModelInfo{ExperimentID: exp, ArtifactURI: "mlflow-artifacts:/" + exp + "/models/" + model + "/artifacts"}); err != nil || gotModel != want {
		t.Errorf("got deleted logged model %+v, %v, want %+v", gotModel, err, want)
	}
	for range 3 {
		gotExp, err := r.Experiment(ctx, exp)
		if want := (mlflowapi.ExperimentInfo{ID: exp, Name: name, ArtifactLocation: "mlflow-artifacts:/" + exp}); err != nil || gotExp != want {
			t.Errorf("got experiment %+v, %v, want %+v", gotExp, err, want)
		}
		_, _ = r.Run(ctx, run)
		_, _ = r.LoggedModel(ctx, model)
	}
	if got := up.since(); len(got) != 3 {
		t.Errorf("asked %q, want one question for each id", got)
	}
	srv.Call(t, "POST", "experiments/update", obj{"experiment_id": exp, "new_name": name + "-new"})
	r.ForgetExperiment(exp)
	if got, err := r.Experiment(ctx, exp); err != nil || got.Name != name+"-new" {
		t.Errorf("got %+v, %v right after a rename through mlgate", got, err)
	}
	srv.Call(t, "POST", "experiments/delete", obj{"experiment_id": exp})
	r.ForgetExperiment(exp)
	if got, err := r.Experiment(ctx, exp); err != nil || got.Name != name+"-new" {
		t.Errorf("got %+v, %v for a deleted experiment, want its name", got, err)
	}
	_, err1 := r.Run(ctx, aRun)
	_, err2 := r.LoggedModel(ctx, "m-"+aRun)
	_, err3 := r.Experiment(ctx, "8999999999999999999")
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, mlflowapi.ErrNotFound) {
			t.Errorf("got %v for what is not there", err)
		}
	}
}

func TestOwnersOnARealServerWithIrregularLocations(t *testing.T) {
	t.Parallel()
	srv, r, _, _ := newLive(t)
	victim := srv.CreateExperiment(t, mlflowtest.Name(t, "nlp/b"))
	answer := srv.Call(t, "POST", "experiments/create", obj{"name": mlflowtest.Name(t, "cv/evil"), "artifact_location": "mlflow-artifacts:/" + victim})
	evil := answer["experiment_id"].(string)
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := r.Owners(t.Context(), victim+"/"+aRun+"/artifacts/x")
	if err != nil || ids(got) != victim+" "+evil {
		t.Errorf("got %q, %v, want both %s and %s", ids(got), err, victim, evil)
	}
	if got, err := r.Owners(t.Context(), evil+"/"+aRun+"/artifacts/x"); !errors.Is(err, mlflowapi.ErrNotFound) {
		t.Errorf("got %q, %v for a number whose experiment lies elsewhere", ids(got), err)
	}
	fresh := srv.CreateExperiment(t, mlflowtest.Name(t, "cv/new"))
	if got, err := r.Owners(t.Context(), fresh+"/x"); err != nil || ids(got) != fresh {
		t.Errorf("got %q, %v for an experiment made after the index", ids(got), err)
	}
}

// files are a run's and a logged model's, with a registered model.
type files struct {
	exp, run, logged, model string
	runFile, modelFile      string
}

func seedFiles(t *testing.T, srv *mlflowtest.Server) files {
	t.Helper()
	f := files{exp: srv.CreateExperiment(t, mlflowtest.Name(t, "cv/x")), model: mlflowtest.Name(t, "cv.m")}
	f.run = srv.CreateRun(t, f.exp)
	f.logged = srv.LogModel(t, f.exp, "", "m")
	srv.CreateModel(t, f.model)
	f.runFile = f.exp + "/" + f.run + "/artifacts/model/MLmodel"
	f.modelFile = f.exp + "/models/" + f.logged + "/artifacts/MLmodel"
	return f
}

func registered(t *testing.T, r *Resolver, path string, want ...string) {
	t.Helper()
	if got, err := r.Registered(t.Context(), path); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
	}
}

// registerLogged makes a version of a logged model as MLflow's client does.
func registerLogged(t *testing.T, srv *mlflowtest.Server, f files) string {
	t.Helper()
	a := srv.Call(t, "POST", "model-versions/create", obj{"name": f.model, "source": "models:/" + f.logged, "model_id": f.logged})
	return a["model_version"].(obj)["version"].(string)
}

func TestRegisteredFindsTheVersionsOfALoggedModel(t *testing.T) {
	t.Parallel()
	srv, r, up, c := newLive(t)
	f := seedFiles(t, srv)
	registered(t, r, f.modelFile)
	version := registerLogged(t, srv, f)
	c.move(5 * time.Second)
	up.since()
	registered(t, r, f.modelFile, f.model)
	registered(t, r, strings.TrimSuffix(f.modelFile, "/MLmodel"), f.model)
	registered(t, r, f.exp+"/models/"+f.logged)
	registered(t, r, f.exp)
	registered(t, r, f.runFile)
	if got := up.since(); len(got) != 3 { // the logged model, its one version, and the run's versions
		t.Errorf("asked %q, want 3 questions", got)
	}
	srv.Call(t, "DELETE", "model-versions/delete", obj{"name": f.model, "version": version})
	c.move(5 * time.Second)
	registered(t, r, f.modelFile)
}

func TestRegisteredFollowsARename(t *testing.T) {
	t.Parallel()
	srv, r, _, c := newLive(t)
	f := seedFiles(t, srv)
	srv.CreateVersion(t, f.model, "mlflow-artifacts:/"+f.exp+"/"+f.run+"/artifacts/model", f.run)
	registered(t, r, f.runFile, f.model)
	srv.Call(t, "POST", "registered-models/rename", obj{"name": f.model, "new_name": f.model + ".new"})
	c.move(5 * time.Second)
	registered(t, r, f.runFile, f.model+".new")
}

func TestRegisteredFindsTheVersionsOfARun(t *testing.T) {
	t.Parallel()
	srv, r, _, _ := newLive(t)
	f := seedFiles(t, srv)
	at := f.exp + "/" + f.run + "/artifacts/"
	srv.CreateVersion(t, f.model, "mlflow-artifacts:/"+at+"model", f.run)
	runs := f.model + ".runs"
	srv.CreateModel(t, runs)
	srv.CreateVersion(t, runs, "runs:/"+f.run+"/other", f.run)
	registered(t, r, f.runFile, f.model)
	registered(t, r, at+"model", f.model)
	registered(t, r, at+"other/x", runs)
	registered(t, r, at+"model2/x")
	registered(t, r, strings.TrimSuffix(at, "/")) // above the source: the run's own
}

func TestTagsAndMemoryGrantNothingByThemselves(t *testing.T) {
	t.Parallel()
	srv, r, _, _ := newLive(t)
	f := seedFiles(t, srv)
	other := srv.LogModel(t, f.exp, "", "other")
	srv.Call(t, "POST", "model-versions/create", obj{"name": f.model, "source": "models:/" + other, "model_id": other})
	srv.Call(t, "PATCH", "logged-models/"+f.logged+"/tags", obj{"tags": []obj{{
		"key": versionsTag, "value": `[{"name":"` + f.model + `","version":1},{"name":"` + f.model + `","version":"9"},{"name":"a/b:c","version":1},{"name":"x","version":"1 or 2"}]`,
	}}})
	r.Remember(f.model, "1", "mlflow-artifacts:/"+f.exp+"/models/"+f.logged+"/artifacts")
	registered(t, r, f.modelFile)
	registered(t, r, f.exp+"/models/"+other+"/artifacts/MLmodel", f.model)
	broken := srv.LogModel(t, f.exp, "", "broken")
	srv.Call(t, "PATCH", "logged-models/"+broken+"/tags", obj{"tags": []obj{{"key": versionsTag, "value": `{"not":"a list"`}}})
	registered(t, r, f.exp+"/models/"+broken+"/artifacts/MLmodel")
}

func TestRegisteredRemembersWhatDownloadAnswersSaid(t *testing.T) {
	t.Parallel()
	srv, r, _, c := newLive(t)
	f := seedFiles(t, srv)
	version := registerLogged(t, srv, f)
	srv.Call(t, "DELETE", "logged-models/"+f.logged+"/tags/"+versionsTag, nil)
	registered(t, r, f.modelFile)
	r.Remember(f.model, version, "mlflow-artifacts:/"+f.exp+"/models/"+f.logged+"/artifacts")
	registered(t, r, f.modelFile, f.model)
	srv.Call(t, "DELETE", "registered-models/delete", obj{"name": f.model})
	c.move(5 * time.Second)
	registered(t, r, f.modelFile)
}

func TestFilesThatGrantLieInSomebodysArtifacts(t *testing.T) {
	t.Parallel()
	at := "7/" + aRun + "/artifacts"
	for uri, want := range map[string]string{
		"mlflow-artifacts:/" + at:                      at,
		"mlflow-artifacts:/" + at + "/m/":              at + "/m",
		"mlflow-artifacts://host:5000/" + at:           at,
		"mlflow-artifacts:/7":                          "",
		"mlflow-artifacts:/":                           "",
		"mlflow-artifacts:/7/" + aRun:                  "",
		"mlflow-artifacts:/%37/" + aRun + "/artifacts": "",
		"mlflow-artifacts:/8/../" + at:                 "",
		"s3://bucket/" + at:                            "",
		"dummy-source":                                 "",
	} {
		got, ok := filesAt(uri)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("%q: got %q, %v, want %q", uri, got, ok, want)
		}
	}
}
