package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestNoHeaderOfTheClientReachesMLflowUnderAnySpelling(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []http.Header
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header.Clone())
		w.Write([]byte(`{"experiment":{"experiment_id":"7","name":"cv/x"},"experiments":[]}`))
	}))
	defer up.Close()
	g := newGate(t, up.URL, rules)
	var headers []string
	for _, name := range []string{
		"X-MLFLOW-WORKSPACE", "X_MLFLOW_WORKSPACE", "X-Mlflow_Workspace", "X_Forwarded_For", "X-Forwarded_For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Uri",
		"X-Forwarded-User", "X_Forwarded_User", "X-Real-IP", "Forwarded", "Cookie", "X-HTTP-Method-Override", "Content_Type", "X-Original-URL", "X-Rewrite-URL",
		"True-Client-IP", "Proxy-Authorization", "X-Auth-Request-User", "Remote-User", "Traceparent", "Accept-Charset",
	} {
		headers = append(headers, name, "smuggled")
	}
	headers = append(headers, "X-Forwarded-For", "6.6.6.6", "Connection", "X-Forwarded-For, X-Request-Id, Content-Length, Host", "Te", "trailers", "Origin", g.URL)
	for _, r := range []request{
		{"GET", "/static-files/x.js", ""}, {"GET", "experiments/get?experiment_id=7", ""}, {"POST", "experiments/search", `{"max_results":1}`},
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"7","key":"k","value":"v"}`},
	} {
		r.send(t, g, "alice", fill(side{}, side{}), headers...)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) < 4 {
		t.Fatalf("only %d requests", len(seen))
	}
	allowed := map[string]bool{"Accept": true, "Accept-Encoding": true, "User-Agent": true, "Content-Type": true, "Content-Length": true, "X-Forwarded-For": true, "X-Request-Id": true}
	for _, h := range seen {
		for name, v := range h {
			if !allowed[name] || strings.Contains(strings.Join(v, ","), "smuggled") {
				t.Errorf("%s: %v reached MLflow", name, v)
			}
		}
		if x := h.Values("X-Forwarded-For"); len(x) == 1 && x[0] != "127.0.0.1" || len(x) > 1 {
			t.Errorf("X-Forwarded-For is %v", x)
		}
	}
}

func TestPagesOfOtherSitesCannotWrite(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	writes := []request{
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"<exp>","key":"csrf","value":"v"}`},
		{"DELETE", "registered-models/delete-tag", `{"name":"<model>","key":"none"}`},
		{"PATCH", "registered-models/update", `{"name":"<model>","description":"d"}`},
		{"PUT", store + "/<exp>/<run>/artifacts/x", "x"},
		{"POST", gql, `{"query":"{ __typename }"}`},
		{"POST", "/_gate/tokens", "name=theirs"},
		{"POST", "/_gate/tokens/0000000000000000", "do=revoke"},
		{"POST", "/_gate/api/v1/tokens", `{"name":"theirs"}`},
		{"DELETE", "/_gate/api/v1/tokens/0000000000000000", ""},
	}
	for _, r := range writes {
		for _, h := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
			{"Origin", "http://localhost:1"}, {"Sec-Fetch-Site", "cross-site", "Origin", g.URL}, {"Origin", g.URL + ".evil.example"},
		} {
			if a := r.send(t, g, "alice", with, h...); a.Status != 403 {
				t.Errorf("%v with %v: got %d %s, want 403", r, h, a.Status, a.Body)
			}
		}
	}
	// A page of the gate's own may, though MLflow refuses every Origin but localhost's.
	for _, h := range [][]string{{"Sec-Fetch-Site", "same-origin", "Origin", g.URL}, {"Origin", g.URL}} {
		if a := writes[0].send(t, g, "alice", with, h...); a.Status != 200 {
			t.Errorf("with %v: got %d %s", h, a.Status, a.Body)
		}
	}
}

func TestNoAnswerLetsOtherOriginsRead(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	for _, r := range []request{
		{"GET", "/", ""}, {"GET", "experiments/get?experiment_id=<exp>", ""}, {"GET", store + "/<exp>/<run>/artifacts/secret.txt", ""},
		{"OPTIONS", "experiments/get", ""}, {"GET", "/nothing", ""}, {"GET", "/health", ""}, {"GET", "experiments/get?experiment_id=9999999", ""},
	} {
		for _, origin := range []string{"http://localhost:3000", "https://evil.example", "null"} {
			a := r.send(t, g, "alice", with, "Origin", origin, "Access-Control-Request-Method", "POST")
			for name := range a.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%v: %s: %v", r, name, a.Header[name])
				}
			}
			if a.Header.Get("X-Frame-Options") != "SAMEORIGIN" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%v: %v", r, a.Header)
			}
		}
	}
}

func TestPublicHostNameWorks(t *testing.T) {
	t.Parallel()
	g := newGate(t, live.Server(t).URL(), rules)
	req, _ := http.NewRequestWithContext(t.Context(), "POST", g.URL+api+"experiments/search", strings.NewReader(`{"max_results":1}`))
	req.Host = "mlflow.public.example"
	req.Header.Set("Origin", "http://mlflow.public.example")
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("alice", "alice")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

// MLflow's UI signs out by a user that nobody is.
func TestSigningOutOfTheUIIs401AndNeverThrottled(t *testing.T) {
	t.Parallel()
	g := newGate(t, live.Server(t).URL(), rules)
	for range 30 {
		if a := g.do(t, "mlflow-logged-out-1763890000", "GET", "/ajax-api/2.0/mlflow/users/current", nil); a.Status != 401 {
			t.Fatalf("got %d %s, want 401", a.Status, a.Body)
		}
	}
	a := g.do(t, "alice", "GET", "/ajax-api/2.0/mlflow/users/current", nil)
	if a.Status != 200 || a.json(t)["user"].(m)["username"] != "alice" || a.json(t)["user"].(m)["is_admin"] != false {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

func TestClosedEndpointsAreShutToAdminsToo(t *testing.T) {
	t.Parallel()
	g := newGate(t, "http://127.0.0.1:1", rules)
	for _, e := range here.Rows() {
		for _, path := range e.Paths {
			for _, method := range e.Methods {
				if e.Open() {
					continue
				}
				if a := g.do(t, "root", method, strings.NewReplacer("{", "", "}", "", "...", "").Replace(path), nil); a.Status != 403 || !strings.Contains(string(a.Body), " is shut: ") {
					t.Errorf("%s %s: got %d %s", method, path, a.Status, a.Body)
				}
			}
		}
	}
}
