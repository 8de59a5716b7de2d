package console

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const formType = "application/x-www-form-urlencoded"

// send sends a form of a page.
func (g *gate) send(who, path string, fields ...string) answer {
	g.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return g.do(who, "POST", path, form.Encode(), "Content-Type", formType)
}

func TestPagesMayRunAndLoadNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id, _ := g.make("root", `{"name":"x"}`)
	for name, a := range map[string]answer{
		"account": g.do("root", "GET", "/_gate/account", ""),
		"tokens":  g.do("root", "GET", "/_gate/tokens", ""),
		"admin":   g.do("root", "GET", "/_gate/admin", ""),
		"made":    g.send("root", "/_gate/tokens", "name", "y"),
		"rotated": g.send("root", "/_gate/tokens/"+id, "do", "rotate"),
		"fault":   g.do("root", "GET", "/_gate/tokens?x=1", ""),
		"refused": g.do("alice", "GET", "/_gate/admin", ""),
		"nobody":  g.do("", "GET", "/_gate/account", ""),
	} {
		csp := a.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: got %q, want %q in it", name, csp, want)
			}
		}
		_, rest, _ := strings.Cut(a.text, "<style>")
		style, _, ok := strings.Cut(rest, "</style>")
		sum := sha256.Sum256([]byte(style))
		if !ok || !strings.Contains(csp, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("%s: the page's own style is not the one that %q lets in", name, csp)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: got headers %v", name, a.header)
		}
		if regexp.MustCompile(`(?i)<script| style=| on[a-z]+=|https?://[^m]`).MatchString(strings.Replace(a.text, "<style>"+style, "", 1)) {
			t.Errorf("%s: the page has a script, a style of its own or a foreign address: %s", name, a.text)
		}
	}
}

func TestTokensAreMadeShownOnceRotatedAndRevokedOnThePage(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.want(g.do("alice", "GET", "/_gate/tokens", ""), 200, "There are no tokens")
	made := g.send("alice", "/_gate/tokens", "name", "<b>nightly</b>", "ttl", "90d", "action", "read", "action", "use", "prefixes", "cv/*\r\nmodel:cv/*")
	g.want(made, 201, "only time that the token is shown", "MLFLOW_TRACKING_URI=https://ml.example.org/mlflow", "Sys.setenv", "mlflow_tracking_password = mlg_", "docker run", "&lt;b&gt;nightly")
	text := regexp.MustCompile(`mlg_\w+`).FindString(made.text)
	g.want(g.do(text, "GET", "/_gate/api/v1/whoami", ""), 200, `"user":"alice"`)
	list := g.do("alice", "GET", "/_gate/tokens", "")
	g.want(list, 200, "<code>read</code> <code>use</code> <code>cv/*</code> <code>model:cv/*</code>")
	if strings.Contains(list.text, text[20:40]) {
		t.Error("the list shows the token")
	}
	id := text[len("mlg_") : len("mlg_")+16]
	rotated := g.send("alice", "/_gate/tokens/"+id, "do", "rotate")
	g.want(rotated, 201, "takes the place of <code>"+id+"</code>")
	next := regexp.MustCompile(`mlg_\w+`).FindString(rotated.text)
	a := g.send("alice", "/_gate/tokens/"+next[4:20], "do", "revoke")
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/mlflow/_gate/tokens" {
		t.Errorf("got %d to %q, want the way back to the list", a.status, a.header.Get("Location"))
	}
	g.want(g.do(next, "GET", "/_gate/api/v1/whoami", ""), 401)
	if again := g.send("alice", "/_gate/tokens/"+next[4:20], "do", "revoke"); again.status != http.StatusSeeOther {
		t.Errorf("pressed twice: got %d, want the list", again.status)
	}
}

func TestAFormThatCannotBeCarriedOutSaysWhyAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for why, fields := range map[string][]string{
		"Name must not be empty":  {"name", " ", "ttl", "90d", "prefixes", "nlp/*"},
		"Ends after must be a":    {"name", "kept-name", "ttl", "for <ever>", "prefixes", "nlp/*"},
		"Ttl is longer than":      {"name", "kept-name", "ttl", "90000d", "prefixes", "nlp/*"},
		"Prefix &#34;cv*&#34;":    {"name", "kept-name", "prefixes", "nlp/* cv*"},
		"Actions: unknown action": {"name", "kept-name", "action", "fly", "prefixes", "nlp/*"},
	} {
		a := g.send("alice", "/_gate/tokens", fields...)
		g.want(a, 400, "nlp/*", `role="alert"`)
		if !strings.Contains(strings.ToLower(a.text), strings.ToLower(why)) {
			t.Errorf("got %s, want %q in it", a.text, why)
		}
	}
	g.want(g.do("alice", "GET", "/_gate/tokens", ""), 200, "There are no tokens")
}

