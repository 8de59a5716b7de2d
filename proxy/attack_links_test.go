package proxy_test

import (
	"strings"
	"testing"
)

// MLflow checks none of these links; each would write onto bob's thing, show
// it, or tie a thing of alice's to it.
func TestNothingOfHersCanBeLinkedToForeignThings(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range []request{
		{"POST", "runs/log-metric", `{"run_id":"<run>","key":"x","value":1,"timestamp":1,"model_id":"<LM>"}`},
		{"POST", "runs/log-batch", `{"run_id":"<run>","metrics":[{"key":"x","value":1,"timestamp":1,"model_id":"<LM>"}]}`},
		{"POST", "runs/log-batch", `{"run_id":"<run>","metrics":[{"key":"x","value":1,"timestamp":1,"model_id":"<lm>"},{"key":"x","value":1,"timestamp":2,"model_id":"<LM>"}]}`},
		{"POST", "runs/log-inputs", `{"run_id":"<run>","models":[{"model_id":"<LM>"}]}`},
		{"POST", "runs/log-inputs", `{"run_id":"<run>","models":[{"model_id":"<lm>"},{"model_id":"<LM>"}]}`},
		{"POST", "runs/outputs", `{"run_id":"<run>","models":[{"model_id":"<LM>","step":1}]}`},
		{"POST", "logged-models", `{"experiment_id":"<exp>","name":"n","source_run_id":"<RUN>"}`},
		{"POST", "model-versions/create", `{"name":"<model>","source":"runs:/<run>/x","run_id":"<RUN>"}`},
		{"POST", "model-versions/create", `{"name":"<model>","source":"models:/<lm>","model_id":"<LM>"}`},
	} {
		a := r.send(t, g, "alice", with)
		if a.Status != 404 {
			t.Errorf("%v: got %d %s, want 404", r, a.Status, a.Body)
		}
		theirs.unleaked(t, with.Replace(r.body), a)
	}
	for _, r := range []request{
		{"POST", "runs/log-metric", `{"run_id":"<run>","key":"x","value":1,"timestamp":1,"modelId":"<LM>"}`},
		{"POST", "runs/log-batch", `{"run_id":"<run>","metrics":[{"key":"x","value":1,"timestamp":1,"modelId":"<LM>"}]}`},
		{"POST", "runs/log-batch", `{"run_id":"<run>","metrics":[{"key":"x","value":1,"timestamp":1,"model_id":"<lm>","modelId":"<LM>"}]}`},
		{"POST", "runs/log-inputs", `{"run_id":"<run>","models":[{"modelId":"<LM>"}]}`},
		{"POST", "runs/outputs", `{"run_id":"<run>","models":[{"modelId":"<LM>","step":1}]}`},
		{"POST", "logged-models", `{"experiment_id":"<exp>","name":"n","sourceRunId":"<RUN>"}`},
		{"POST", "model-versions/create", `{"name":"<model>","source":"models:/<lm>","modelId":"<LM>"}`},
		{"POST", "model-versions/create", `{"name":"<model>","source":"runs:/<run>/x","runId":"<RUN>"}`},
		{"PATCH", "logged-models/<lm>", `{"model_id":"<LM>","status":"LOGGED_MODEL_UPLOAD_FAILED"}`},
		{"PATCH", "logged-models/<LM>", `{"model_id":"<lm>","status":"LOGGED_MODEL_UPLOAD_FAILED"}`},
		{"POST", "logged-models/<lm>/params", `{"model_id":"<LM>","params":[{"key":"a","value":"b"}]}`},
		{"POST", "logged-models/<LM>/params", `{"model_id":"<lm>","params":[{"key":"a","value":"b"}]}`},
		{"PATCH", "logged-models/<lm>/tags", `{"model_id":"<LM>","tags":[{"key":"a","value":"b"}]}`},
		{"DELETE", "logged-models/<lm>/tags/k", `{"model_id":"<LM>"}`},
		{"DELETE", "logged-models/<lm>", `{"model_id":"<LM>"}`},
	} {
		if a := r.send(t, g, "alice", with); a.Status != 400 {
			t.Errorf("%v: got %d %s, want 400", r, a.Status, a.Body)
		}
	}
	check()
}

