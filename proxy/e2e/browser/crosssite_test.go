package browser_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// neighbours are the address that a page of somebody else's is opened at, and the
// one that the browser knows the gate by.
var neighbours = []struct{ name, page, gate string }{
	{"another site", "localhost", "127.0.0.1"},
	{"another port of the same site", "127.0.0.1", "127.0.0.1"},
	// Over plain HTTP these get no Sec-Fetch-Site: Origin alone tells.
	{"another site by name", "elsewhere.example", "gate.example"},
}

// The browser remembers the password for the gate and sends it along with what
// a page of another site makes it send.
func TestPageOfAnotherSiteCannotWriteThroughTheBrowser(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "cross")
	for _, n := range neighbours {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			gate := strings.Replace(s.gate.URL(), "127.0.0.1", n.gate, 1)
			page := otherSite(t, n.page)
			b := s.signIn(t)
			b.open(t, gate+"/_gate/api/v1/whoami")
			b.shows(t, "alice")

			// A form that takes the whole page to the gate: with the password.
			b.open(t, page)
			b.js(t, form("GET", gate+"/_gate/api/v1/whoami", "", ""))
			b.shows(t, `"user":"alice"`)

			name := "cv/" + s.word + "/by-form-" + strings.ReplaceAll(n.name, " ", "-")
			start, end := `{"name":"`+name+`","pad":"`, `"}`
			create := gate + mlflowtest.API + "experiments/create"
			b.traffic.take()
			b.open(t, page)
			b.js(t, form("POST", create, start, end))
			b.shows(t, "PERMISSION_DENIED", "another site")
			b.shot(t, "form")
			b.refused(t, create)

			b.open(t, page)
			fetch := fmt.Sprintf(`fetch(%q, {method: "POST", mode: "no-cors", credentials: "include", body: %q}).then(r => r.type, e => "failed")`, create, start+"="+end)
			if got := b.js(t, fetch); got != "opaque" && got != "failed" {
				t.Errorf("got %q from a cross-origin fetch, want that the page cannot read it", got)
			}
			b.refused(t, create)
			if status := s.find(t, name); status != http.StatusNotFound {
				t.Errorf("got status %d from MLflow for what the other site made, want 404", status)
			}

			// But for the page it comes from, the call is one that the gate lets through.
			if status, answer := s.gate.Do(t, "alice", passwords["alice"], "POST", mlflowtest.API+"experiments/create", start+"="+end); status != http.StatusOK {
				t.Errorf("got status %d for the same body from no page, want 200: %s", status, answer)
			}
		})
	}
}

// What a page of another site may send, it still may not read or put in a frame.
func TestPageOfAnotherSiteCannotReadThroughTheBrowser(t *testing.T) {
	t.Parallel()
	for _, n := range neighbours {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "", "read-"+strings.ReplaceAll(n.name, " ", "-"))
			gate := strings.Replace(s.gate.URL(), "127.0.0.1", n.gate, 1)
			b := s.signIn(t)
			b.open(t, gate+"/_gate/api/v1/whoami")
			b.shows(t, "alice")
			b.open(t, otherSite(t, n.page))
			search := gate + mlflowtest.API + "experiments/search?max_results=10"
			for _, options := range []string{
				`{credentials: "include"}`, `{}`,
				`{method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: "{}"}`,
			} {
				if got := b.js(t, fmt.Sprintf(`fetch(%q, %s).then(r => r.text(), e => "failed")`, search, options)); got != "failed" {
					t.Errorf("fetch with %s: got %.300q, want that the browser keeps it from the page", options, got)
				}
			}
			b.js(t, fmt.Sprintf(`new Promise(done => {
				const f = document.createElement("iframe");
				f.onload = () => done("");
				f.src = %q;
				document.body.append(f);
			})`, gate+"/"))
			b.traffic.quiet(t)
			b.shot(t, "framed")
			// A frame of another site is a process of its own, which the tab does
			// not hear; the gate does. The UI begins with its own files.
			for _, line := range s.gate.Lines("call") {
				if path, _ := line["path"].(string); strings.Contains(path, "/static-files/") {
					t.Errorf("the UI runs in a frame of another site: it asked for %s", path)
					break
				}
			}
		})
	}
}

// refused fails the test unless the last answer of that address was the gate's
// 403 to pages of other sites.
func (b *tab) refused(t *testing.T, url string) {
	t.Helper()
	b.traffic.quiet(t)
	var last *exchange
	for _, x := range b.traffic.take() {
		if x.url == url && x.method == http.MethodPost {
			last = &x
		}
	}
	if last == nil || last.status != http.StatusForbidden {
		t.Errorf("got %+v, want a 403 from %s:\n%s", last, url, b.traffic)
	}
}

// form is a script that sends a form without a click. As text/plain it sends
// its one field as name=value: JSON, where the = falls into a string.
func form(method, url, name, value string) string {
	return fmt.Sprintf(`(() => {
		const f = document.createElement("form");
		f.method = %q; f.action = %q; f.enctype = "text/plain";
		const i = document.createElement("input");
		i.name = %q; i.value = %q;
		if (i.name) f.append(i);
		document.body.append(f);
		setTimeout(() => f.submit(), 0);
		return "";
	})()`, method, url, name, value)
}

// otherSite is a page on a port of its own, called by the host name.
func otherSite(t *testing.T, host string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>another site</title><body><h1>You have won</h1>")
	}))
	t.Cleanup(srv.Close)
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
