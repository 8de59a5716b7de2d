package proxy_test

import (
	"regexp"
	"strings"
	"testing"

	"mlgate/auth"
	"mlgate/proxy"
	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// serverWide are all rows that are open to admins alone, one request each.
func serverWide(t *testing.T) (all []request) {
	t.Helper()
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{path...}", "files", "{name...}", "acme/tool", "{endpoint_name}", "chat",
		"{webhook_id}", "w", "{job_id}", "j", "{workspace_name}", "w")
	for _, e := range table.Rows() {
		if !e.ServerWide() {
			continue
		}
		for _, p := range e.Paths {
			for _, method := range e.Methods {
				r := request{method: method, path: fill.Replace(p)}
				if method != "GET" {
					r.body = `{}`
				}
				all = append(all, r)
			}
		}
	}
	if len(all) < 120 {
		t.Fatalf("only %d server-wide requests", len(all))
	}
	return all
}

// What acts for the whole server is refused in every mode, with a sentence, and
// alike whether the thing is there or not: nothing of the call is even read.
func TestServerWideThingsAreRefusedToAllButAdmins(t *testing.T) {
	t.Parallel()
	asked := func(t *testing.T, mode proxy.Mode, who auth.Authenticator) *gate {
		return newGate(t, "http://127.0.0.1:1", rules, func(_ *proxy.Options, s *proxy.Snapshot) {
			s.Mode = mode
			if who != nil {
				s.Who = who
			}
		})
	}
	admin := func(limit auth.Identity) auth.Authenticator {
		limit.User, limit.Method = "root", auth.MethodToken
		return tokenOf(limit)
	}
	for name, test := range map[string]struct {
		g     *gate
		users []string
	}{
		"enforce":            {asked(t, proxy.Enforce, nil), people},
		"warn":               {asked(t, proxy.Warn, nil), people},
		"open":               {asked(t, proxy.Open, nil), append([]string{""}, people...)},
		"a read-only token":  {asked(t, proxy.Enforce, admin(auth.Identity{Actions: []string{"read"}})), []string{"root's token"}},
		"a token for cv":     {asked(t, proxy.Enforce, admin(auth.Identity{Prefixes: []string{"cv/*"}})), []string{"root's token"}},
		"a token for all":    {asked(t, proxy.Warn, admin(auth.Identity{Prefixes: []string{"*"}})), []string{"root's token"}},
		"a token for models": {asked(t, proxy.Open, admin(auth.Identity{Prefixes: []string{"model:*"}})), []string{"root's token"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range serverWide(t) {
				for _, user := range test.users {
					if user == "root" {
						continue
					}
					for _, body := range []string{r.body, `{"a":1,"a":2}`} {
						if r.method == "GET" && body != "" {
							continue
						}
						a := test.g.do(t, user, r.method, r.path, body)
						if a.Status != 403 || !strings.Contains(string(a.Body), `needs the action \"admin\"`) || !strings.Contains(string(a.Body), "Ask #ml-platform") {
							t.Errorf("%v as %q: got %d %s", r, user, a.Status, a.Body)
						}
					}
				}
			}
			for _, line := range test.g.lines(t) {
				if line["decision"] != "deny" || line["rule"] != "rule: server-wide" || line["upstream_status"] != nil {
					t.Fatalf("audit line %v", line)
				}
			}
		})
	}
}

