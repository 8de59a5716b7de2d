package oidc_test

import (
	"encoding/json"
	"maps"
	"testing"

	"mlgate/auth"
	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

// fuzzParty is one provider and its relying party for a whole fuzz run.
func fuzzParty(f *testing.F) (*oidctest.Provider, *oidc.Provider) {
	f.Helper()
	idp, err := oidctest.Start(oidctest.Options{Users: people()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = idp.Close() })
	id, secret := idp.Client()
	rp, err := oidc.New(oidc.Options{Name: "company", Issuer: idp.Issuer(), ClientID: id,
		ClientSecret: auth.NewSecret(secret), RedirectURL: redirectURL})
	if err != nil {
		f.Fatal(err)
	}
	return idp, rp
}

// FuzzLogoutClaims has the provider sign anything at all as a logout token,
// over the claims of a good one.
func FuzzLogoutClaims(f *testing.F) {
	idp, rp := fuzzParty(f)
	f.Add("logout+jwt", []byte(`{}`))
	f.Add("JWT", []byte(`{"nonce":null}`))
	f.Add("", []byte(`{"sub":null,"sid":"s"}`))
	f.Add("at+jwt", []byte(`{"events":{"http://schemas.openid.net/event/backchannel-logout":[]}}`))
	f.Add("-", []byte(`{"exp":1e300,"iat":-1,"aud":["mlgate","x"],"jti":"\u0000"}`))
	f.Fuzz(func(t *testing.T, kind string, over []byte) {
		var claims map[string]any
		if json.Unmarshal(over, &claims) != nil {
			return
		}
		text := idp.LogoutToken(oidctest.Logout{User: "alice", Type: kind, Change: func(c map[string]any) { maps.Copy(c, claims) }})
		got, err := rp.ReadLogoutToken(t.Context(), text)
		if err != nil {
			return
		}
		if _, ok := claims["nonce"]; ok {
			t.Error("accepted with a nonce")
		}
		if got.Issuer != idp.Issuer() || got.ID == "" || got.Subject == "" && got.SID == "" || got.Expires.IsZero() {
			t.Errorf("accepted as %+v", got)
		}
	})
}

// FuzzLogoutToken posts any text: only what the provider signed may pass.
func FuzzLogoutToken(f *testing.F) {
	idp, rp := fuzzParty(f)
	good := idp.LogoutToken(oidctest.Logout{User: "alice"})
	f.Add(good + "A")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add(`{"payload":"e30","signatures":[]}`)
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := rp.ReadLogoutToken(t.Context(), text); err == nil {
			t.Errorf("%q accepted as %+v", text, got)
		}
	})
}
