package browser_test

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// refusable are the questions of the UI that the gate may answer with 403 or
// 404, because no page of an open kind needs them; why, beside each.
var refusable = map[string]string{
	"/ajax-api/2.0/mlflow/gateway-proxy":             "the AI gateway is shut, and so is it on the server",
	"/ajax-api/3.0/mlflow/assistant/config":          "the assistant runs programs on the server's host",
	"/ajax-api/3.0/mlflow/assistant/providers":       "the assistant runs programs on the server's host",
	"/ajax-api/3.0/mlflow/users/roles/list":          "MLflow's own roles are not in force; its account page shows the sentence that says so",
	"/ajax-api/3.0/mlflow/users/current/permissions": "as users/roles/list",
}

// clean fails the test when anything of the other team's reached the page or
// the wire, or when the gate refused or broke what it must not. also are
// endpoints that it may refuse on this page.
func (b *tab) clean(t *testing.T, also ...string) {
	t.Helper()
	if html := b.js(t, "document.documentElement.outerHTML"); strings.Contains(html, canary) {
		t.Errorf("the page at %s holds something of the other team's", b.js(t, "location.href"))
	}
	told := map[string]bool{}
	for _, x := range b.traffic.take() {
		if bytes.Contains(x.body, []byte(canary)) {
			t.Errorf("%s %s: the answer holds something of the other team's: %.2000s", x.method, x.url, x.body)
		}
		what := fmt.Sprintf("%s %s: %d", x.method, x.endpoint(t), x.status)
		if x.status < 400 || told[what] || x.status < 500 && (refusable[x.endpoint(t)] != "" || slices.Contains(also, x.endpoint(t))) {
			continue
		}
		told[what] = true
		t.Errorf("got %s, which the UI does not expect: %.300s", what, x.body)
	}
}

// endpoint is the path without the gate's mount point.
func (x exchange) endpoint(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(x.url)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/mlflow")
}
