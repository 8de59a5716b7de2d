package proxy_test

import (
	"strings"
	"testing"

	"mlgate/proxy"
	"mlgate/proxy/mlflowtest"
)

// Whoever forged a creator while mlgate only watched would hold its rights
// when enforcement begins.
func TestAuthorshipIsSignedInWarnModeToo(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Mode = proxy.Warn })
	exp := srv.CreateExperiment(t, mlflowtest.Name(t, "cv/warn"))
	a := g.do(t, "bob", "POST", api+"runs/create", m{"experiment_id": exp, "tags": []m{{"key": "mlgate.user", "value": "alice"}}})
	if a.Status != 403 {
		t.Errorf("forged creator: got %d %s", a.Status, a.Body)
	}
	a = g.do(t, "bob", "POST", api+"runs/create", m{"experiment_id": exp, "user_id": "mallory"})
	if a.Status != 200 || strings.Contains(string(a.Body), "mallory") {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	run := a.json(t)["run"].(m)["info"].(m)["run_id"].(string)
	for _, path := range []string{"runs/set-tag", "runs/delete-tag"} {
		if a := g.do(t, "alice", "POST", api+path, m{"run_id": run, "key": "mlgate.user", "value": "alice"}); a.Status != 403 {
			t.Errorf("%s: got %d %s", path, a.Status, a.Body)
		}
	}
}
