package mlflowapi

import (
	"strings"
	"testing"
)

func TestGetWithABodyIsRefused(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, query := range []string{"", "?", "run_id=" + mineRun} {
		_, err := readAt(table, "GET", "/api/2.0/mlflow/runs/get", query, "application/json", `{"run_id":"`+theirsRun+`"}`)
		wantBad(t, err)
	}
}

// MLflow reads the body of a DELETE, a PATCH and a POST, and never the query:
// what stands there decides nothing and goes nowhere.
func TestQueryBesideABodyCountsForNothing(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, q := range []struct{ method, path string }{
		{"DELETE", "/api/2.0/mlflow/registered-models/delete"},
		{"PATCH", "/api/2.0/mlflow/registered-models/update"},
		{"POST", "/api/2.0/mlflow/registered-models/rename"},
	} {
		c, err := readAt(table, q.method, q.path, "name=cv.mine", "application/json", `{"name":"nlp.theirs","new_name":"nlp.x"}`)
		if err != nil {
			t.Errorf("%s: %v", q.method, err)
			continue
		}
		if r := c.Request(); c.Targets[0].Name != "nlp.theirs" || r.Query != "" || !strings.Contains(string(r.Body), "nlp.theirs") || strings.Contains(string(r.Body), "mine") {
			t.Errorf("%s: decides about %q, sends %q %s", q.method, c.Targets[0].Name, r.Query, r.Body)
		}
		if _, err := readAt(table, q.method, q.path, "name=cv.mine", "application/json", ""); err == nil {
			t.Errorf("%s: the query is read", q.method)
		}
	}
}

// Of the id in the path and the one in the body MLflow uses now this, now that.
func TestPathAndBodyNameOneThing(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	path := "/api/2.0/mlflow/logged-models/" + mineModel
	_, err := readAt(table, "PATCH", path, "", "application/json", `{"model_id":"`+theirsModel+`","status":"LOGGED_MODEL_READY"}`)
	wantBad(t, err)
	_, err = readAt(table, "PATCH", path, "", "application/json", `{"modelId":"`+theirsModel+`","status":"LOGGED_MODEL_READY"}`)
	if err == nil {
		t.Error("camelCase id in the body is taken")
	}
	c, err := readAt(table, "PATCH", path, "", "application/json", `{"model_id":"`+mineModel+`","status":"LOGGED_MODEL_READY"}`)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Request(); r.Path != path || len(c.Targets) == 0 || c.Targets[0].ID != mineModel {
		t.Errorf("targets %v, sends %s", named(c), r.Path)
	}
	for _, id := range []string{"m-" + strings.Repeat("A", 32), mineModel + " ", mineModel[2:], mineModel + "%20"} {
		if _, err := readAt(table, "GET", "/api/2.0/mlflow/logged-models/"+id, "", "", ""); err == nil {
			t.Errorf("%q is taken", id)
		}
	}
}

func TestHiddenIDsAreReplacedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	path := "/api/2.0/mlflow/logged-models/" + theirsModel
	c, err := readAt(table, "PATCH", path, "", "application/json", `{"model_id":"`+theirsModel+`","status":"LOGGED_MODEL_READY"}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range c.Targets {
		c.Hide(target)
	}
	r := c.Request()
	if s := r.Path + string(r.Body); strings.Contains(s, theirsModel) {
		t.Errorf("sends %s", s)
	}
	if got := string(c.Reveal([]byte(r.Path))); got != path {
		t.Errorf("reveals %s", got)
	}
	b, err := postTo(t, "runs/log-batch", `{"run_id":"`+theirsRun+`","metrics":[{"key":"a","value":1,"timestamp":1,"model_id":"`+theirsModel+`"},{"key":"b","value":1,"timestamp":1,"model_id":"`+theirsModel+`"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range b.Targets {
		b.Hide(target)
	}
	if s := string(b.Request().Body); strings.Contains(s, theirsModel) || strings.Contains(s, theirsRun) {
		t.Errorf("sends %s", s)
	}
}

func TestPostsAreJSONAlone(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	const path, body = "/api/2.0/mlflow/runs/delete", `{"run_id":"` + mineRun + `"}`
	for _, mime := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "application/json, text/plain"} {
		if _, err := readAt(table, "POST", path, "", mime, body); err == nil {
			t.Errorf("%q is taken", mime)
		}
	}
	for _, mime := range []string{"application/json", "application/json; charset=utf-8"} {
		if _, err := readAt(table, "POST", path, "", mime, body); err != nil {
			t.Errorf("%q: %v", mime, err)
		}
	}
}

// MLflow stops reading at a value of a wrong form, and searches with what it has
// read so far: without what narrows the search, everything.
func TestWhatNarrowsASearchStandsBeforeAllElse(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, test := range []struct{ path, body, want string }{
		{"/api/2.0/mlflow/runs/search", `{"max_results":"x","filter":1,"experiment_ids":["1"]}`, `{"experiment_ids":["1"],"max_results":"x","filter":1}`},
		{"/api/3.0/mlflow/traces/search", `{"filter":1,"locations":[{"type":-1,"mlflow_experiment":{"experiment_id":"1"}},{"mlflow_experiment":{"experiment_id":"2"}}]}`,
			`{"locations":[{"mlflow_experiment":{"experiment_id":"1"},"type":-1},{"mlflow_experiment":{"experiment_id":"2"}}],"filter":1}`},
	} {
		c, err := readAt(table, "POST", test.path, "", "application/json", test.body)
		if err != nil {
			t.Errorf("%s: %v", test.body, err)
		} else if got := string(c.Request().Body); got != test.want {
			t.Errorf("%s: forwarded as %s, want %s", test.body, got, test.want)
		}
	}
}

func TestAnAddressOfTheStoreIsOfOneRunOrModel(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	run, model := `"run_id":"`+pool[runID][0]+`"`, `"model_id":"`+pool[loggedModelID][0]+`"`
	for body, taken := range map[string]bool{
		`{"path":"x",` + run + `}`: true, `{"path":"x",` + model + `}`: true, `{"path":"x",` + run + `,` + model + `}`: false, `{"path":"x"}`: false, `{"path":"x","run_id":""}`: false,
	} {
		if _, err := readAt(table, "POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", "", "application/json", body); (err == nil) != taken {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

// MLflow passes over a location without an experiment, and stops at one of a
// type that it does not know: nothing would be left of the list.
func TestEveryLocationNamesItsExperiment(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, first := range []string{`{"type":-1}`, `{}`, `{"mlflow_experiment":{}}`, `{"mlflow_experiment":"1"}`, `{"mlflow_experiment":null}`, `{"mlflow_experiment":{"experiment_id":""}}`, `{"mlflow_experiment":{"experiment_id":{}}}`, `{"inference_table":{}}`} {
		body := `{"locations":[` + first + `,{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"1"}}]}`
		if _, err := readAt(table, "POST", "/api/3.0/mlflow/traces/search", "", "application/json", body); err == nil {
			t.Errorf("%s is taken", body)
		}
	}
}
