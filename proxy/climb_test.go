package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A web server between mlgate and MLflow may resolve ".." before MLflow sees it.
func TestPathThatClimbsNeverGoesUpstream(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/version" && r.URL.Path != api+"experiments/search" { // the gate's own look-ups
			t.Errorf("%s %s reached MLflow", r.Method, r.URL.Path)
		}
		w.Write([]byte("{}"))
	}))
	defer up.Close()
	g := newGate(t, up.URL, rules)
	for _, c := range [][2]string{
		{"GET", "/static-files/%2e%2e/api/2.0/mlflow/experiments/get?experiment_id=1"},
		{"GET", "/static-files/..%2fapi/2.0/mlflow/experiments/get?experiment_id=1"},
		{"GET", "/static-files/./x"},
		{"DELETE", api + "logged-models/m-00000000000000000000000000000000/tags/%2e%2e"},
		{"GET", "/api/2.0/mlflow-artifacts/artifacts/1/%2e%2e/2/x"},
		{"DELETE", "/api/2.0/mlflow-artifacts/artifacts/%2e"},
	} {
		if a := g.do(t, "alice", c[0], c[1], nil); a.Status < 400 {
			t.Errorf("%s %s: got %d", c[0], c[1], a.Status)
		}
	}
}
