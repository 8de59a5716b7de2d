package proxy_test

import (
	"fmt"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// mcpCalls are all calls about an MCP server and what it has, below its name;
// they are told from it from the right, and the name itself may end like one.
func mcpCalls(name string) []request {
	at := "/" + name
	return []request{
		{"GET", "", ""}, {"GET", "/endpoints", ""}, {"GET", at, ""}, {"GET", at + "/versions", ""}, {"GET", at + "/versions/1.0.0", ""},
		{"GET", at + "/endpoints", ""}, {"GET", at + "/endpoints/<endpoint>", ""}, {"GET", at + "/aliases/prod", ""},
		{"PATCH", at, `{"description":"<mark>"}`}, {"PATCH", at + "/endpoints/<endpoint>", `{"url":"https://<mark>.example.com"}`},
		{"POST", at + "/tags", `{"key":"k","value":"<mark>"}`}, {"POST", at + "/versions/1.0.0/tags", `{"key":"k","value":"<mark>"}`},
		{"POST", at + "/aliases", `{"alias":"other","version":"1.0.0"}`}, {"POST", at + "/endpoints", `{"url":"https://<mark>.example.com/new","transport_type":"streamable-http","server_version":"1.0.0"}`},
		{"POST", at + "/versions", `{"server_json":{"name":"` + name + `","version":"2.0.0","description":"<mark>"}}`}, {"POST", "", `{"name":"` + name + `.new"}`},
		{"DELETE", at + "/tags/k", ""}, {"DELETE", at + "/versions/1.0.0/tags/k", ""}, {"DELETE", at + "/aliases/other", ""},
		{"DELETE", at + "/endpoints/<endpoint>", ""}, {"PATCH", at + "/versions/1.0.0", `{"status":"deprecated"}`},
		{"DELETE", at + "/versions/1.0.0", ""}, {"DELETE", at + "/versions/2.0.0", ""}, {"DELETE", at + ".new", ""}, {"DELETE", at, ""},
	}
}

// plantMCP makes an MCP server with a version, an alias, an endpoint and tags,
// past the gate, and gives the endpoint's id.
func plantMCP(t *testing.T, srv *mlflowtest.Server, name, word string) string {
	t.Helper()
	srv.Call(t, "POST", v3+"mcp-servers", m{"name": name, "description": word})
	at := v3 + "mcp-servers/" + name
	srv.Call(t, "POST", at+"/versions", m{"server_json": m{"name": name, "version": "1.0.0", "description": word}, "status": "active"})
	srv.Call(t, "POST", at+"/aliases", m{"alias": "prod", "version": "1.0.0"})
	srv.Call(t, "POST", at+"/tags", m{"key": "planted", "value": word})
	return srv.Call(t, "POST", at+"/endpoints", m{"url": "https://" + word + ".example.com", "transport_type": "streamable-http", "server_version": "1.0.0"})["id"].(string)
}

// However much of a path is the server's name, and below whichever prefix: none
// but admins gets to it, and theirs arrives as it would straight at MLflow.
func TestMCPServersAreForAdminsWhateverTheirNames(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	for i, name := range []string{"acme/tool", "versions/1.0.0", "cv/mine"} {
		word := fmt.Sprintf("canarymcp%d", i)
		endpoint := plantMCP(t, srv, name, word)
		with := strings.NewReplacer("<endpoint>", endpoint, "<mark>", "mark"+word)
		before := srv.Snapshot(t).Mentioning(name, word)
		if len(before.Rows) < 3 {
			t.Fatalf("%s: MLflow holds %v", name, before)
		}
		for _, prefix := range []string{"/api/3.0/mlflow/mcp-servers", "/ajax-api/3.0/mlflow/mcp-servers"} {
			for _, r := range mcpCalls(name) {
				for _, user := range []string{"alice", "lead", "viewer", "nobody"} {
					for _, path := range []string{r.path, strings.Replace(r.path, "/", "/x/../", 1), strings.Replace(r.path, "/tags", "%2ftags", 1), strings.Replace(r.path, "/versions", "//versions", 1), r.path + "/", r.path + "/versions/1.0.0"} {
						a := request{r.method, prefix + path, r.body}.send(t, g, user, with)
						if a.Status/100 != 4 || path == r.path && a.Status != 403 || a.Header.Get("Location") != "" || strings.Contains(string(a.Body), word) {
							t.Errorf("%s: %s %s: got %d %s", user, r.method, prefix+path, a.Status, a.Body)
						}
					}
				}
			}
		}
		if d := before.Diff(srv.Snapshot(t).Mentioning(name, word)); d != "" {
			t.Errorf("%s moved:\n%s", name, d)
		}
		for i, r := range mcpCalls(name) {
			prefix := []string{"/api/3.0/mlflow/mcp-servers", "/ajax-api/3.0/mlflow/mcp-servers"}[i%2]
			a := request{r.method, prefix + r.path, r.body}.send(t, g, "root", with)
			if a.Status != 200 {
				t.Errorf("root: %v: got %d %s", r, a.Status, a.Body)
			}
			if r.method != "GET" {
				continue
			}
			if _, direct := srv.Do(t, "GET", prefix+with.Replace(r.path), nil); string(direct) != string(a.Body) || !strings.Contains(string(direct), word) {
				t.Errorf("root: %v: got %s, MLflow itself says %s", r, a.Body, direct)
			}
		}
		if left := srv.Snapshot(t).Mentioning(word).Rows; len(left) > 0 {
			t.Errorf("deleted and there: %v", left)
		}
	}
}
