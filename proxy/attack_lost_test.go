package proxy_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	knownRun = "11111111111111111111111111111111"
	knownLM  = "m-22222222222222222222222222222222"
)

// breaking is an upstream that answers what ids mean, and drops every other
// connection after it has read the request.
func breaking(t *testing.T, drop func(w http.ResponseWriter)) *httptest.Server {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case r.Method == "GET" && r.URL.Path == api+"runs/get" && r.URL.Query().Get("run_id") == knownRun && r.Header.Get("User-Agent") == "mlgate":
			w.Write([]byte(`{"run":{"info":{"run_id":"` + knownRun + `","experiment_id":"7","artifact_uri":"mlflow-artifacts:/7/` + knownRun + `/artifacts"}}}`))
		case r.URL.Path == api+"experiments/get" && r.Header.Get("User-Agent") == "mlgate":
			w.Write([]byte(`{"experiment":{"experiment_id":"7","name":"cv/x","artifact_location":"mlflow-artifacts:/7"}}`))
		case strings.HasPrefix(r.URL.Path, api+"registered-models/") && r.Method == "GET" && r.Header.Get("User-Agent") == "mlgate":
			w.Write([]byte(`{}`)) // how names compare
		default:
			drop(w)
		}
	}))
	t.Cleanup(up.Close)
	return up
}

func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

var lossy = []struct {
	request
	want int
	code string
}{
	{request{"GET", "metrics/get-history?run_id=" + knownRun + "&metric_key=x", ""}, 502, "TEMPORARILY_UNAVAILABLE"},
	{request{"POST", "runs/log-metric", `{"run_id":"` + knownRun + `","key":"x","value":1,"timestamp":1}`}, 502, "TEMPORARILY_UNAVAILABLE"},
	{request{"POST", "runs/search", `{"experiment_ids":["7"]}`}, 502, "TEMPORARILY_UNAVAILABLE"},
	{request{"POST", "experiments/search", `{"max_results":5}`}, 502, "TEMPORARILY_UNAVAILABLE"},
	{request{"POST", "experiments/set-experiment-tag", `{"experiment_id":"7","key":"k","value":"v"}`}, 502, "TEMPORARILY_UNAVAILABLE"},
	{request{"POST", "experiments/create", `{"name":"cv/y"}`}, 409, "ABORTED"},
	{request{"POST", "runs/create", `{"experiment_id":"7"}`}, 409, "ABORTED"},
	{request{"POST", "registered-models/create", `{"name":"cv.m"}`}, 409, "ABORTED"},
	{request{"POST", "runs/log-model", `{"run_id":"` + knownRun + `","model_json":"{}"}`}, 409, "ABORTED"},
	{request{"DELETE", "registered-models/alias", `{"name":"cv.m","alias":"a"}`}, 409, "ABORTED"},
}

// MLflow's client repeats every 5xx, on every method.
func TestLostAnswerSaysWhetherRepeatingIsHarmless(t *testing.T) {
	t.Parallel()
	g := newGate(t, breaking(t, hangUp).URL, rules)
	for _, c := range lossy {
		a := c.send(t, g, "alice", fill(side{}, side{}))
		if a.Status != c.want || a.json(t)["error_code"] != c.code {
			t.Errorf("%v: got %d %s, want %d %s", c.request, a.Status, a.Body, c.want, c.code)
		}
	}
}

func TestAnswerCutInTheMiddleIsALostOne(t *testing.T) {
	t.Parallel()
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		w.Write([]byte(`{"run":`))
		w.(http.Flusher).Flush()
		hangUp(w)
	}
	g := newGate(t, breaking(t, half).URL, rules)
	for _, c := range lossy {
		req, _ := http.NewRequestWithContext(t.Context(), c.method, g.URL+api+c.path, strings.NewReader(c.body))
		req.Header.Set("Content-Type", "application/json")
		req.SetBasicAuth("alice", "alice")
		resp, err := noRedirect.Do(req)
		if err != nil {
			continue // cut off: the client sees that it is not whole
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil && resp.StatusCode != c.want {
			t.Errorf("%v: a cut answer looks whole: %d %q", c.request, resp.StatusCode, body)
		}
	}
}

func TestUpstreamThatIsDownGets503BecauseNothingWasSent(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	g := newGate(t, "http://"+l.Addr().String(), rules)
	for _, c := range lossy {
		a := c.send(t, g, "alice", fill(side{}, side{}))
		if a.Status != 503 || a.json(t)["error_code"] != "TEMPORARILY_UNAVAILABLE" {
			t.Errorf("%v: got %d %s, want 503", c.request, a.Status, a.Body)
		}
	}
}

// Nothing of the call itself has gone out when its look-up fails.
func TestLostLookUpGets503(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }))
	t.Cleanup(up.Close)
	g := newGate(t, up.URL, rules)
	for _, r := range []request{
		{"POST", "runs/create", `{"experiment_id":"7"}`}, {"POST", "runs/log-model", `{"run_id":"` + knownRun + `","model_json":"{}"}`},
		{"GET", "logged-models/" + knownLM, ""}, {"PUT", store + "/7/" + knownRun + "/artifacts/x", "x"},
	} {
		a := r.send(t, g, "alice", fill(side{}, side{}))
		if a.Status != 503 {
			t.Errorf("%v: got %d %s, want 503", r, a.Status, a.Body)
		}
	}
}

func TestMLflowsOwn5xxPassAsTheyAre(t *testing.T) {
	t.Parallel()
	g := newGate(t, breaking(t, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		w.Write([]byte(`{"error_code":"INTERNAL_ERROR","message":"own words"}`))
	}).URL, rules)
	for _, c := range lossy {
		if a := c.send(t, g, "alice", fill(side{}, side{})); a.Status != 500 || !strings.Contains(string(a.Body), "own words") {
			t.Errorf("%v: got %d %s", c.request, a.Status, a.Body)
		}
	}
}
