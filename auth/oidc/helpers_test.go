package oidc_test

import (
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

const redirectURL = "http://127.0.0.1:1/_gate/callback/company"

// clock is a clock that tests move. It starts at the real time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a provider and its relying party.
type world struct {
	t     *testing.T
	clock *clock
	idp   *oidctest.Provider
	rp    *oidc.Provider
}

func newWorld(t *testing.T, change ...func(*oidc.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	w.idp = startProvider(t, oidctest.Options{Now: w.clock.Now, Users: people()})
	w.rp = w.party(change...)
	return w
}

// people: alice has everything in the ID token, bob at userinfo, eve an
// address that nobody verified.
func people() []oidctest.User {
	return []oidctest.User{
		{Name: "alice", Claims: map[string]any{"email": "alice@example.org", "email_verified": true, "groups": []string{"vision", "ml"}}},
		{Name: "bob", UserInfo: map[string]any{"email": "bob@example.org", "email_verified": true, "groups": []string{"speech"}}},
		{Name: "eve", Claims: map[string]any{"email": "alice@example.org", "email_verified": false}},
	}
}

func startProvider(t *testing.T, o oidctest.Options) *oidctest.Provider {
	t.Helper()
	idp, err := oidctest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	return idp
}

// party makes a relying party of the world's provider.
func (w *world) party(change ...func(*oidc.Options)) *oidc.Provider {
	w.t.Helper()
	id, secret := w.idp.Client()
	o := oidc.Options{
		Name: "company", Issuer: w.idp.Issuer(), ClientID: id, ClientSecret: auth.NewSecret(secret),
		RedirectURL: redirectURL, Now: w.clock.Now,
	}
	for _, f := range change {
		f(&o)
	}
	rp, err := oidc.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return rp
}

// begin begins a sign-in and lets the user through at the provider.
func (w *world) begin(user string) (oidc.Login, url.Values) {
	w.t.Helper()
	address, login, err := w.rp.Begin(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return login, browse(w.t, address+"&login_hint="+url.QueryEscape(user))
}

func (w *world) signIn(user string) (oidc.Person, error) {
	w.t.Helper()
	login, query := w.begin(user)
	return w.rp.Finish(w.t.Context(), login, query)
}

func (w *world) mustSignIn(user string) oidc.Person {
	w.t.Helper()
	person, err := w.signIn(user)
	if err != nil {
		w.t.Fatal(err)
	}
	return person
}

// browse is a browser that stops at the redirect; it returns the query that
// the redirect brings back.
func browse(t *testing.T, address string) url.Values {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	to, err := resp.Location()
	if err != nil {
		t.Fatalf("answer %d without a redirect", resp.StatusCode)
	}
	return to.Query()
}

// wantError checks the decision and that the person is told something.
func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	var told *oidc.Error
	if !errors.As(err, &told) || told.Public() == "" {
		t.Fatalf("error %v has no sentence for the person", err)
	}
}
