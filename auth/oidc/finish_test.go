package oidc_test

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

func withGroups(o *oidc.Options) { o.GroupsClaim = "groups" }

func TestASignInNamesUserGroupsAndSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withGroups)
	got := w.mustSignIn("alice")
	if got.User != "alice@example.org" || got.Email != "alice@example.org" || got.Subject != "sub-alice" {
		t.Errorf("got user %q, email %q, subject %q", got.User, got.Email, got.Subject)
	}
	if want := []string{"ml", "vision"}; !slices.Equal(got.Groups, want) {
		t.Errorf("got groups %q, want %q", got.Groups, want)
	}
	if got.Provider != "company" || got.Issuer != w.idp.Issuer() || got.SID == "" || got.AuthTime.IsZero() {
		t.Errorf("got provider %q, issuer %q, sid %q, auth time %v", got.Provider, got.Issuer, got.SID, got.AuthTime)
	}
	if got.RefreshToken.Reveal() == "" || got.IDToken.Reveal() == "" {
		t.Error("refresh token or id token is missing")
	}
}

func TestEverySignInHasItsOwnStateNonceAndVerifier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[string]bool{}
	for range 20 {
		address, login, err := w.rp.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("state") != login.State || q.Get("nonce") != login.Nonce || q.Get("code_challenge_method") != "S256" {
			t.Fatalf("address %s does not fit the login", address)
		}
		if q.Get("code_challenge") == login.Verifier || q.Get("code_verifier") != "" {
			t.Fatal("the verifier is in the address")
		}
		for _, secret := range []string{login.State, login.Nonce, login.Verifier} {
			if len(secret) < 43 || seen[secret] {
				t.Fatalf("secret of %d characters, seen before: %v", len(secret), seen[secret])
			}
			seen[secret] = true
		}
	}
}

func TestACodeIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login, query := w.begin("alice")
	if _, err := w.rp.Finish(t.Context(), login, query); err != nil {
		t.Fatal(err)
	}
	_, err := w.rp.Finish(t.Context(), login, query)
	wantError(t, err, oidc.ErrRefused)
}

func TestACodeIsOfNoUseWithoutItsVerifier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login, query := w.begin("alice")
	login.Verifier += "x"
	_, err := w.rp.Finish(t.Context(), login, query)
	wantError(t, err, oidc.ErrRefused)
}

func TestAnAnswerToAnotherSignInIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login, query := w.begin("alice")
	other, _ := w.begin("alice")
	empty := oidc.Login{Provider: "company", Created: login.Created}
	elsewhere := login
	elsewhere.Provider = "partner"
	with := func(name string, values ...string) url.Values {
		q := url.Values{}
		for n, v := range query {
			q[n] = v
		}
		q[name] = values
		return q
	}
	for _, c := range []struct {
		name  string
		login oidc.Login
		query url.Values
	}{
		{"state of another", other, query},
		{"no login kept", empty, with("state", "")},
		{"zero login", oidc.Login{}, url.Values{}},
		{"no state", login, with("state")},
		{"state twice", login, with("state", login.State, login.State)},
		{"code twice", login, with("code", "a", "b")},
		{"no code", login, with("code")},
		{"begun at another provider", elsewhere, query},
	} {
		_, err := w.rp.Finish(t.Context(), c.login, c.query)
		if err == nil {
			t.Fatalf("%s: accepted", c.name)
		}
		wantError(t, err, oidc.ErrLogin)
	}
	if n := w.idp.Requests("/token"); n != 0 {
		t.Errorf("%d requests to redeem a code that nobody here asked for", n)
	}
}

func TestASignInEndsAfterItsLifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login, query := w.begin("alice")
	w.clock.Advance(oidc.LoginLifetime + time.Second)
	_, err := w.rp.Finish(t.Context(), login, query)
	wantError(t, err, oidc.ErrLogin)
}

func TestTheClientSecretTravelsAsTheProviderAsks(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		w := newWorld(t)
		f := w.idp.Faults()
		f.Discovery = map[string]any{"token_endpoint_auth_methods_supported": []string{method}}
		w.idp.Misbehave(f)
		w.mustSignIn("alice")
		if n := w.idp.Requests("/token"); n != 1 {
			t.Errorf("%s: %d requests, want 1: the second one would show the code twice", method, n)
		}
	}
}

func TestAPublicClientIsHeldByItsVerifier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp = startProvider(t, oidctest.Options{Now: w.clock.Now, Users: people(), Public: true})
	w.rp = w.party()
	w.mustSignIn("alice")
	login, query := w.begin("alice")
	login.Verifier += "x"
	_, err := w.rp.Finish(t.Context(), login, query)
	wantError(t, err, oidc.ErrRefused)
}

func TestOneProviderTakesNoAnswerOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := newWorld(t)
	other.rp = other.party(func(o *oidc.Options) { o.Name = "partner" })
	login, _ := w.begin("alice")
	// The partner's code, dressed up as the company's answer.
	_, query := other.begin("alice")
	query.Set("state", login.State)
	_, err := w.rp.Finish(t.Context(), login, query)
	wantError(t, err, oidc.ErrToken)
	query.Set("iss", w.idp.Issuer())
	_, err = w.rp.Finish(t.Context(), login, query)
	wantError(t, err, oidc.ErrRefused)
}
