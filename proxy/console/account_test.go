package console

import (
	"strings"
	"testing"
)

func TestTheAccountPageSaysInWordsWhatIMaySeeAndDo(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := g.do("alice", "GET", "/_gate/account", "")
	g.want(a, 200, "<code>alice</code>", "<code>vision</code>", "<code>everyone</code>",
		"You may see, create and change <code>cv/*</code>", "line 1 of the policy, as <code>role:vision</code>",
		"You may <strong>not</strong> see <code>cv/secret/*</code>", "You may see <code>shared/*</code>",
		"export MLFLOW_TRACKING_URI=https://ml.example.org/mlflow")
	if strings.Contains(a.text, "You are an admin") || strings.Contains(a.text, `href="/mlflow/_gate/admin"`) || strings.Contains(a.text, "mixed") {
		t.Errorf("alice's page shows more than hers: %s", a.text)
	}
	g.want(g.do("anonymous", "GET", "/_gate/account", ""), 200, "Not signed in", "Nothing yet: ask whoever keeps the policy (#ml-platform)")
	g.want(g.do("root", "GET", "/_gate/account", ""), 200, "You are an admin", `href="/mlflow/_gate/admin"`, "administer <strong>everything</strong>")
	_, text := g.make("alice", `{"name":"x","actions":["read"],"prefixes":["cv/a/*"]}`)
	g.want(g.do(text, "GET", "/_gate/account", ""), 200, "limited to the actions <code>read</code>", "limited to <code>cv/a/*</code>")
	g.want(g.do("", "GET", "/_gate/account", ""), 401)
}