// The model's text has a run id of its own, which nobody follows.
func TestRunIDInsideAModelsTextIsNotFollowed(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	r := request{"POST", "runs/log-model", `{"run_id":"<run>","model_json":"{\"artifact_path\":\"a\",\"run_id\":\"<RUN>\",\"flavors\":{},\"utc_time_created\":\"x\"}"}`}
	if a := r.send(t, g, "alice", with); a.Status != 200 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	for run, want := range map[string]bool{mine.run: true, theirs.run: false} {
		if _, raw := srv.Do(t, "GET", api+"runs/get?run_id="+run, nil); strings.Contains(string(raw), "log-model.history") != want {
			t.Errorf("MLflow holds %s", raw)
		}
	}
}

// Her right to a model is none to the run that it would be tied to.
func TestNothingIsTiedToARunThatSheOnlyReads(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range []request{
		{"POST", "runs/outputs", `{"run_id":"<RUN>","models":[{"model_id":"<lm>","step":1}]}`},
		{"POST", "runs/log-inputs", `{"run_id":"<RUN>","models":[{"model_id":"<lm>"}]}`},
		{"POST", "runs/log-metric", `{"run_id":"<RUN>","key":"x","value":1,"timestamp":1,"model_id":"<lm>"}`},
		{"POST", "traces/link-to-run", `{"trace_ids":["<tr>"],"run_id":"<RUN>"}`},
	} {
		if a := r.send(t, g, "both", with); a.Status != 403 {
			t.Errorf("%v: got %d %s, want 403", r, a.Status, a.Body)
		}
	}
	check()
}

// One can link to what is not there yet, and have it when it comes.
func TestLinksToWhatDoesNotExistAreRefused(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	none := side{run: strings.Repeat("0", 32), lm: "m-" + strings.Repeat("0", 32)}
	with := fill(mine, none)
	for _, r := range []request{
		{"POST", "runs/outputs", `{"run_id":"<run>","models":[{"model_id":"<LM>","step":1}]}`},
		{"POST", "runs/log-inputs", `{"run_id":"<run>","models":[{"model_id":"<LM>"}]}`},
		{"POST", "runs/log-metric", `{"run_id":"<run>","key":"x","value":1,"timestamp":1,"model_id":"<LM>"}`},
		{"POST", "logged-models", `{"experiment_id":"<exp>","name":"n","source_run_id":"<RUN>"}`},
		{"POST", "model-versions/create", `{"name":"<model>","source":"runs:/<RUN>/x"}`},
		{"PUT", "/api/2.0/mlflow-artifacts/artifacts/<exp>/<RUN>/artifacts/x", "x"},
		{"PUT", "/api/2.0/mlflow-artifacts/artifacts/<exp>/models/<LM>/artifacts/x", "x"},
	} {
		if a := r.send(t, g, "alice", with); a.Status != 404 {
			t.Errorf("%v: got %d %s, want 404", r, a.Status, a.Body)
		}
	}
}

