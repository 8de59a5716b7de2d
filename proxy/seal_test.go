package proxy_test

import (
	"bytes"
	"net/url"
	"testing"

	"mlgate/proxy"
)

// Keys are changed while people list: the new one goes first, and the old one
// stays until nobody holds a token of it.
func TestPageTokensOfAnOldSealKeyStillOpen(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	plant(t, srv, "cv")
	plant(t, srv, "cv")
	sealing := func(keys ...byte) *gate {
		return newGate(t, srv.URL(), rules, func(o *proxy.Options, _ *proxy.Snapshot) {
			o.SealKeys = nil
			for _, k := range keys {
				o.SealKeys = append(o.SealKeys, bytes.Repeat([]byte{k}, 32))
			}
		})
	}
	list := func(g *gate, token string) answer {
		return g.do(t, "alice", "GET", api+"experiments/search?max_results=1&page_token="+url.QueryEscape(token), nil)
	}
	before, during, after := sealing(1), sealing(2, 1), sealing(2)
	old, _ := list(before, "").json(t)["next_page_token"].(string)
	if old == "" {
		t.Fatal("no token")
	}
	a := list(during, old)
	next, _ := list(during, "").json(t)["next_page_token"].(string)
	if a.Status != 200 || next == "" {
		t.Fatalf("a token of the old key: got %d %s", a.Status, a.Body)
	}
	if a := list(after, old); a.Status != 400 {
		t.Errorf("a token of a key that is gone: got %d %s", a.Status, a.Body)
	}
	if a := list(after, next); a.Status != 200 {
		t.Errorf("not the first key sealed: got %d %s", a.Status, a.Body)
	}
}
