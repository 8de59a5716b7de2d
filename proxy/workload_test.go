package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"mlgate/auth"
	"mlgate/auth/workload"
	"mlgate/auth/workload/issuertest"
	"mlgate/proxy"
)

const job = "repo:acme/vision:ref:refs/heads/main"

// machineGate is a gate that knows the jobs of one repository as ci-vision, of the
// group ci, beside its people. behind counts what reaches MLflow.
func machineGate(t *testing.T) (g *gate, issuer *issuertest.Issuer, behind *atomic.Int64) {
	t.Helper()
	issuer, behind = issuertest.Start(t), new(atomic.Int64)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "experiments/") || strings.Contains(r.URL.Path, "runs/") {
			behind.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"experiment": {"experiment_id": "7", "name": "cv/x"}}`))
	}))
	t.Cleanup(up.Close)
	settings, err := workload.NewSettings(
		[]workload.Rule{{Issuer: issuer.URL(), Audience: "mlgate", Subject: "repo:acme/vision:*", User: "ci-vision", Groups: []string{"ci"}}},
		[]workload.Source{{Issuer: issuer.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	machines := workload.NewIssuers(workload.IssuersOptions{}).Authenticator(settings)
	g = newGate(t, up.URL, "p, group:ci, cv/*, edit\n", func(_ *proxy.Options, s *proxy.Snapshot) {
		s.Who = auth.NewThrottle(auth.ThrottleOptions{}).Wrap(append(auth.Chain{machines}, s.Who.(auth.Chain)...))
	})
	behind.Store(0) // the gate's own questions
	return g, issuer, behind
}

const askByName = api + "experiments/get-by-name?experiment_name=cv/x"

func TestAJobIsRecordedWithItsIssuerAndSubject(t *testing.T) {
	t.Parallel()
	g, issuer, _ := machineGate(t)
	if a := g.do(t, "", "GET", askByName, nil, "Authorization", "Bearer "+issuer.Token(t, job, nil)); a.Status != 200 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	line := g.lines(t)[0]
	for key, want := range map[string]string{"user": "ci-vision", "sign_in": "workload", "issuer": issuer.URL(), "subject": job, "rule": "p, group:ci, cv/*, edit"} {
		if line[key] != want {
			t.Errorf("%s: got %v, want %s", key, line[key], want)
		}
	}
	if a := g.do(t, "", "GET", api+"experiments/get-by-name?experiment_name=nlp/x", nil, "Authorization", "Bearer "+issuer.Token(t, job, nil)); a.Status != 403 {
		t.Errorf("a foreign name: got %d %s", a.Status, a.Body)
	}
}

func TestARefusedJobIsToldWhyAndNothingReachesMLflow(t *testing.T) {
	t.Parallel()
	g, issuer, behind := machineGate(t)
	for why, token := range map[string]string{
		"expired on": issuer.Token(t, job, issuertest.Claims{"exp": 1}),
		`it is for the audience "vault", want "mlgate"`: issuer.Token(t, job, issuertest.Claims{"aud": "vault"}),
		"no rule takes its subject":                     issuer.Token(t, "repo:acme/vision-evil:x", nil),
	} {
		a := g.do(t, "", "GET", askByName, nil, "Authorization", "Bearer "+token)
		message, _ := a.json(t)["message"].(string)
		if a.Status != 401 || a.json(t)["error_code"] != "UNAUTHENTICATED" || !strings.Contains(message, why) {
			t.Errorf("got %d %s, want 401 because %s", a.Status, a.Body, why)
		}
		lines := g.lines(t)
		last := lines[len(lines)-1]
		if rule, _ := last["rule"].(string); last["decision"] != "deny" || !strings.Contains(rule, why) || last["user"] != nil {
			t.Errorf("audit line: %v", last)
		}
		if strings.Contains(string(a.Body), token) {
			t.Errorf("the answer holds the token: %s", a.Body)
		}
	}
	if n := behind.Load(); n != 0 {
		t.Errorf("%d calls reached MLflow", n)
	}
}

// MLflow's client repeats a 503, which is what it shall do here: nothing was sent.
func TestWhileAnIssuerIsDownItsJobsGet503BeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	g, issuer, behind := machineGate(t)
	issuer.Answers(issuertest.Answer{Down: true})
	a := g.do(t, "", "POST", api+"runs/create", m{"experiment_id": "7"}, "Authorization", "Bearer "+issuer.Token(t, job, nil))
	if a.Status != 503 || a.json(t)["error_code"] != "TEMPORARILY_UNAVAILABLE" || strings.Contains(string(a.Body), issuer.URL()) {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if n := behind.Load(); n != 0 {
		t.Errorf("%d calls reached MLflow", n)
	}
}

func TestAJWTElsewhereThanInAuthorizationIsNothing(t *testing.T) {
	t.Parallel()
	g, issuer, behind := machineGate(t)
	token := issuer.Token(t, job, nil)
	for name, r := range map[string]struct {
		path   string
		header []string
	}{
		"query":            {askByName + "&access_token=" + token, nil},
		"cookie":           {askByName, []string{"Cookie", "Authorization=Bearer " + token + "; token=" + token + "; access_token=" + token}},
		"other header":     {askByName, []string{"X-Authorization", "Bearer " + token}},
		"forwarded header": {askByName, []string{"X-Forwarded-Access-Token", token}},
		"proxy's header":   {askByName, []string{"Proxy-Authorization", "Bearer " + token}},
	} {
		if a := g.do(t, "", "GET", r.path, nil, r.header...); a.Status != 401 {
			t.Errorf("%s: got %d %s", name, a.Status, a.Body)
		}
	}
	for name, value := range map[string]string{"no scheme": token, "another scheme": "JWT " + token, "neither JWT nor token": "Bearer abc"} {
		if a := g.do(t, "", "GET", askByName, nil, "Authorization", value); a.Status != 401 {
			t.Errorf("%s: got %d %s", name, a.Status, a.Body)
		}
	}
	if n := behind.Load(); n != 0 {
		t.Errorf("%d calls reached MLflow", n)
	}
}

// All jobs of a CI come from one address.
func TestBrokenJWTsLockOutNoOtherJob(t *testing.T) {
	t.Parallel()
	g, issuer, _ := machineGate(t)
	for range 400 {
		if a := g.do(t, "", "GET", askByName, nil, "Authorization", "Bearer eyJh.eyJi.c"); a.Status != 401 {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
	}
	if a := g.do(t, "", "GET", askByName, nil, "Authorization", "Bearer "+issuer.Token(t, job, nil)); a.Status != 200 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if a := g.do(t, "alice", "GET", askByName, nil); a.Status != 403 {
		t.Errorf("alice, who may not: got %d %s", a.Status, a.Body)
	}
}
