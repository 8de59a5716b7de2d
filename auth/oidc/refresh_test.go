package oidc_test

import (
	"slices"
	"testing"

	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

// renew signs somebody in, lets the provider change, and renews.
func renew(t *testing.T, user string, change func(*world)) (before, after oidc.Person, err error) {
	t.Helper()
	w := newWorld(t, withGroups)
	before = w.mustSignIn(user)
	change(w)
	after, err = w.rp.Refresh(t.Context(), before.RefreshToken, before.Subject)
	return before, after, err
}

func TestARenewalReadsGroupsAgain(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]oidctest.User{
		"id token": {Name: "alice", Claims: with(verified("alice@example.org"), "groups", []string{"new"})},
		"userinfo": {Name: "alice", UserInfo: with(verified("alice@example.org"), "groups", []string{"new"})},
	} {
		before, after, err := renew(t, "alice", func(w *world) { w.idp.SetUser(u) })
		if err != nil || !slices.Equal(after.Groups, []string{"new"}) {
			t.Errorf("%s: got %q, %v", name, after.Groups, err)
		}
		if after.Subject != before.Subject || after.SID != before.SID || after.User != before.User {
			t.Errorf("%s: got another person: %+v, was %+v", name, after, before)
		}
	}
}

func TestARenewalWithoutIDTokenAsksUserInfo(t *testing.T) {
	t.Parallel()
	noToken := func(w *world) { w.idp.Misbehave(oidctest.Faults{NoIDToken: true}) }
	before, after, err := renew(t, "bob", noToken)
	if err != nil || after.User != before.User || !slices.Equal(after.Groups, before.Groups) {
		t.Errorf("got %+v, %v, want %+v", after, err, before)
	}
	_, _, err = renew(t, "bob", func(w *world) { w.idp.Misbehave(oidctest.Faults{NoIDToken: true, OtherUserInfo: true}) })
	wantError(t, err, oidc.ErrToken)
}

func TestARefreshTokenIsReplacedByEachRenewal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.mustSignIn("alice")
	second, err := w.rp.Refresh(t.Context(), first.RefreshToken, first.Subject)
	if err != nil || second.RefreshToken.Reveal() == first.RefreshToken.Reveal() {
		t.Fatalf("the refresh token is the same, %v", err)
	}
	if _, err := w.rp.Refresh(t.Context(), second.RefreshToken, first.Subject); err != nil {
		t.Fatal(err)
	}
	_, err = w.rp.Refresh(t.Context(), first.RefreshToken, first.Subject)
	wantError(t, err, oidc.ErrRefused)
}

func TestARefreshTokenThatIsNotReplacedStays(t *testing.T) {
	t.Parallel()
	before, after, err := renew(t, "alice", func(w *world) { w.idp.Misbehave(oidctest.Faults{KeepRefresh: true}) })
	if err != nil || after.RefreshToken.Reveal() != before.RefreshToken.Reveal() {
		t.Errorf("the refresh token is lost, %v", err)
	}
}

func TestRefusedAndUnavailableAreToldApartAtARenewal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*world)
		want   error
	}{
		"refused":        {func(w *world) { w.idp.Misbehave(oidctest.Faults{RefuseRefresh: true}) }, oidc.ErrRefused},
		"disabled":       {func(w *world) { w.idp.SetUser(oidctest.User{Name: "alice", Disabled: true}) }, oidc.ErrRefused},
		"session ended":  {func(w *world) { _ = w.idp.EndSessions(w.t.Context(), "alice") }, oidc.ErrRefused},
		"down":           {func(w *world) { w.idp.Misbehave(oidctest.Faults{Down: true}) }, oidc.ErrUnavailable},
		"gone":           {func(w *world) { _ = w.idp.Close() }, oidc.ErrUnavailable},
		"unknown client": {func(w *world) { w.idp.Misbehave(oidctest.Faults{TokenError: "invalid_client"}) }, oidc.ErrSetup},
		"another person": {func(w *world) { w.idp.Misbehave(oidctest.Faults{OtherAtRefresh: true}) }, oidc.ErrToken},
		"another issuer": {func(w *world) {
			w.idp.Misbehave(oidctest.Faults{IDToken: oidctest.Replace("iss", "https://evil.example")})
		}, oidc.ErrToken},
		"unsigned":        {func(w *world) { w.idp.Misbehave(oidctest.Faults{Unsigned: true}) }, oidc.ErrToken},
		"expired":         {func(w *world) { w.idp.Misbehave(oidctest.Faults{IDToken: oidctest.Expired}) }, oidc.ErrToken},
		"logout token":    {func(w *world) { w.idp.Misbehave(oidctest.Faults{Header: map[string]any{"typ": "logout+jwt"}}) }, oidc.ErrToken},
		"no name anymore": {func(w *world) { w.idp.SetUser(oidctest.User{Name: "alice"}) }, oidc.ErrClaims},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, after, err := renew(t, "alice", c.change)
			wantError(t, err, c.want)
			if after.User != "" || after.Groups != nil {
				t.Errorf("got %+v beside the error", after)
			}
		})
	}
}

// Otherwise a userinfo that is down for a moment would end the session: its
// refresh token is spent.
func TestARefreshTokenOutlivesAFailureAfterItsExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withGroups)
	before := w.mustSignIn("bob")
	w.idp.Misbehave(oidctest.Faults{NoUserInfo: true})
	half, err := w.rp.Refresh(t.Context(), before.RefreshToken, before.Subject)
	wantError(t, err, oidc.ErrUnavailable)
	w.idp.Misbehave(oidctest.Faults{})
	after, err := w.rp.Refresh(t.Context(), half.RefreshToken, before.Subject)
	if err != nil || after.User != before.User {
		t.Errorf("got %q, %v", after.User, err)
	}
}

func TestNothingIsRenewedWithoutTokenOrSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.mustSignIn("alice")
	_, err := w.rp.Refresh(t.Context(), secretOf(""), before.Subject)
	wantError(t, err, oidc.ErrRefused)
	_, err = w.rp.Refresh(t.Context(), before.RefreshToken, "")
	wantError(t, err, oidc.ErrRefused)
}
