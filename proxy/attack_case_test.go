package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// MySQL and SQL Server compare names without case: asked for CV/x, they answer
// with another thing than the one that was decided about.
func TestNamesThatDifferInCaseAreNotTheSameThing(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case api + "experiments/get-by-name":
			w.Write([]byte(`{"experiment":{"experiment_id":"7","name":"CV/Secret"}}`))
		case api + "registered-models/get":
			w.Write([]byte(`{"registered_model":{"name":"CV.Secret"}}`))
		case api + "registered-models/alias", api + "model-versions/get":
			w.Write([]byte(`{"model_version":{"name":"CV.Secret","version":"1"}}`))
		}
	}))
	t.Cleanup(up.Close)
	g := newGate(t, up.URL, rules)
	for _, path := range []string{
		"experiments/get-by-name?experiment_name=cv/secret", "registered-models/get?name=cv.secret",
		"registered-models/alias?name=cv.secret&alias=a", "model-versions/get?name=cv.secret&version=1",
	} {
		a := g.do(t, "alice", "GET", api+path, nil)
		if a.Status != 404 || a.json(t)["error_code"] != "RESOURCE_DOES_NOT_EXIST" {
			t.Errorf("%s: got %d %s, want 404", path, a.Status, a.Body)
		}
	}
}
