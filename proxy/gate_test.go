package proxy_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"mlgate/auth"
	"mlgate/auth/basic"
	"mlgate/policy"
	"mlgate/proxy"
	"mlgate/proxy/console"
	"mlgate/proxy/mlflowtest"
)

var (
	live = mlflowtest.NewShared()
	onS3 = mlflowtest.NewShared(mlflowtest.OnS3())
)

func TestMain(m *testing.M) { os.Exit(live.Run(m, onS3)) }

// rules is the policy of most tests: alice may edit below cv/, lead manages
// it, bob has nlp/, reader reads one model, admin everything, nobody nothing.
const rules = `p, role:vision, cv/*, edit
p, role:vision-lead, cv/*, manage
p, role:language, nlp/*, manage
p, user:reader, model:cv/*, read
p, user:viewer, cv/*, read
p, user:both, cv/*, manage
p, user:both, nlp/*, read
p, user:most, cv/*, edit
p, user:most, cv/secret/*, read, deny
p, role:admin, *, admin
g, user:alice, role:vision
g, user:lead, role:vision-lead
g, user:bob, role:language
g, user:root, role:admin
`

// people are the users that every gate of the tests knows; each one's
// password is the name.
var people = []string{"alice", "lead", "bob", "reader", "viewer", "both", "most", "root", "nobody"}

// gate is mlgate in front of a MLflow, in this process.
type gate struct {
	*httptest.Server
	proxy *proxy.Proxy
	mu    sync.Mutex
	audit bytes.Buffer
	snap  *proxy.Snapshot
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.audit.Write(b)
}

// lines are the audit lines so far.
func (g *gate) lines(t *testing.T) []map[string]any {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []map[string]any
	for line := range bytes.Lines(g.audit.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("audit line %q: %v", line, err)
		}
		out = append(out, m)
	}
	return out
}

// newGate puts a gate in front of an upstream.
func newGate(t *testing.T, upstream, policyText string, change ...func(*proxy.Options, *proxy.Snapshot)) *gate {
	t.Helper()
	pol, _, err := policy.Parse("policy.csv", []byte(policyText))
	if err != nil {
		t.Fatal(err)
	}
	verified, err := basic.NewVerified(100)
	if err != nil {
		t.Fatal(err)
	}
	table := tableOf(t)
	up, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{snap: &proxy.Snapshot{
		Who: auth.Chain{basic.Authenticator{Users: users(t), Verified: verified}}, Policy: pol, Mode: proxy.Enforce, Contact: "#ml-platform",
	}}
	opts := proxy.Options{
		Upstream: up, Snapshot: func() *proxy.Snapshot { return g.snap }, Table: table,
		SealKeys: [][]byte{bytes.Repeat([]byte{7}, 32)}, DirectTransfers: true,
		Audit: func(l *proxy.AuditLine) { _, _ = g.Write(l.AppendJSON(nil)) }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	opts.Console = console.New(console.Options{Request: func(r *http.Request) console.Request {
		id, snap := proxy.CallerOf(r)
		return console.Request{Identity: id, Policy: snap.Policy, Tokens: snap.Tokens}
	}, Logger: opts.Log})
	for _, c := range change {
		c(&opts, g.snap)
	}
	if g.proxy, err = proxy.New(opts); err != nil {
		t.Fatal(err)
	}
	if err := g.proxy.AskVersion(t.Context()); err != nil {
		t.Logf("ask for the version: %v", err)
	}
	if err := g.proxy.Names().Refresh(t.Context()); err != nil {
		t.Logf("load artifact locations: %v", err)
	}
	g.Server = httptest.NewServer(g.proxy)
	t.Cleanup(g.Close)
	return g
}

var users = func() func(*testing.T) *basic.Users {
	var once sync.Once
	var u *basic.Users
	return func(t *testing.T) *basic.Users {
		once.Do(func() {
			var file []byte
			for _, name := range people {
				h, err := bcrypt.GenerateFromPassword([]byte(name), bcrypt.MinCost)
				if err != nil {
					t.Fatal(err)
				}
				file = append(file, name+":"+string(h)+"\n"...)
			}
			var err error
			if u, err = basic.Parse("users.htpasswd", file); err != nil {
				t.Fatal(err)
			}
		})
		return u
	}
}()

// answer is what a call got.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// json decodes the answer's body.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.Body, &m); err != nil {
		t.Fatalf("answer %d %q: %v", a.Status, a.Body, err)
	}
	return m
}

// do sends one call as a user ("": nobody signed in). A string body goes as it
// is, anything else as JSON; header pairs follow.
func (g *gate) do(t *testing.T, user, method, path string, body any, header ...string) answer {
	t.Helper()
	var rd io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		rd = bytes.NewReader([]byte(b))
	case []byte:
		rd = bytes.NewReader(b)
	default:
		enc, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		rd = bytes.NewReader(enc)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, g.URL+path, rd)
	if err != nil {
		t.Fatal(err)
	}
	if rd != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if user != "" {
		req.SetBasicAuth(user, user)
	}
	resp, err := noRedirect.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b}
}

var noRedirect = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

const api = mlflowtest.API

// m is a JSON object.
type m = map[string]any
