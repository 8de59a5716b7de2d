package console

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestTheAccountPageShowsWhoIAmAndWhatIsMine(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id, text := g.make("alice", `{"name":"<script>alert(1)</script>","prefixes":["cv/*"]}`)
	a := g.do("alice", "GET", "/_gate/account", "")
	g.want(a, 200, "<code>alice</code>", "<code>vision</code>", "<code>cv/*</code>", id, "&lt;script&gt;",
		"export MLFLOW_TRACKING_URI=https://ml.example.org/mlflow")
	if strings.Contains(a.text, "<script") || strings.Contains(a.text, text[20:40]) {
		t.Error("the page holds a script, or a token")
	}
	g.want(g.do("bob", "GET", "/_gate/account", ""), 200, "<code>bob</code>", "None.")
	g.want(g.do("anonymous", "GET", "/_gate/account", ""), 200, "Not signed in")
	g.want(g.do("root", "GET", "/_gate/account", ""), 200, "You are an admin")
	g.want(g.do("", "GET", "/_gate/account", ""), 401)
}

func TestTheAccountPageMayRunAndLoadNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := g.do("alice", "GET", "/_gate/account", "")
	csp := a.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("got %q, want %q in it", csp, want)
		}
	}
	_, rest, _ := strings.Cut(a.text, "<style>")
	style, _, ok := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if !ok || !strings.Contains(csp, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the page's own style is not the one that %q lets in", csp)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got headers %v", a.header)
	}
}
