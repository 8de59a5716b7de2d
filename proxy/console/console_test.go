package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/store/embedded"
	"mlgate/auth/token"
	"mlgate/policy"
)

const policyText = `p, role:vision, cv/*, edit
p, role:vision, cv/secret/*, read, deny
p, role:admin, *, admin
p, group:everyone, shared/*, read
p, user:bob, experiment:mixed/*, read
g, user:alice, role:vision
g, user:root, role:admin
`

// owners is a set of users who can sign in.
type owners map[string]bool

func (o owners) Groups(_ context.Context, user string) ([]string, error) {
	if !o[user] {
		return nil, &auth.Refusal{Why: "its owner can no longer sign in"}
	}
	return nil, nil
}

// gate is a console over a real policy and store. Callers sign in by the X-As
// header, or really, with a token.
type gate struct {
	t *testing.T
	*httptest.Server
	log    bytes.Buffer
	tokens Tokens
	faults []string // of the last reload
}

func newGate(t *testing.T) *gate {
	t.Helper()
	db, err := embedded.Open(filepath.Join(t.TempDir(), "mlgate.db"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	rules, _, err := policy.Parse("policy.csv", []byte(policyText))
	if err != nil {
		t.Fatal(err)
	}
	users := owners{"alice": true, "bob": true, "root": true}
	g := &gate{t: t, tokens: token.Service{Store: db.Tokens(), Owners: users, MaxLifetime: 8760 * time.Hour, CheckAction: policy.ValidateAction, CheckPrefix: policy.ValidatePrefix}}
	byToken := token.NewAuthenticator(token.Options{Store: db.Tokens(), Owners: users})
	console := New(Options{
		ExternalURL: "https://ml.example.org/mlflow",
		Status: func() Status {
			return Status{Mode: "enforce", MLflow: "3.17.2", Loaded: time.Unix(1_700_000_000, 0), Errors: g.faults, Hashes: map[string]string{"policy": "abc"}}
		},
		Logger: slog.New(slog.NewJSONHandler(&g.log, nil)),
		Request: func(r *http.Request) Request {
			q := Request{Policy: rules, Tokens: g.tokens, Contact: "#ml-platform"}
			switch who := r.Header.Get("X-As"); who {
			case "":
				q.Identity, _ = byToken.Authenticate(r)
			case "anonymous":
				q.Identity = auth.Anonymous()
			default:
				q.Identity = auth.NewIdentity(auth.Identity{User: who, Groups: []string{"everyone"}, Method: auth.MethodPassword})
			}
			return q
		},
	})
	g.Server = httptest.NewServer(console)
	t.Cleanup(g.Server.Close)
	return g
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// do sends a request; who is a user, or a token.
func (g *gate) do(who, method, path, body string, header ...string) answer {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.URL+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if strings.HasPrefix(who, auth.TokenPrefix) {
		r.Header.Set("Authorization", "Bearer "+who)
	} else if who != "" {
		r.Header.Set("X-As", who)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(data)}
	_ = json.Unmarshal(data, &a.json)
	return a
}

// through sends a request through a handler of the test's own.
func (g *gate) through(h http.Handler, who, method, path string) answer {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("X-As", who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{status: w.Code, header: w.Header(), text: w.Body.String()}
}

func (g *gate) want(a answer, status int, parts ...string) {
	g.t.Helper()
	if a.status != status {
		g.t.Errorf("got %d %s, want %d", a.status, a.text, status)
	}
	for _, part := range parts {
		if !strings.Contains(a.text, part) {
			g.t.Errorf("got %s, want it to contain %s", a.text, part)
		}
	}
}

func (g *gate) make(who, body string) (id, text string) {
	g.t.Helper()
	a := g.do(who, "POST", "/_gate/api/v1/tokens", body)
	if a.status != http.StatusCreated {
		g.t.Fatalf("create: got %d %s", a.status, a.text)
	}
	return a.json["id"].(string), a.json["token"].(string)
}

func TestWhoamiTellsNameGroupsRolesAndMethod(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for who, want := range map[string]string{
		"alice":     `{"user":"alice","groups":["everyone"],"roles":["vision"],"method":"password"}`,
		"bob":       `{"user":"bob","groups":["everyone"],"roles":[],"method":"password"}`,
		"anonymous": `{"user":"","groups":[],"roles":[],"method":"anonymous"}`,
	} {
		a := g.do(who, "GET", "/_gate/api/v1/whoami", "")
		if a.status != http.StatusOK || strings.TrimSpace(a.text) != want {
			t.Errorf("%s: got %d %s, want %s", who, a.status, a.text, want)
		}
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got headers %v, want JSON that is not cached", who, a.header)
		}
	}
	_, text := g.make("alice", `{"name":"ci"}`)
	g.want(g.do(text, "GET", "/_gate/api/v1/whoami", ""), 200, `"user":"alice","groups":[],"roles":["vision"],"method":"token"`)
}

func TestErrorsHaveMLflowsForm(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for name, tt := range map[string]struct {
		who, method, path string
		status            int
		code              string
	}{
		"nobody":           {"", "GET", "/_gate/api/v1/whoami", 401, "UNAUTHENTICATED"},
		"no such page":     {"alice", "GET", "/_gate/nothing", 404, "ENDPOINT_NOT_FOUND"},
		"below a page":     {"alice", "GET", "/_gate/api/v1/whoami/x", 404, "ENDPOINT_NOT_FOUND"},
		"token without id": {"alice", "DELETE", "/_gate/api/v1/tokens/", 404, "ENDPOINT_NOT_FOUND"},
		"two segments":     {"alice", "DELETE", "/_gate/api/v1/tokens/a/b", 404, "ENDPOINT_NOT_FOUND"},
		"escaped spelling": {"alice", "GET", "/_gate/api/v1/%77hoami", 404, "ENDPOINT_NOT_FOUND"},
		"double slash":     {"alice", "GET", "/_gate//api/v1/whoami", 404, "ENDPOINT_NOT_FOUND"},
		"wrong method":     {"alice", "POST", "/_gate/api/v1/whoami", 405, "METHOD_NOT_ALLOWED"},
		"unknown query":    {"alice", "GET", "/_gate/api/v1/whoami?user=bob", 400, "INVALID_PARAMETER_VALUE"},
		"unknown token":    {"alice", "DELETE", "/_gate/api/v1/tokens/x", 404, "RESOURCE_DOES_NOT_EXIST"},
	} {
		a := g.do(tt.who, tt.method, tt.path, "")
		if a.status != tt.status || a.json["error_code"] != tt.code || a.json["message"] == "" {
			t.Errorf("%s: got %d %s, want %d %s", name, a.status, a.text, tt.status, tt.code)
		}
	}
}

func TestNoGetChangesAnything(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id, _ := g.make("alice", `{"name":"ci"}`)
	g.want(g.do("alice", "GET", "/_gate/api/v1/tokens/"+id, ""), 405)
	g.want(g.do("alice", "GET", "/_gate/api/v1/tokens", `{"name":"x"}`), 200)
	if list := g.do("alice", "GET", "/_gate/api/v1/tokens", "").json["tokens"].([]any); len(list) != 1 {
		t.Errorf("got %d tokens, want 1", len(list))
	}
}

func TestWhatFailsInsideIsLoggedAndNotShown(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.tokens = token.Service{} // without a store's owners, lifetime, …
	a := g.do("alice", "POST", "/_gate/api/v1/tokens", `{"name":"ci"}`)
	g.want(a, 500, "INTERNAL_ERROR")
	if strings.Contains(a.text, "lifetime") || !strings.Contains(g.log.String(), "lifetime") {
		t.Errorf("answer %s, log %s: want the cause in the log alone", a.text, g.log.String())
	}
}

func TestExplainNamesTheDecidingLine(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for name, tt := range map[string]struct {
		who, query string
		status     int
		want       string
	}{
		"allowed":        {"alice", "action=edit&resource=cv/seg", 200, `{"allow":true,"rule":"p, role:vision, cv/*, edit","line":1,"roles":["vision"]}`},
		"denied":         {"alice", "action=read&resource=cv/secret/x", 200, `{"allow":false,"rule":"p, role:vision, cv/secret/*, read, deny","line":2,"roles":["vision"]}`},
		"no line":        {"alice", "action=read&resource=nlp/x", 200, `{"allow":false,"rule":"","line":0,"roles":["vision"]}`},
		"by group":       {"bob", "action=read&resource=model:shared/x", 200, `"allow":true,"rule":"p, group:everyone, shared/*, read"`},
		"some kinds":     {"bob", "action=read&resource=mixed/x", 200, `{"allow":false,"rule":""`},
		"one kind":       {"bob", "action=read&resource=experiment:mixed/x", 200, `{"allow":true,"rule":"p, user:bob`},
		"server-wide":    {"root", "action=admin&resource=*", 200, `"allow":true`},
		"anonymous":      {"anonymous", "action=read&resource=cv/x", 200, `"allow":false`},
		"unknown action": {"alice", "action=write&resource=cv/x", 400, "unknown action"},
		"no action":      {"alice", "resource=cv/x", 400, "unknown action"},
		"no resource":    {"alice", "action=read", 400, "no name"},
		"a pattern":      {"alice", "action=read&resource=cv/*", 400, "is a pattern"},
		"twice":          {"alice", "action=read&resource=cv/x&resource=cv/y", 400, "more than once"},
		"for others":     {"alice", "action=read&resource=cv/x&user=bob", 400, "unknown parameter"},
	} {
		a := g.do(tt.who, "GET", "/_gate/api/v1/explain?"+tt.query, "")
		if a.status != tt.status || !strings.Contains(a.text, tt.want) {
			t.Errorf("%s: got %d %s, want %d %s", name, a.status, a.text, tt.status, tt.want)
		}
	}
}

func TestExplainKnowsTheLimitsOfTheCallersToken(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	_, text := g.make("alice", `{"name":"ro","read_only":true,"prefixes":["cv/a/*"]}`)
	for query, allow := range map[string]string{
		"action=read&resource=cv/a/x": `"allow":true`, "action=edit&resource=cv/a/x": `"allow":false`, "action=read&resource=cv/b": `"allow":false`,
	} {
		g.want(g.do(text, "GET", "/_gate/api/v1/explain?"+query, ""), 200, allow)
	}
}

func TestCurrentUserIsWhatMLflowsUIReads(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		id   *auth.Identity
		want string
	}{
		"password":  {&auth.Identity{User: "alice", Method: auth.MethodPassword}, `{"user":{"username":"alice","is_admin":false},"is_basic_auth":true}`},
		"token":     {&auth.Identity{User: "alice", Method: auth.MethodToken}, `{"user":{"username":"alice","is_admin":false},"is_basic_auth":true}`},
		"session":   {&auth.Identity{User: "alice", Method: "session"}, `{"user":{"username":"alice","is_admin":false},"is_basic_auth":false}`},
		"anonymous": {auth.Anonymous(), ""},
		"nobody":    {nil, ""},
	} {
		body, ok := CurrentUser(tt.id)
		if string(body) != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %s, %v; want %s", name, body, ok, tt.want)
		}
	}
}

func TestAGoneClientIsNoError(t *testing.T) {
	t.Parallel()
	if err := writeJSON(broken{httptest.NewRecorder()}, 200, 1); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
