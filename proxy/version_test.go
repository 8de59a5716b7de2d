package proxy_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mlgate/proxy"
)

// A server that is replaced by another version while mlgate runs gets that
// version's rows; what is in no row is refused as MLflow refuses it.
func TestRowsAreThoseOfTheMLflowBehind(t *testing.T) {
	t.Parallel()
	var version atomic.Value
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			fmt.Fprint(w, version.Load())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{}`)
	}))
	t.Cleanup(up.Close)
	g := newGate(t, up.URL, rules)
	for _, c := range []struct {
		version, rows string
		known, search bool // datasets/search came after 3.1.4
	}{
		{"2.22.5", "2.22.5", true, false}, {"3.17.2", "3.17.2", true, true}, {"3.1.4", "3.1.4", true, false},
		{"3.99.0", "3.17.2", false, true}, {"2.1.0", "2.22.5", false, false}, {"<html>", "3.17.2", false, true},
	} {
		version.Store(c.version)
		if err := g.proxy.AskVersion(t.Context()); err != nil {
			t.Fatal(err)
		}
		b := g.proxy.Behind()
		if b.Rows != c.rows || b.Known() != c.known || (b.Warning() == "") != c.known || strings.Contains(b.Version, "<") {
			t.Errorf("%s: got %+v, known %v, warning %q", c.version, b, b.Known(), b.Warning())
		}
		for path, has := range map[string]bool{"runs/search": true, "/api/3.0/mlflow/datasets/search": c.search, "/api/3.0/mlflow/invented": false} {
			if path[0] != '/' {
				path = api + path
			}
			a := g.do(t, "alice", "POST", path, m{})
			if has != (a.Status == 200) || !has && (a.Status != 404 || a.json(t)["error_code"] != "ENDPOINT_NOT_FOUND") {
				t.Errorf("%s before MLflow %s: got %d %s", path, c.version, a.Status, a.Body)
			}
		}
	}
}

// mlgate may start before MLflow: calls get 503 until it is there, and then the
// rows of its version.
func TestAMLflowThatComesLaterIsAskedWhenItIsThere(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken.Close()
	g := newGate(t, "http://"+taken.Addr().String(), rules)
	go g.proxy.FollowVersion(t.Context())
	if a := g.do(t, "alice", "POST", api+"runs/search", m{}); a.Status != 503 || g.proxy.Behind() != (proxy.Behind{}) {
		t.Fatalf("got %d %s, %+v from a server that is not there", a.Status, a.Body, g.proxy.Behind())
	}
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "2.22.5") }))
	if up.Listener, err = net.Listen("tcp", taken.Addr().String()); err != nil {
		t.Skip("another process took the port:", err)
	}
	up.Start()
	t.Cleanup(up.Close)
	for range 100 {
		if g.proxy.Behind().Rows == "2.22.5" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("got %+v ten seconds after MLflow came", g.proxy.Behind())
}
