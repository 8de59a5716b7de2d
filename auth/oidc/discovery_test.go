package oidc_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

func secretOf(text string) auth.Secret { return auth.NewSecret(text) }

func TestNothingIsAskedBeforeTheFirstSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if n := w.idp.Requests("/.well-known/openid-configuration"); n != 0 {
		t.Errorf("%d requests at construction", n)
	}
	for range 5 {
		w.mustSignIn("alice")
	}
	if n := w.idp.Requests("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("%d discoveries for five sign-ins, want 1", n)
	}
	if n := w.idp.Requests("/keys"); n != 1 {
		t.Errorf("keys fetched %d times for five sign-ins, want 1", n)
	}
}

func TestManyFirstSignInsAtOnceAskOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, _, err := w.rp.Begin(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.idp.Requests("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("%d discoveries, want 1", n)
	}
}

func TestAProviderThatIsDownIsAskedAgainAfterAPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{Down: true})
	const path = "/.well-known/openid-configuration"
	for range 10 {
		_, _, err := w.rp.Begin(t.Context())
		wantError(t, err, oidc.ErrUnavailable)
	}
	if n := w.idp.Requests(path); n != 1 {
		t.Errorf("%d requests within one moment, want 1", n)
	}
	w.clock.Advance(2 * time.Second)
	_, _, err := w.rp.Begin(t.Context())
	wantError(t, err, oidc.ErrUnavailable)
	if n := w.idp.Requests(path); n != 2 {
		t.Errorf("%d requests after a pause, want 2", n)
	}
	w.idp.Misbehave(oidctest.Faults{})
	w.clock.Advance(30 * time.Second)
	w.mustSignIn("alice")
}

func TestAProviderThatGoesDownLaterKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSignIn("alice")
	w.idp.Misbehave(oidctest.Faults{Down: true})
	w.clock.Advance(2 * time.Hour)
	if _, _, err := w.rp.Begin(t.Context()); err != nil {
		t.Errorf("the address to sign in at is forgotten: %v", err)
	}
}

func TestNobodyListeningIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login, query := w.begin("alice")
	if err := w.idp.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := w.rp.Finish(t.Context(), login, query)
	wantError(t, err, oidc.ErrUnavailable)
}

func TestASlowProviderIsUnavailableAfterTheTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *oidc.Options) { o.Timeout = 100 * time.Millisecond })
	w.idp.Misbehave(oidctest.Faults{Slow: time.Minute})
	_, _, err := w.rp.Begin(t.Context())
	wantError(t, err, oidc.ErrUnavailable)
}

func TestABrowserThatGoesAwayFailsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{Slow: 200 * time.Millisecond})
	gone, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, _, err := w.rp.Begin(gone)
		done <- err
	}()
	cancel()
	wantError(t, <-done, oidc.ErrUnavailable)
	if _, _, err := w.rp.Begin(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerOfMegabytesIsRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo"} {
		w := newWorld(t, withGroups)
		w.idp.Misbehave(oidctest.Faults{Huge: path})
		if _, _, err := w.rp.Begin(t.Context()); err != nil {
			wantError(t, err, oidc.ErrUnavailable)
			continue
		}
		_, err := w.signIn("bob")
		if err == nil {
			t.Errorf("%s: let in", path)
		}
	}
}

func TestNoRedirectLeadsElsewhere(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo"} {
		var got atomic.Int32
		thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
		t.Cleanup(thief.Close)
		w := newWorld(t, withGroups)
		w.idp.Misbehave(oidctest.Faults{Elsewhere: map[string]string{path: thief.URL}})
		if _, _, err := w.rp.Begin(t.Context()); err == nil {
			_, err = w.signIn("bob")
			wantError(t, err, oidc.ErrUnavailable)
		}
		if got.Load() != 0 {
			t.Errorf("%s: the redirect was followed", path)
		}
	}
}

