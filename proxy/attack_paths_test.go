package proxy_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
)

func TestNoSpellingOfAPathReachesForeignThings(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, path := range []string{
		"/api/2.0/mlflow/experiments%2fget", "/api/2.0/mlflow/experiments%2Fget", "/%61pi/2.0/mlflow/experiments/get",
		"/api/2.0/mlflow/%65xperiments/get", "//api/2.0/mlflow/experiments/get", "/api//2.0/mlflow/experiments/get",
		"/api/2.0/mlflow//experiments/get", "/api/2.0/mlflow/experiments/get/", "/api/2.0/mlflow/experiments/get;x",
		"/api/2.0/mlflow/experiments/GET", "/API/2.0/mlflow/experiments/get", "/api/2.0/mlflow/x/../experiments/get",
		"/api/2.0/mlflow/./experiments/get", "/api/2.0/mlflow/experiments/get%00", "/api/2.0/mlflow/experiments/get%20",
		"/api/2.0/mlflow/experiments%252fget", "/ajax-api/2.0/mlflow/experiments/get", "/api/3.0/mlflow/experiments/get",
		"/api/2.0/preview/mlflow/experiments/get", "/api/2.0mlflow/experiments/get", "/api/2.0/mlflow/experiments/get%3f",
	} {
		a := request{"GET", path + "?experiment_id=<EXP>", ""}.send(t, g, "alice", with)
		if a.Status != 404 && a.Status != 403 && a.Status != 400 {
			t.Errorf("%s: got %d %s", path, a.Status, a.Body)
		}
		theirs.unleaked(t, with.Replace(path+"<EXP>"), a)
		if to := a.Header.Get("Location"); to != "" {
			t.Errorf("%s redirects to %s", path, to)
		}
	}
	check()
}

func TestMethodsThatMLflowDoesNotHaveAreRefused(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range foreign {
		path, _, _ := strings.Cut(r.path, "?")
		if !strings.HasPrefix(path, "/") {
			path = api + path
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X"} {
			if m, _ := table.Find(method, with.Replace(path)); m.Endpoint != nil {
				continue
			}
			a := request{method, r.path, r.body}.send(t, g, "alice", with)
			if a.Status != 404 && a.Status != 403 && a.Status != 405 {
				t.Errorf("%s %s: got %d %s", method, r.path, a.Status, a.Body)
			}
		}
		a := r.send(t, g, "alice", with, "X-HTTP-Method-Override", "DELETE", "X-Method-Override", "GET", "X-HTTP-Method", "PATCH")
		if r.want != 0 && a.Status != r.want {
			t.Errorf("%v with overrides: got %d %s, want %d", r.request, a.Status, a.Body, r.want)
		}
	}
	check()
}

func TestHEADTellsNothingOfForeignThings(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, r := range foreign {
		if r.method != "GET" || r.want/100 != 4 {
			continue
		}
		if a := (request{"HEAD", r.path, ""}).send(t, g, "alice", with); a.Status != r.want || len(a.Body) != 0 || a.Header.Get("ETag") != "" {
			t.Errorf("HEAD %s: got %d %v", r.path, a.Status, a.Header)
		}
	}
	for _, path := range []string{"/get-artifact?run_id=<run>&path=secret.txt", "/model-versions/get-artifact?name=<model>&version=1&path=weights", "/api/2.0/mlflow-artifacts/artifacts/<exp>/<run>/artifacts/secret.txt"} {
		a := (request{"HEAD", path, ""}).send(t, g, "alice", with)
		if a.Status != 200 || a.Header.Get("Content-Length") != "32" && a.Header.Get("Content-Length") == "" {
			t.Errorf("HEAD %s: got %d %v", path, a.Status, a.Header)
		}
	}
}

// MLflow reads a chunked body as an empty one; the gate reads it, decides, and
// sends it on with its length.
func TestChunkedBodyIsReadAndSentWithItsLength(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range append(slices.Clone(foreign), reach{request{"POST", "runs/create", `{"experiment_id":"<exp>"}`}, 200}) {
		if !strings.HasPrefix(r.body, "{") || strings.HasPrefix(r.path, "/v1/traces") { // its headers are tried elsewhere
			continue
		}
		path := with.Replace(r.path)
		if !strings.HasPrefix(path, "/") {
			path = api + path
		}
		req, err := http.NewRequestWithContext(t.Context(), r.method, g.URL+path, io.MultiReader(strings.NewReader(with.Replace(r.body))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.SetBasicAuth("alice", "alice")
		resp, err := noRedirect.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != r.want {
			t.Errorf("%v chunked: got %d %s, want %d", r.request, resp.StatusCode, body, r.want)
		}
		theirs.unleaked(t, with.Replace(r.path+r.body), answer{Status: resp.StatusCode, Body: body})
	}
	check()
}

// A page of another origin may send these types without asking first.
func TestBodyOfAnotherContentTypeIsRefused(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	for _, ct := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "", "application/json\x2c text/plain"} {
		r := request{"POST", "experiments/set-experiment-tag", `{"experiment_id":"<exp>","key":"t","value":"v"}`}
		if a := r.send(t, g, "alice", with, "Content-Type", ct); a.Status != 400 {
			t.Errorf("%q: got %d %s, want 400", ct, a.Status, a.Body)
		}
	}
	r := request{"POST", "experiments/set-experiment-tag", `{"experiment_id":"<exp>","key":"t","value":"v"}`}
	if a := r.send(t, g, "alice", with, "Content-Encoding", "gzip"); a.Status != 400 {
		t.Errorf("gzip: got %d %s, want 400", a.Status, a.Body)
	}
}
