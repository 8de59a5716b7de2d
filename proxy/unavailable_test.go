package proxy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"mlgate/auth"
	"mlgate/proxy"
)

type cannotTell struct{}

func (cannotTell) Authenticate(*http.Request) (*auth.Identity, error) {
	return nil, fmt.Errorf("look up token: %w: connection refused by 10.0.0.7", auth.ErrUnavailable)
}

// MLflow's clients repeat a 503 on every method, so nothing may have been sent.
func TestWhoCannotBeCheckedNowGets503BeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	up := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/version" && !strings.Contains(r.URL.Path, "search") {
			calls.Add(1)
		}
	}))
	defer up.Close()
	g := newGate(t, up.URL, rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Who = cannotTell{} })
	for method, path := range map[string]string{"POST": api + "runs/create", "GET": "/", "PUT": "/_gate/api/v1/tokens"} {
		a := g.do(t, "alice", method, path, []byte("{}"))
		if a.Status != 503 || !strings.Contains(string(a.Body), "TEMPORARILY_UNAVAILABLE") || strings.Contains(string(a.Body), "10.0.0.7") {
			t.Errorf("%s %s: got %d %s", method, path, a.Status, a.Body)
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d calls reached MLflow", n)
	}
}

func TestBeforeTheSealKeysAreThereNothingIsAnswered(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules, func(o *proxy.Options, _ *proxy.Snapshot) { o.SealKeys = nil })
	if a := g.do(t, "alice", "GET", "/", nil); a.Status != 503 || !strings.Contains(string(a.Body), "TEMPORARILY_UNAVAILABLE") {
		t.Errorf("before: got %d %s", a.Status, a.Body)
	}
	if err := g.proxy.UseSealKeys([][]byte{make([]byte, 7)}); err == nil {
		t.Error("a short key was taken")
	}
	if err := g.proxy.UseSealKeys([][]byte{make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	if a := g.do(t, "alice", "GET", "/", nil); a.Status != 200 {
		t.Errorf("after: got %d %s", a.Status, a.Body)
	}
}
