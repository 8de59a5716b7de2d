package proxy_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mlgate/proxy"
	"mlgate/proxy/mlflowtest"
)

func TestOwnNamesWorkAndForeignNamesAreRefused(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := mlflowtest.Name(t, "cv/own")
	a := g.do(t, "alice", "POST", api+"experiments/create", m{"name": mine})
	if a.Status != 200 {
		t.Fatalf("create: %d %s", a.Status, a.Body)
	}
	id := a.json(t)["experiment_id"].(string)
	a = g.do(t, "alice", "GET", api+"experiments/get?experiment_id="+id, nil)
	if a.Status != 200 || !strings.Contains(string(a.Body), mine) {
		t.Fatalf("get: %d %s", a.Status, a.Body)
	}
	a = g.do(t, "alice", "POST", api+"runs/create", m{"experiment_id": id, "user_id": "mallory", "tags": []m{{"key": "mlflow.user", "value": "mallory"}}})
	if a.Status != 200 {
		t.Fatalf("create run: %d %s", a.Status, a.Body)
	}
	info := a.json(t)["run"].(m)["info"].(m)
	if info["user_id"] != "alice" || strings.Contains(string(a.Body), "mallory") {
		t.Errorf("the run is not signed with the identity: %s", a.Body)
	}
	run := info["run_id"].(string)
	if a = g.do(t, "alice", "POST", api+"runs/log-metric", m{"run_id": run, "run_uuid": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 1}); a.Status != 200 {
		t.Fatalf("log metric: %d %s", a.Status, a.Body)
	}
	a = g.do(t, "alice", "POST", api+"experiments/create", m{"name": "nlp/theirs"})
	if a.Status != 403 || a.json(t)["error_code"] != "PERMISSION_DENIED" || !strings.Contains(string(a.Body), "cv/*") || !strings.Contains(string(a.Body), "#ml-platform") {
		t.Errorf("create in a foreign prefix: %d %s", a.Status, a.Body)
	}
}

func TestInvisibleIDGetsWhatANonexistentOneGets(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	exp := srv.CreateExperiment(t, mlflowtest.Name(t, "nlp/hidden"))
	run := srv.CreateRun(t, exp)
	model := srv.LogModel(t, exp, run, "m")
	none := strings.Repeat("0", 32)
	for _, c := range []struct{ name, method, path, mine, other string }{
		{"experiment", "GET", "experiments/get?experiment_id=ID", exp, "900000000000000"},
		{"run", "GET", "runs/get?run_id=ID", run, none},
		{"logged model", "GET", "logged-models/ID", model, "m-" + none},
		{"artifacts", "GET", "artifacts/list?run_id=ID", run, none},
		{"history", "GET", "metrics/get-history?run_id=ID&metric_key=x", run, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			hidden := g.do(t, "alice", c.method, api+strings.ReplaceAll(c.path, "ID", c.mine), nil)
			absent := g.do(t, "alice", c.method, api+strings.ReplaceAll(c.path, "ID", c.other), nil)
			same := strings.ReplaceAll(string(absent.Body), c.other, c.mine)
			if hidden.Status != absent.Status || string(hidden.Body) != same {
				t.Errorf("got %d %s, want %d %s", hidden.Status, hidden.Body, absent.Status, same)
			}
			if direct, body := srv.Do(t, c.method, api+strings.ReplaceAll(c.path, "ID", c.other), nil); hidden.Status != direct || absent.Status != direct {
				t.Errorf("got status %d, want MLflow's own %d %s", hidden.Status, direct, body)
			}
		})
	}
}

func TestWithoutCredentialsTheAnswerIs401InMLflowsForm(t *testing.T) {
	t.Parallel()
	g := newGate(t, live.Server(t).URL(), rules)
	for _, path := range []string{"/", api + "experiments/get?experiment_id=1", "/nothing", "/_gate/api/v1/whoami"} {
		a := g.do(t, "", "GET", path, nil)
		if a.Status != 401 || a.json(t)["error_code"] != "UNAUTHENTICATED" || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: got %d %s %v", path, a.Status, a.Body, a.Header)
		}
	}
	for _, path := range []string{"/health", "/version"} {
		if a := g.do(t, "", "GET", path, nil); a.Status != 200 {
			t.Errorf("%s: got %d", path, a.Status)
		}
	}
}