func TestAProviderThatCallsItselfOtherwiseIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{DiscoveryIssuer: "https://evil.example"})
	_, _, err := w.rp.Begin(t.Context())
	wantError(t, err, oidc.ErrSetup)
	if !strings.Contains(err.Error(), "https://evil.example") || !strings.Contains(err.Error(), w.idp.Issuer()) {
		t.Errorf("%v does not name both", err)
	}
}

func TestDiscoveryThatWouldSendSecretsInTheClearIsRefused(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"token_endpoint":                        "http://idp.example/token",
		"authorization_endpoint":                "javascript:alert(1)",
		"jwks_uri":                              "http://idp.example/keys",
		"userinfo_endpoint":                     "ftp://idp.example/me",
		"end_session_endpoint":                  "//idp.example/logout",
		"id_token_signing_alg_values_supported": []string{"none", "HS256"},
	} {
		w := newWorld(t)
		w.idp.Misbehave(oidctest.Faults{Discovery: map[string]any{name: value}})
		_, _, err := w.rp.Begin(t.Context())
		wantError(t, err, oidc.ErrSetup)
	}
}

func TestRotatedKeysAreFetchedOnceTheirIDIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSignIn("alice")
	w.idp.RotateKeys()
	w.clock.Advance(time.Minute)
	w.mustSignIn("alice")
	if n := w.idp.Requests("/keys"); n != 2 {
		t.Errorf("keys fetched %d times, want 2", n)
	}
}

func TestMadeUpKeyIDsDoNotFloodTheProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSignIn("alice")
	w.clock.Advance(time.Minute)
	w.idp.Misbehave(oidctest.Faults{ForeignKey: true, Header: map[string]any{"kid": "made-up"}})
	for range 20 {
		_, err := w.signIn("alice")
		wantError(t, err, oidc.ErrToken)
	}
	if n := w.idp.Requests("/keys"); n > 2 {
		t.Errorf("keys fetched %d times, want at most 2", n)
	}
}

func TestKeysOfAProviderThatIsDownCountForADayOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSignIn("alice")
	w.idp.Misbehave(oidctest.Faults{Elsewhere: map[string]string{"/keys": "http://127.0.0.1:1/"}})
	w.clock.Advance(23 * time.Hour)
	w.mustSignIn("alice")
	w.clock.Advance(2 * time.Hour)
	_, err := w.signIn("alice")
	wantError(t, err, oidc.ErrUnavailable)
}

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	good := oidc.Options{Name: "company", Issuer: "https://idp.example", ClientID: "mlgate", RedirectURL: "https://ml.example/cb"}
	if _, err := oidc.New(good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*oidc.Options){
		"name":           func(o *oidc.Options) { o.Name = "a/b" },
		"issuer":         func(o *oidc.Options) { o.Issuer = "http://idp.example" },
		"issuer: is":     func(o *oidc.Options) { o.Issuer = "" },
		"client_id":      func(o *oidc.Options) { o.ClientID = "" },
		"redirect url":   func(o *oidc.Options) { o.RedirectURL = "http://ml.example/cb" },
		"user_claim":     func(o *oidc.Options) { o.UserClaim = "a..b" },
		"groups_claim":   func(o *oidc.Options) { o.GroupsClaim = ".groups" },
		"user_prefix":    func(o *oidc.Options) { o.UserPrefix = "svc-" },
		"colon":          func(o *oidc.Options) { o.UserPrefix = "google:" },
		"allowed domain": func(o *oidc.Options) { o.AllowedDomains = []string{"@example.org"} },
		"twice":          func(o *oidc.Options) { o.GroupRename = []oidc.Rename{{From: "a", To: "b"}, {From: "a", To: "c"}} },
		"both names":     func(o *oidc.Options) { o.GroupRename = []oidc.Rename{{From: "a"}} },
		"lets nobody in": func(o *oidc.Options) { o.AllowedGroups = []string{"a"} },
		"ca":             func(o *oidc.Options) { o.CA = []byte("nothing") },
	} {
		o := good
		change(&o)
		if _, err := oidc.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %q", err, want)
		}
	}
}