func TestPagesTakeTheirOwnFormsOnly(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id, text := g.make("alice", `{"name":"x"}`)
	limited, _ := g.make("alice", `{"name":"ro","read_only":true}`)
	_, limitedText := g.make("alice", `{"name":"ro","read_only":true}`)
	for name, a := range map[string]answer{
		"JSON":             g.do("alice", "POST", "/_gate/tokens", `{"name":"x"}`, "Content-Type", "application/json"),
		"plain text":       g.do("alice", "POST", "/_gate/tokens", "name=x", "Content-Type", "text/plain"),
		"no type":          g.do("alice", "POST", "/_gate/tokens", "name=x"),
		"an unknown field": g.send("alice", "/_gate/tokens", "name", "x", "user", "bob"),
		"a field twice":    g.send("alice", "/_gate/tokens", "name", "x", "name", "y"),
		"nothing to do":    g.send("alice", "/_gate/tokens/"+id),
		"something else":   g.send("alice", "/_gate/tokens/"+id, "do", "delete"),
		"both":             g.send("alice", "/_gate/tokens/"+id, "do", "revoke", "do", "rotate"),
		"a broken escape":  g.do("alice", "POST", "/_gate/tokens", "name=%zz", "Content-Type", formType),
	} {
		if a.status != 400 || !strings.Contains(a.text, `role="alert"`) {
			t.Errorf("%s: got %d %s, want a page that says what is wrong", name, a.status, a.text)
		}
	}
	g.want(g.send("bob", "/_gate/tokens/"+id, "do", "rotate"), 404)
	g.want(g.send("bob", "/_gate/tokens/"+id+"?user=alice", "do", "revoke"), 403)
	g.want(g.send("bob", "/_gate/tokens?user=alice", "name", "x"), 403)
	g.want(g.do("bob", "GET", "/_gate/tokens?user=alice", ""), 403)
	g.want(g.send(limitedText, "/_gate/tokens", "name", "x"), 403)
	g.want(g.send(limitedText, "/_gate/tokens/"+id, "do", "revoke"), 403)
	g.want(g.send("", "/_gate/tokens", "name", "x"), 401)
	g.want(g.do("alice", "GET", "/_gate/tokens/"+id, ""), 405)
	// Somebody else's token and one that never was look alike, and stay.
	if a, b := g.send("bob", "/_gate/tokens/"+id, "do", "revoke"), g.send("bob", "/_gate/tokens/0000000000000000", "do", "revoke"); a.status != b.status || a.text != b.text {
		t.Errorf("got %d and %d, want no difference", a.status, b.status)
	}
	g.want(g.do(text, "GET", "/_gate/api/v1/whoami", ""), 200)
	g.want(g.do("alice", "GET", "/_gate/tokens", ""), 200, limited)
}

func TestFaultsOnPagesCarryTheRequestsID(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id := "id-of-the-request"
	console := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", id)
		g.Config.Handler.ServeHTTP(w, r)
	})
	a := g.through(console, "alice", "GET", "/_gate/admin")
	g.want(a, 403, "This page is for admins", "<code>"+id+"</code>")
}

func TestAdminsSeeWhoHoldsWhatByWhichLine(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.want(g.do("alice", "GET", "/_gate/admin", ""), 403, "This page is for admins")
	g.want(g.do("anonymous", "GET", "/_gate/admin", ""), 403)
	g.want(g.do("root", "GET", "/_gate/admin", ""), 200, "<code>user:alice</code>", "<code>group:everyone</code>", "user=alice", "mode <code>enforce</code>", "2023-11-14T22:13:20Z", "<code>abc</code>")
	a := g.do("root", "GET", "/_gate/admin?user=alice&group=everyone+other", "")
	g.want(a, 200, "p, role:vision, cv/*, edit", "p, role:vision, cv/secret/*, read, deny", "p, group:everyone, shared/*, read",
		"<code>user:alice</code> <code>role:vision</code>", `href="/mlflow/_gate/tokens?user=alice"`)
	if strings.Contains(a.text, "p, user:bob") {
		t.Error("alice's lines show bob's")
	}
	g.want(g.do("root", "GET", "/_gate/admin?user=%3Cb%3Enobody", ""), 200, "No line of the policy speaks to them", "&lt;b&gt;nobody")
	g.want(g.do("root", "GET", "/_gate/admin?group=everyone", ""), 200, "p, group:everyone, shared/*, read")
	g.faults = []string{"policy.csv:3: <unknown>"}
	g.want(g.do("root", "GET", "/_gate/admin", ""), 200, "The last reload failed", "policy.csv:3: &lt;unknown&gt;")
	_, limited := g.make("root", `{"name":"ro","read_only":true}`)
	g.want(g.do(limited, "GET", "/_gate/admin", ""), 403)
	id, _ := g.make("bob", `{"name":"bobs"}`)
	g.want(g.do("root", "GET", "/_gate/tokens?user=bob", ""), 200, "tokens of <code>bob</code>", id)
	if a := g.send("root", "/_gate/tokens/"+id+"?user=bob", "do", "revoke"); a.header.Get("Location") != "/mlflow/_gate/tokens?user=bob" {
		t.Errorf("got %d to %q", a.status, a.header.Get("Location"))
	}
}