func TestUpstreamSeesNothingOfTheCallerButItsAddress(t *testing.T) {
	t.Parallel()
	var got http.Header
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		got.Set("Host", r.Host)
		w.Header().Set("Access-Control-Allow-Origin", "http://localhost:1")
		w.Header().Set("Set-Cookie", "a=b")
	}))
	defer up.Close()
	g := newGate(t, up.URL, rules)
	a := g.do(t, "alice", "GET", "/", nil, "Cookie", "s=1", "X-Forwarded-For", "10.0.0.1", "X-MLFLOW-WORKSPACE", "x",
		"X_Forwarded_For", "10.0.0.2", "Forwarded", "for=10.0.0.3", "X-Real-IP", "10.0.0.4", "Connection", "X-Forwarded-For")
	for _, name := range []string{"Authorization", "Cookie", "Origin", "X-Mlflow-Workspace", "X_forwarded_for", "Forwarded", "X-Real-Ip"} {
		if v := got.Get(name); v != "" {
			t.Errorf("%s: %q reached MLflow", name, v)
		}
	}
	if got.Get("X-Forwarded-For") != "127.0.0.1" || "http://"+got.Get("Host") != up.URL || got.Get("X-Request-Id") == "" {
		t.Errorf("got %v", got)
	}
	if a.Header.Get("Access-Control-Allow-Origin") != "" || a.Header.Get("Set-Cookie") != "" || a.Header.Get("X-Request-Id") == "" {
		t.Errorf("answer's headers: %v", a.Header)
	}
}

func TestWarnModeLetsThroughAndRecordsWhatWouldHaveBeenRefused(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Mode = proxy.Warn })
	exp := srv.CreateExperiment(t, mlflowtest.Name(t, "nlp/warn"))
	a := g.do(t, "alice", "GET", api+"experiments/get?experiment_id="+exp, nil)
	if a.Status != 200 || a.Header.Get("X-Mlgate-Mode") != "warn" {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	last := g.lines(t)[len(g.lines(t))-1]
	if last["decision"] != "would-deny" || last["rule"] == "" {
		t.Errorf("audit line: %v", last)
	}
	if a = g.do(t, "alice", "POST", "/ajax-api/3.0/jobs/", m{}); a.Status != 403 {
		t.Errorf("a server-wide endpoint is open in warn mode: %d", a.Status)
	}
	if a = g.do(t, "", "GET", "/", nil); a.Status != 401 {
		t.Errorf("warn mode let an anonymous caller in: %d", a.Status)
	}
}

func TestAuditLineNamesWhoWhatAndWhichRule(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	name := mlflowtest.Name(t, "cv/audit")
	exp := srv.CreateExperiment(t, name)
	g.do(t, "alice", "GET", api+"experiments/get?experiment_id="+exp, nil, "X-Request-Id", "job-7")
	line := g.lines(t)[0]
	want := m{"user": "alice", "sign_in": "password", "endpoint": "experiments/get", "decision": "allow", "request_id": "job-7", "upstream_status": 200.0, "status": 200.0, "line": 1.0, "rule": "p, role:vision, cv/*, edit"}
	for k, v := range want {
		if line[k] != v {
			t.Errorf("%s: got %v, want %v", k, line[k], v)
		}
	}
	if b, _ := json.Marshal(line["resources"]); !strings.Contains(string(b), "experiment:"+name) {
		t.Errorf("resources: %s", b)
	}
}

func TestMountedUnderAPathOnlyTheMountPointRedirects(t *testing.T) {
	t.Parallel()
	g := newGate(t, live.Server(t).URL(), rules, func(o *proxy.Options, _ *proxy.Snapshot) {
		o.ExternalURL, _ = url.Parse("http://gate.example/mlflow")
	})
	if a := g.do(t, "alice", "GET", "/mlflow", nil); a.Status/100 != 3 || a.Header.Get("Location") != "/mlflow/" {
		t.Errorf("got %d %v", a.Status, a.Header)
	}
	if a := g.do(t, "alice", "GET", "/mlflow/", nil); a.Status != 200 || !strings.Contains(string(a.Body), "static-files") {
		t.Errorf("got %d", a.Status)
	}
	if a := g.do(t, "alice", "GET", api+"experiments/get?experiment_id=0", nil); a.Status != 404 {
		t.Errorf("outside the mount: got %d", a.Status)
	}
}
