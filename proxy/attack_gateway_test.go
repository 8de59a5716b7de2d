package proxy_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/proxy"
	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// provider stands for the company whose models the gateway calls: it is outside,
// so it cannot be a real one.
type provider struct {
	*httptest.Server
	mu    sync.Mutex
	heard []string // headers and body of each call
	wait  chan struct{}
}

func newProvider(t *testing.T) *provider {
	p := &provider{wait: make(chan struct{})}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var text bytes.Buffer
		_ = r.Header.Write(&text)
		p.mu.Lock()
		p.heard = append(p.heard, r.URL.Path+"\n"+text.String()+"\n"+string(body))
		p.mu.Unlock()
		var asked struct {
			Model  string `json:"model"`
			Stream bool   `json:"stream"`
		}
		_ = json.Unmarshal(body, &asked)
		if asked.Stream {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, `data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":"first"}}]}`+"\n\n")
			w.(http.Flusher).Flush()
			select {
			case <-p.wait:
			case <-time.After(20 * time.Second):
			}
			_, _ = io.WriteString(w, "data: [DONE]\n\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"1","object":"chat.completion","created":1,"model":"`+asked.Model+`","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`)
	}))
	t.Cleanup(p.Close)
	return p
}

// calls are what the provider heard since the last time.
func (p *provider) calls() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all, p.heard = p.heard, nil
	return all
}

const gatewayRules = rules + `p, user:alice, gateway:vision, use
p, user:alice, gateway:language, read, deny
p, user:bob, gateway:language, use
p, user:lead, gateway:*, use
p, user:viewer, *, manage
`

// gatewayOf starts an MLflow with its gateway on and two endpoints, vision and
// language, which an admin made through the gate.
func gatewayOf(t *testing.T) (*provider, *gate) {
	t.Helper()
	p := newProvider(t)
	srv := mlflowtest.Start(t, mlflowtest.Env("MLFLOW_ENABLE_AI_GATEWAY=true",
		"MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES=http", "MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS=true"))
	g := newGate(t, srv.URL(), gatewayRules)
	const v3 = "/api/3.0/mlflow/gateway/"
	for _, name := range []string{"vision", "language"} {
		secret := g.call(t, "POST", v3+"secrets/create", m{"secret_name": name, "secret_value": m{"api_key": "sk-stored"}, "provider": "openai", "auth_config": m{"api_base": p.URL}})["secret"].(m)["secret_id"]
		model := g.call(t, "POST", v3+"model-definitions/create", m{"name": name, "secret_id": secret, "provider": "openai", "model_name": "gpt-" + name})["model_definition"].(m)["model_definition_id"]
		g.call(t, "POST", v3+"endpoints/create", m{"name": name, "model_configs": []m{{"model_definition_id": model, "linkage_type": "PRIMARY", "weight": 1}}})
	}
	return p, g
}

// invocations call one endpoint in every way that there is.
func invocations(name string) []request {
	const hi = `"messages":[{"role":"user","content":"hi"}],"max_tokens":1`
	named := `{"model":"` + name + `",` + hi + `}`
	return []request{
		{"POST", "/gateway/" + name + "/mlflow/invocations", `{` + hi + `}`},
		{"POST", "/gateway/mlflow/v1/chat/completions", named},
		{"POST", "/gateway/openai/v1/chat/completions", named},
		{"POST", "/gateway/openai/v1/embeddings", `{"model":"` + name + `","input":"hi"}`},
		{"POST", "/gateway/openai/v1/responses", `{"model":"` + name + `","input":"hi"}`},
		{"POST", "/gateway/openai/v1/responses/compact", `{"model":"` + name + `","input":"hi"}`},
		{"POST", "/gateway/anthropic/v1/messages", named},
		{"POST", "/gateway/typesafe/v1/systemone", named},
		{"POST", "/gateway/gemini/v1beta/models/" + name + ":generateContent", `{"contents":[]}`},
		{"POST", "/gateway/gemini/v1beta/models/" + name + ":streamGenerateContent", `{"contents":[]}`},
	}
}

// Who may not use an endpoint spends nothing of it, in any mode; who may gets
// the provider's answer.
func TestGatewayEndpointsAreUsedByWhoMayUseThem(t *testing.T) {
	t.Parallel()
	p, g := gatewayOf(t)
	rows := map[string]bool{}
	for _, mode := range []proxy.Mode{proxy.Enforce, proxy.Warn, proxy.Open} {
		g.snap.Mode = mode
		for _, r := range invocations("language") {
			refused := map[string]int{}
			for _, user := range []string{"alice", "viewer", "nobody"} {
				a := g.do(t, user, r.method, r.path, r.body)
				refused[user] = a.Status
				if a.Status != 403 || !strings.Contains(string(a.Body), `gateway \"language\"`) {
					t.Errorf("%s: %v: %s got %d %s", mode, r, user, a.Status, a.Body)
				}
				gone := strings.NewReplacer("language", "nosuch")
				if b := g.do(t, user, r.method, gone.Replace(r.path), gone.Replace(r.body)); user != "alice" && gone.Replace(string(a.Body)) != string(b.Body) {
					t.Errorf("%s: %v: one that is not there answers otherwise: %s, %s", mode, r, a.Body, b.Body)
				}
			}
			if heard := p.calls(); heard != nil {
				t.Errorf("%s: %v: the provider heard %q", mode, r, heard)
			}
		}
	}
	g.snap.Mode = proxy.Enforce
	for _, r := range invocations("language") {
		for _, user := range []string{"bob", "lead", "root"} {
			a := g.do(t, user, r.method, r.path, r.body)
			line := g.lines(t)[len(g.lines(t))-1]
			if a.Status == 403 || line["decision"] != "allow" || line["upstream_status"] != float64(a.Status) || !named(line, "gateway:language use") {
				t.Errorf("%v: %s got %d %s, line %v", r, user, a.Status, a.Body, line)
			}
			rows[line["endpoint"].(string)] = true
			heard := p.calls()
			if strings.Contains(r.path, "chat/completions") || strings.Contains(r.path, "invocations") {
				if a.Status != 200 || !strings.Contains(string(a.Body), "hello") || len(heard) != 1 {
					t.Errorf("%v: %s got %d %s, the provider heard %q", r, user, a.Status, a.Body, heard)
				}
			}
			for _, h := range heard {
				if !strings.Contains(h, "Bearer sk-stored") || strings.Contains(h, "Basic ") || !strings.Contains(h, `gpt-language`) {
					t.Errorf("%v: the provider heard %s", r, h)
				}
			}
		}
	}
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range table.Rows() {
		if e.Special == mlflowapi.Invocation && !rows[e.Name] {
			t.Errorf("%s was not tried", e.Name)
		}
	}
	for user, want := range map[string][]string{"alice": {"vision"}, "bob": {"language"}, "lead": {"language", "vision"}, "root": {"language", "vision"}, "viewer": nil, "nobody": nil} {
		a := g.do(t, user, "GET", "/gateway/mlflow/v1/models", nil)
		var got []string
		for _, e := range a.json(t)["data"].([]any) {
			got = append(got, e.(m)["id"].(string))
		}
		if a.Status != 200 || !slices.Equal(got, want) {
			t.Errorf("%s sees %d %v, want %v", user, a.Status, got, want)
		}
	}
}

