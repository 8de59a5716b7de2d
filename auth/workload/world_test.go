package workload

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/workload/issuertest"
)

// world is an authenticator over one issuer, with a clock that tests move.
type world struct {
	*Authenticator
	issuer  *issuertest.Issuer
	issuers *Issuers
	source  Source
	clock   *clock
}

type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// vision is the rule of most tests.
func vision(issuer string) Rule {
	return Rule{Issuer: issuer, Audience: "mlgate", Subject: "repo:acme/vision:*", User: "ci-vision", Groups: []string{"ci"}}
}

const job = "repo:acme/vision:ref:refs/heads/main"

func newWorld(t testing.TB, change ...func(*Source)) *world {
	t.Helper()
	w := &world{issuer: issuertest.Start(t), clock: &clock{}}
	w.issuers = NewIssuers(IssuersOptions{Now: w.clock.now})
	w.source = Source{Issuer: w.issuer.URL()}
	for _, c := range change {
		c(&w.source)
	}
	w.use(t, vision(w.issuer.URL()))
	return w
}

// use takes other rules up, as a reload does.
func (w *world) use(t testing.TB, rules ...Rule) {
	t.Helper()
	s, err := NewSettings(rules, []Source{w.source})
	if err != nil {
		t.Fatal(err)
	}
	w.Authenticator = w.issuers.Authenticator(s)
}

func bearer(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// passes wants the token to be the CI's.
func (w *world) passes(t testing.TB, token string) *auth.Identity {
	t.Helper()
	id, err := w.Authenticate(bearer(token))
	if err != nil {
		t.Fatalf("got %v, want to be let in", err)
	}
	if id.User != "ci-vision" || id.Method != auth.MethodWorkload {
		t.Fatalf("got %+v, want ci-vision by workload", id)
	}
	return id
}

// refused wants bad credentials, and a reason that quotes nothing of a signature.
func (w *world) refused(t testing.TB, token, why string) {
	t.Helper()
	id, err := w.Authenticate(bearer(token))
	if id != nil || !errors.Is(err, auth.ErrBadCredentials) || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, %v; want bad credentials because %q", id, err, why)
		return
	}
	var told *auth.Refusal
	if !errors.As(err, &told) {
		t.Errorf("got %v, want a refusal with a reason", err)
	}
	if signature := token[strings.LastIndex(token, ".")+1:]; len(signature) > 8 && strings.Contains(err.Error(), signature) {
		t.Errorf("the reason quotes the signature: %v", err)
	}
}

// unavailable wants neither a yes nor a no.
func (w *world) unavailable(t testing.TB, token string) {
	t.Helper()
	id, err := w.Authenticate(bearer(token))
	if id != nil || !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("got %v, %v; want unavailable", id, err)
	}
}
