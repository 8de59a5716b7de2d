package proxy_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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

// loose is a store that holds one model and compares names without case.
func loose(t *testing.T, stored string) (url string, moved func() []string) {
	t.Helper()
	var mu sync.Mutex
	var seen []string
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var body m
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			body = m{"name": r.URL.Query().Get("name")}
		}
		name, _ := body["name"].(string)
		switch {
		case r.URL.Path == api+"registered-models/search":
			json.NewEncoder(w).Encode(m{"registered_models": []m{{"name": stored}}})
		case !strings.EqualFold(name, stored) && r.URL.Path != api+"model-versions/create":
			w.WriteHeader(404)
			w.Write([]byte(`{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"none"}`))
		case r.URL.Path == api+"registered-models/get":
			json.NewEncoder(w).Encode(m{"registered_model": m{"name": stored}})
		default:
			mu.Lock()
			seen = append(seen, r.Method+" "+r.URL.Path)
			mu.Unlock()
			w.Write([]byte(`{}`))
		}
	}))
	t.Cleanup(up.Close)
	return up.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

// byName calls every endpoint that acts on a registered model by its name.
var byName = []request{
	{"GET", "registered-models/get-latest-versions?name=<model>", ""},
	{"POST", "registered-models/get-latest-versions", `{"name":"<model>"}`},
	{"PATCH", "registered-models/update", `{"name":"<model>","description":"d"}`},
	{"POST", "registered-models/set-tag", `{"name":"<model>","key":"t","value":"v"}`},
	{"DELETE", "registered-models/delete-tag", `{"name":"<model>","key":"t"}`},
	{"POST", "registered-models/alias", `{"name":"<model>","alias":"b","version":"1"}`},
	{"DELETE", "registered-models/alias", `{"name":"<model>","alias":"b"}`},
	{"POST", "registered-models/rename", `{"name":"<model>","new_name":"<model>-gone"}`},
	{"DELETE", "registered-models/delete", `{"name":"<model>"}`},
	{"GET", "model-versions/get-download-uri?name=<model>&version=1", ""},
	{"GET", "/model-versions/get-artifact?name=<model>&version=1&path=weights", ""},
	{"POST", "model-versions/create", `{"name":"<model>","source":"models:/<model>/1"}`},
	{"PATCH", "model-versions/update", `{"name":"<model>","version":"1","description":"d"}`},
	{"POST", "model-versions/set-tag", `{"name":"<model>","version":"1","key":"t","value":"v"}`},
	{"DELETE", "model-versions/delete-tag", `{"name":"<model>","version":"1","key":"t"}`},
	{"POST", "model-versions/transition-stage", `{"name":"<model>","version":"1","stage":"Production","archive_existing_versions":true}`},
	{"DELETE", "model-versions/delete", `{"name":"<model>","version":"1"}`},
}

// upper is the policy of a team whose prefix is another's in capitals: what a
// store that compares without case takes for the same.
const upper = rules + "p, user:nobody, NLP/*, manage\n"

func TestOnAStoreThatKnowsNoCaseNothingIsDoneByAnotherSpelling(t *testing.T) {
	t.Parallel()
	url, moved := loose(t, "nlp.x")
	g := newGate(t, url, upper)
	calls := append(byName,
		request{"POST", "model-versions/create", `{"name":"NLP.new","source":"models:/<model>/1"}`},
		request{"POST", "model-versions/create", `{"name":"NLP.new","source":"models:/<model>@champion"}`})
	for _, r := range calls {
		for _, user := range []string{"nobody", "root"} {
			a := r.send(t, g, user, strings.NewReplacer("<model>", "NLP.X"))
			if a.Status != 404 || a.json(t)["error_code"] != "RESOURCE_DOES_NOT_EXIST" {
				t.Errorf("%v as %s: got %d %s, want 404", r, user, a.Status, a.Body)
			}
		}
	}
	if got := moved(); len(got) > 0 {
		t.Errorf("MLflow was told to do %v", got)
	}
	for _, r := range byName {
		if a := r.send(t, g, "bob", strings.NewReplacer("<model>", "nlp.x")); a.Status != 200 {
			t.Errorf("%v: by its own name bob got %d %s", r, a.Status, a.Body)
		}
	}
}
