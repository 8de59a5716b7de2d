package proxy_test

import (
	"strings"
	"testing"

	"mlgate/proxy"
)

// The account page of MLflow's UI shows the sentence of the answer, so the
// answer must say where the gate's own accounts stand. Nothing is asked of
// MLflow: to a stock one these are addresses of nothing.
func TestQuestionsOfTheUIsAccountPageNameTheGatesOwn(t *testing.T) {
	t.Parallel()
	g := newGate(t, live.Server(t).URL(), rules)
	for _, mode := range []proxy.Mode{proxy.Enforce, proxy.Warn, proxy.Open} {
		g := newGate(t, live.Server(t).URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Mode = mode })
		for _, user := range []string{"alice", "root"} {
			for _, r := range []request{
				{"GET", "/ajax-api/3.0/mlflow/users/roles/list?username=alice", ""},
				{"GET", "/ajax-api/3.0/mlflow/users/current/permissions", ""},
				{"PATCH", "/ajax-api/2.0/mlflow/users/update-password", `{"username":"alice","password":"x","current_password":"alice"}`},
			} {
				a := r.send(t, g, user, strings.NewReplacer())
				if a.Status != 403 || a.json(t)["error_code"] != "PERMISSION_DENIED" || !strings.Contains(string(a.Body), "/_gate/account") {
					t.Errorf("mode %s, %s, %v: got %d %s", mode, user, r, a.Status, a.Body)
				}
			}
		}
	}
	if a := g.do(t, "alice", "GET", "/ajax-api/2.0/mlflow/users/list", nil); a.Status != 404 {
		t.Errorf("an address that no page of a user asks for: got %d %s", a.Status, a.Body)
	}
}