// The assistant runs programs on MLflow's host: no right opens it.
func TestTheAssistantIsShutToAdminsToo(t *testing.T) {
	t.Parallel()
	g := newGate(t, "http://127.0.0.1:1", rules)
	for _, r := range []request{
		{"GET", "/ajax-api/3.0/mlflow/assistant/config", ""}, {"PUT", "/ajax-api/3.0/mlflow/assistant/config", `{}`},
		{"POST", "/ajax-api/3.0/mlflow/assistant/message", `{}`}, {"POST", "/ajax-api/3.0/mlflow/assistant/skills/install", `{}`},
		{"GET", "/ajax-api/3.0/mlflow/assistant/sessions/s/stream", ""},
	} {
		if a := g.do(t, "root", r.method, r.path, r.body); a.Status != 403 || !strings.Contains(string(a.Body), "runs programs") {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
}

// An admin's calls arrive, whole and in one spelling.
func TestAdminsReachServerWideThings(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t, mlflowtest.Env("MLFLOW_ENABLE_AI_GATEWAY=true"))
	g := newGate(t, srv.URL(), rules)
	for _, r := range serverWide(t) {
		if strings.Contains(r.path, "demo/generate") || strings.Contains(r.path, "supported-models") { // minutes of work
			continue
		}
		a := g.do(t, "root", r.method, r.path, r.body)
		line := g.lines(t)[len(g.lines(t))-1]
		if line["decision"] != "allow" || line["upstream_status"] != float64(a.Status) || a.Status == 404 && strings.Contains(string(a.Body), "ENDPOINT_NOT_FOUND") || a.Status == 405 {
			t.Errorf("%v: got %d %s, line %v", r, a.Status, a.Body, line)
		}
	}
	secret := g.call(t, "POST", v3+"gateway/secrets/create", m{"secret_name": "s", "secret_value": m{"api_key": "sk-stored"}, "provider": "openai"})["secret"].(m)["secret_id"]
	model := g.call(t, "POST", v3+"gateway/model-definitions/create", m{"name": "d", "secret_id": secret, "provider": "openai", "model_name": "gpt"})["model_definition"].(m)["model_definition_id"]
	g.call(t, "POST", v3+"gateway/endpoints/create", m{"name": "chat", "model_configs": []m{{"model_definition_id": model, "linkage_type": "PRIMARY", "weight": 1}}})
	g.call(t, "POST", v3+"mcp-servers", m{"name": "acme/tool"})
	g.call(t, "PATCH", v3+"mcp-servers/acme/tool", m{"description": "über \"alles\"\n"})
	g.call(t, "POST", v3+"mcp-servers/acme/tool/tags", m{"key": "k", "value": "v"})
	for path, want := range map[string]string{
		v3 + "gateway/endpoints/get?name=chat":      `"name":\s*"chat"`,
		v3 + "gateway/secrets/list?provider=openai": `"secret_name":\s*"s"`,
		v3 + "mcp-servers/acme/tool":                `über`,
		v3 + "mcp-servers?max_results=1":            `acme/tool`,
	} {
		a := g.do(t, "root", "GET", path, nil)
		if status, direct := srv.Do(t, "GET", path, nil); a.Status != 200 && a.Status != status || a.Status == 200 && string(direct) != string(a.Body) || !matches(want, string(direct)) {
			t.Errorf("%s: got %d %s, MLflow itself says %d %s", path, a.Status, a.Body, status, direct)
		}
		if a := g.do(t, "alice", "GET", path, nil); a.Status != 403 {
			t.Errorf("%s: alice got %d %s", path, a.Status, a.Body)
		}
	}
	g.call(t, "DELETE", v3+"mcp-servers/acme/tool/tags/k", nil)
	g.call(t, "DELETE", v3+"mcp-servers/acme/tool", nil)
	if status, body := srv.Do(t, "GET", v3+"mcp-servers/acme/tool", nil); status != 404 {
		t.Errorf("deleted and there: %d %s", status, body)
	}
}

// An admin's body is held to the rules of all others: it is read in one way.
func TestServerWideBodiesAreReadInOneWay(t *testing.T) {
	t.Parallel()
	g := newGate(t, "http://127.0.0.1:1", rules)
	for _, body := range []string{
		`{"name":"a","name":"b"}`, `{"config":{"x":1,"x":2}}`, `[{"name":"a"}]`, `"{}"`, `{} {}`, `{"a":NaN}`, "{\"a\":\"\xff\"}", "\xfe\xff\x00{\x00}",
	} {
		if a := g.do(t, "root", "POST", "/api/3.0/mlflow/mcp-servers", body); a.Status != 400 {
			t.Errorf("%q: got %d %s", body, a.Status, a.Body)
		}
	}
	if a := g.do(t, "root", "POST", "/api/3.0/mlflow/mcp-servers", `{"a":1}`, "Content-Type", "text/plain"); a.Status != 400 {
		t.Errorf("as text: got %d %s", a.Status, a.Body)
	}
}

// call is do as root, for what must succeed.
func (g *gate) call(t *testing.T, method, path string, body any) m {
	t.Helper()
	a := g.do(t, "root", method, path, body)
	if a.Status != 200 {
		t.Fatalf("%s %s: got %d %s", method, path, a.Status, a.Body)
	}
	if len(a.Body) == 0 || string(a.Body) == "null" {
		return nil
	}
	return a.json(t)
}

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