// What others linked to hers, past the gate or as those who see both, is cut
// out of what she reads.
func TestForeignLinksInAnswersAreCutOut(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	srv.Call(t, "POST", "runs/log-inputs", m{"run_id": mine.run, "models": []m{{"model_id": theirs.lm}, {"model_id": mine.lm}}})
	srv.Call(t, "POST", "runs/outputs", m{"run_id": mine.run, "models": []m{{"model_id": theirs.lm, "step": 1}}})
	srv.Call(t, "POST", "runs/log-metric", m{"run_id": mine.run, "key": "linked", "value": 1, "timestamp": 1, "model_id": theirs.lm})
	srv.Call(t, "POST", "runs/log-metric", m{"run_id": theirs.run, "key": "linked", "value": 1, "timestamp": 1, "model_id": mine.lm})
	srv.CreateVersion(t, theirs.model, "models:/"+mine.lm, "") // writes its name into mine.lm's tags
	srv.Call(t, "POST", "model-versions/create", m{"name": mine.model, "source": "models:/" + theirs.lm, "model_id": theirs.lm, "run_id": theirs.run})
	srv.Call(t, "POST", "logged-models", m{"experiment_id": mine.exp, "name": "linked", "source_run_id": theirs.run})
	for _, c := range []struct {
		request
		must string // hers, which must still be there
	}{
		{request{"GET", "runs/get?run_id=<run>", ""}, "linked"},
		{request{"POST", "runs/search", `{"experiment_ids":["<exp>"]}`}, "linked"},
		{request{"GET", "logged-models/<lm>", ""}, "<lm>"},
		{request{"POST", "logged-models/search", `{"experiment_ids":["<exp>"]}`}, "linked"},
		{request{"GET", "metrics/get-history?run_id=<run>&metric_key=linked", ""}, "linked"},
		{request{"GET", "registered-models/get?name=<model>", ""}, "latest_versions"},
		{request{"GET", "registered-models/search", ""}, "latest_versions"},
		{request{"GET", "registered-models/get-latest-versions?name=<model>", ""}, "model_versions"},
		{request{"GET", "model-versions/get?name=<model>&version=2", ""}, "model_version"},
		{request{"GET", "model-versions/search?filter=name+%3D+'<model>'", ""}, `"2"`},
		{request{"PATCH", "model-versions/update", `{"name":"<model>","version":"2","description":"d"}`}, "model_version"},
		{request{"PATCH", "registered-models/update", `{"name":"<model>","description":"d"}`}, "latest_versions"},
		{request{"POST", "registered-models/rename", `{"name":"<model>","new_name":"<model>-2"}`}, "latest_versions"},
		{request{"POST", gql, `{"query":"query q($data: MlflowGetRunInput!){mlflowGetRun(input:$data){run{info{runId} data{tags{key value}} modelVersions{name version source runId} inputs{modelInputs{modelId}}}}}","variables":{"data":{"runId":"<run>"}}}`}, "<run>"},
	} {
		a := c.send(t, g, doer(c.endpoint(here)), with)
		if a.Status != 200 || !strings.Contains(string(a.Body), with.Replace(c.must)) {
			t.Errorf("%v: got %d %s", c.request, a.Status, a.Body)
		}
		body := strings.ReplaceAll(string(a.Body), `"source":"models:/`+theirs.lm, "") // who may use a model may load it
		body = strings.ReplaceAll(body, `"source": "models:/`+theirs.lm, "")
		theirs.unleaked(t, with.Replace(c.path+c.body), answer{Status: a.Status, Body: []byte(body)})
	}
}

// Clients read the tag, add to it and write it back.
func TestModelVersionsTagIsTrimmedAndKept(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	srv.CreateVersion(t, theirs.model, "models:/"+mine.lm, "")
	seen := request{"GET", "logged-models/<lm>", ""}.send(t, g, "alice", with)
	if !strings.Contains(string(seen.Body), mine.model) || strings.Contains(string(seen.Body), theirs.model) {
		t.Errorf("she reads %s", seen.Body)
	}
	write := request{"PATCH", "logged-models/<lm>/tags", `{"tags":[{"key":"mlflow.modelVersions","value":"[{\"name\":\"<model>\",\"version\":7}]"}]}`}
	if a := write.send(t, g, "alice", with); a.Status != 200 || strings.Contains(string(a.Body), theirs.model) {
		t.Errorf("write: %d %s", a.Status, a.Body)
	}
	_, raw := srv.Do(t, "GET", api+"logged-models/"+mine.lm, nil)
	if !strings.Contains(string(raw), theirs.model) || !strings.Contains(string(raw), mine.model) || !strings.Contains(string(raw), "7") {
		t.Errorf("MLflow holds %s", raw)
	}
	for _, value := range []string{`[{\"name\":\"<MODEL>\",\"version\":7}]`, `no list`, `{}`} {
		r := request{"PATCH", "logged-models/<lm>/tags", `{"tags":[{"key":"mlflow.modelVersions","value":"` + value + `"}]}`}
		if a := r.send(t, g, "alice", with); a.Status/100 != 4 {
			t.Errorf("%s: got %d %s", value, a.Status, a.Body)
		}
	}
	if a := (request{"DELETE", "logged-models/<lm>/tags/mlflow.modelVersions", ""}).send(t, g, "alice", with); a.Status != 403 {
		t.Errorf("deleting the tag loses the entries that she cannot see: got %d %s", a.Status, a.Body)
	}
}