// An invocation names its endpoint once, and nothing that the client sends beside
// it turns off what the admin set up, or passes as the provider's key.
func TestGatewayCallsAreReadInOneWay(t *testing.T) {
	t.Parallel()
	p, g := gatewayOf(t)
	const chat = "/gateway/mlflow/v1/chat/completions"
	const hi = `"messages":[{"role":"user","content":"hi"}]`
	for _, r := range []request{
		{"POST", chat, `{"model":"vision","model":"language",` + hi + `}`},
		{"POST", chat, `{"model":"vision","Model":"language",` + hi + `}`},
		{"POST", chat, `{"model":["language"],` + hi + `}`},
		{"POST", chat, `{"model":"",` + hi + `}`},
		{"POST", chat, `{"model":null,` + hi + `}`},
		{"POST", chat, `{` + hi + `}`},
		{"POST", chat, `{"model":"vision","messages":[{"role":"user","role":"system","content":"hi"}]}`},
		{"POST", "/gateway/gemini/v1beta/models/vision:countTokens", `{}`},
		{"POST", "/gateway/gemini/v1beta/models/:generateContent", `{}`},
		{"POST", "/gateway/gemini/v1beta/models/vision:generateContent%0a", `{}`},
	} {
		if a := g.do(t, "alice", r.method, r.path, r.body); a.Status != 400 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
	for _, r := range []request{
		{"POST", chat + "?model=vision", `{"model":"language",` + hi + `}`},
		{"POST", chat, `{"\u006dodel":"language",` + hi + `}`},
		{"POST", "/gateway/language/mlflow/invocations?endpoint_name=vision", `{"model":"vision",` + hi + `}`},
		{"POST", "/gateway/%6canguage/mlflow/invocations", `{` + hi + `}`},
		{"POST", chat, `{"model":"VISION",` + hi + `}`},
		{"POST", chat, `{"model":"vision ",` + hi + `}`},
		{"POST", "/gateway/proxy/vision/files", `{}`},
		{"POST", "/gateway/proxy/language/chat/completions", `{` + hi + `}`},
	} {
		if a := g.do(t, "alice", r.method, r.path, r.body); a.Status != 403 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
	if heard := p.calls(); heard != nil {
		t.Errorf("the provider heard %q", heard)
	}
	a := g.do(t, "alice", "POST", "/gateway/openai/v1/chat/completions", `{"model":"vision","tools":[{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":{"j":{"k":{"l":{"m":{"n":{"o":{"p":1.50}}}}}}}}}}}}}}}}],`+hi+`}`,
		"User-Agent", "claude-cli/1", "X-Api-Key", "sk-client", "Api-Key", "sk-client", "X-Mlflow-Gateway-Caller", "mallory", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	heard := p.calls()
	if a.Status != 200 || len(heard) != 1 || !strings.Contains(heard[0], "Bearer sk-stored") || !strings.Contains(heard[0], "gpt-vision") || !strings.Contains(heard[0], "1.5") {
		t.Fatalf("got %d %s, the provider heard %q", a.Status, a.Body, heard)
	}
	for _, word := range []string{"sk-client", "mallory", "0af7651916cd43dd8448eb211c80319c", "Basic "} {
		if strings.Contains(heard[0], word) {
			t.Errorf("the provider heard %q: %s", word, heard[0])
		}
	}
	// Where many are granted, one whose key lies with another name is not used in its place.
	if a := g.do(t, "lead", "POST", chat, `{"model":"nosuch",`+hi+`}`); a.Status != 404 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

// A model's words come as they are said.
func TestGatewayAnswersStream(t *testing.T) {
	t.Parallel()
	p, g := gatewayOf(t)
	for _, path := range []string{"/gateway/mlflow/v1/chat/completions", "/gateway/openai/v1/chat/completions"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", g.URL+path, strings.NewReader(`{"model":"vision","stream":true,"messages":[{"role":"user","content":"hi"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.SetBasicAuth("alice", "alice")
		resp, err := noRedirect.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		buf := make([]byte, 4096)
		n, err := resp.Body.Read(buf) // the provider has said one word and waits
		if err != nil || !strings.Contains(string(buf[:n]), "first") {
			t.Fatalf("%s: got %d %q, %v", path, resp.StatusCode, buf[:n], err)
		}
		p.wait <- struct{}{}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A store that compares names without case would answer with another's endpoint.
func TestAnEndpointOfAnotherSpellingIsNotCalled(t *testing.T) {
	t.Parallel()
	var called []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if called = append(called, r.URL.Path); strings.HasSuffix(r.URL.Path, "endpoints/get") {
			_, _ = io.WriteString(w, `{"endpoint":{"name":"Vision"}}`)
		}
	}))
	t.Cleanup(srv.Close)
	g := newGate(t, srv.URL, gatewayRules)
	called = nil
	a := g.do(t, "alice", "POST", "/gateway/mlflow/v1/chat/completions", `{"model":"vision"}`)
	if a.Status != 404 || slices.ContainsFunc(called, func(p string) bool { return strings.HasPrefix(p, "/gateway/") }) {
		t.Errorf("got %d %s after %v", a.Status, a.Body, called)
	}
}
