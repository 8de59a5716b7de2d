package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

func TestALogoutTokenNamesSubjectAndSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.mustSignIn("alice")
	for _, kind := range []string{"logout+jwt", "application/logout+jwt", "JWT", "-"} {
		text := w.idp.LogoutToken(oidctest.Logout{User: "alice", SID: person.SID, Type: kind})
		got, err := w.rp.ReadLogoutToken(t.Context(), text)
		if err != nil {
			t.Fatalf("type %q: %v", kind, err)
		}
		if got.Subject != person.Subject || got.SID != person.SID || got.Issuer != person.Issuer || got.ID == "" {
			t.Errorf("got %+v", got)
		}
		if left := got.Expires.Sub(w.clock.Now()); left <= 0 || left > 4*time.Minute {
			t.Errorf("to be remembered for %v", left)
		}
	}
}

func TestALogoutTokenMayNameOneOfTheTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, l := range []oidctest.Logout{{User: "alice"}, {SID: "s1"}} {
		got, err := w.rp.ReadLogoutToken(t.Context(), w.idp.LogoutToken(l))
		if err != nil || (got.Subject == "") != (l.User == "") || got.SID != l.SID {
			t.Errorf("%+v: got %+v, %v", l, got, err)
		}
	}
}

func TestALogoutTokenThatIsNotOneIsRefused(t *testing.T) {
	t.Parallel()
	const event = "http://schemas.openid.net/event/backchannel-logout"
	for name, change := range map[string]func(map[string]any){
		"nonce":               oidctest.Replace("nonce", "n"),
		"empty nonce":         oidctest.Replace("nonce", ""),
		"null nonce":          func(c map[string]any) { c["nonce"] = nil },
		"no events":           oidctest.Replace("events", nil),
		"events as a list":    oidctest.Replace("events", []string{event}),
		"another event":       oidctest.Replace("events", map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}),
		"event of odd kind":   oidctest.Replace("events", map[string]any{event: true}),
		"event in other case": oidctest.Replace("events", map[string]any{strings.ToUpper(event): map[string]any{}}),
		"expired":             oidctest.Expired,
		"no expiry":           oidctest.Replace("exp", nil),
		"issued later":        oidctest.Future,
		"no time of issue":    oidctest.Replace("iat", nil),
		"wrong audience":      oidctest.Replace("aud", "other"),
		"no audience":         oidctest.Replace("aud", nil),
		"wrong issuer":        oidctest.Replace("iss", "https://evil.example"),
		"no id":               oidctest.Replace("jti", nil),
		"empty id":            oidctest.Replace("jti", ""),
		"endless id":          oidctest.Replace("jti", strings.Repeat("j", 256)),
		"id of odd kind":      oidctest.Replace("jti", 7),
		"nobody":              oidctest.Replace("sub", nil),
		"empty subject":       oidctest.Replace("sub", ""),
		"session of odd kind": oidctest.Replace("sid", []string{"s1"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			text := w.idp.LogoutToken(oidctest.Logout{User: "alice", Change: change})
			got, err := w.rp.ReadLogoutToken(t.Context(), text)
			if err == nil {
				t.Fatalf("accepted: %+v", got)
			}
			wantError(t, err, oidc.ErrToken)
		})
	}
}

func TestALogoutTokenThatTheProviderDidNotSignIsRefused(t *testing.T) {
	t.Parallel()
	for _, f := range []oidctest.Faults{
		{Unsigned: true}, {SharedSecret: true}, {ForeignKey: true}, {Twice: true},
		{ForeignKey: true, Header: map[string]any{"kid": "made-up"}},
	} {
		w := newWorld(t)
		w.idp.Misbehave(f)
		_, err := w.rp.ReadLogoutToken(t.Context(), w.idp.LogoutToken(oidctest.Logout{User: "alice"}))
		wantError(t, err, oidc.ErrToken)
	}
}

func TestOtherTokensAreNoLogoutTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.mustSignIn("alice")
	for _, text := range []string{
		person.IDToken.Reveal(), "", "a.b.c", "..", strings.Repeat("a", 1<<20), "{}",
		w.idp.LogoutToken(oidctest.Logout{User: "alice", Type: "at+jwt"}),
	} {
		_, err := w.rp.ReadLogoutToken(t.Context(), text)
		wantError(t, err, oidc.ErrToken)
	}
}

// The other forms of a signed token hold headers that nobody signed.
func TestALogoutTokenInAnotherFormIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := w.idp.LogoutToken(oidctest.Logout{User: "alice"})
	part := strings.Split(text, ".")
	flat := `{"protected":"` + part[0] + `","payload":"` + part[1] + `","signature":"` + part[2] + `"}`
	for _, other := range []string{flat, " " + text, text + "\n", text + ".", text[:len(text)-4]} {
		_, err := w.rp.ReadLogoutToken(t.Context(), other)
		wantError(t, err, oidc.ErrToken)
	}
}

func TestAReplayedLogoutTokenHasTheSameID(t *testing.T) {
	t.Parallel()
	got := make(chan string, 2)
	inbox := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got <- r.PostFormValue("logout_token")
	}))
	t.Cleanup(inbox.Close)
	w := newWorld(t)
	w.idp = startProvider(t, oidctest.Options{Now: w.clock.Now, Users: people(), Backchannel: inbox.URL})
	w.rp = w.party()
	text := w.idp.LogoutToken(oidctest.Logout{User: "alice"})
	var ids []string
	for range 2 {
		if err := w.idp.Send(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		l, err := w.rp.ReadLogoutToken(t.Context(), <-got)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, l.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("got ids %q, want the same twice", ids)
	}
	w.clock.Advance(4 * time.Minute)
	_, err := w.rp.ReadLogoutToken(t.Context(), text)
	wantError(t, err, oidc.ErrToken)
}

func TestALogoutAtTheProviderComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.mustSignIn("alice")
	address, err := w.rp.EndSessionURL(t.Context(), person.IDToken, "http://127.0.0.1:1/_gate/bye", "s1")
	if err != nil {
		t.Fatal(err)
	}
	if back := browse(t, address); back.Get("state") != "s1" {
		t.Errorf("came back with %v", back)
	}
	if left := w.idp.Sessions("alice"); len(left) != 0 {
		t.Errorf("the provider still has the sessions %q", left)
	}
	_, err = w.rp.Refresh(t.Context(), person.RefreshToken, person.Subject)
	wantError(t, err, oidc.ErrRefused)
}

func TestALogoutAddressKeepsWhatTheProviderPutThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{Discovery: map[string]any{"end_session_endpoint": w.idp.Issuer() + "/logout?tenant=a&b"}})
	address, err := w.rp.EndSessionURL(t.Context(), secretOf(strings.Repeat("h", 7000)), "", "s1")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("tenant") != "a" || q.Get("client_id") != "mlgate" || q.Has("id_token_hint") || q.Has("state") {
		t.Errorf("got %s", address)
	}
}

func TestAProviderWithoutLogoutHasNoLogoutAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{Discovery: map[string]any{"end_session_endpoint": nil}})
	if got, err := w.rp.EndSessionURL(t.Context(), secretOf(""), "", ""); got != "" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
