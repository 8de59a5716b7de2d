package oidc_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

// faulty signs alice in while the provider misbehaves.
func faulty(t *testing.T, f oidctest.Faults) error {
	t.Helper()
	w := newWorld(t, withGroups)
	w.idp.Misbehave(f)
	person, err := w.signIn("alice")
	if err == nil {
		t.Fatalf("%v was let in", person.User)
	}
	if person.User != "" || person.Subject != "" {
		t.Fatalf("got person %q beside the error %v", person.User, err)
	}
	t.Log(err)
	return err
}

func TestAnIDTokenNotMeantForThisSignInIsRefused(t *testing.T) {
	t.Parallel()
	both := []string{"mlgate", "other"}
	change := func(f func(map[string]any)) oidctest.Faults { return oidctest.Faults{IDToken: f} }
	for name, f := range map[string]oidctest.Faults{
		"wrong nonce":             change(oidctest.Replace("nonce", "another")),
		"no nonce":                change(oidctest.Replace("nonce", nil)),
		"empty nonce":             change(oidctest.Replace("nonce", "")),
		"wrong issuer":            change(oidctest.Replace("iss", "https://evil.example")),
		"issuer with a slash":     change(func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" }),
		"no issuer":               change(oidctest.Replace("iss", nil)),
		"wrong audience":          change(oidctest.Replace("aud", "other")),
		"no audience":             change(oidctest.Replace("aud", nil)),
		"empty audience":          change(oidctest.Replace("aud", []string{})),
		"audience of odd kind":    change(oidctest.Replace("aud", []any{"mlgate", 1})),
		"two audiences, no azp":   change(oidctest.Replace("aud", both)),
		"azp of another":          change(oidctest.Replace("azp", "other")),
		"azp of odd kind":         change(oidctest.Replace("azp", []string{"mlgate"})),
		"expired":                 change(oidctest.Expired),
		"no expiry":               change(oidctest.Replace("exp", nil)),
		"expiry as text":          change(oidctest.Replace("exp", "99999999999")),
		"issued in the future":    change(oidctest.Future),
		"no time of issue":        change(oidctest.Replace("iat", nil)),
		"not valid yet":           change(oidctest.Replace("nbf", time.Now().Add(2*time.Hour).Unix())),
		"nbf of odd kind":         change(oidctest.Replace("nbf", "soon")),
		"no subject":              change(oidctest.Replace("sub", nil)),
		"subject of odd kind":     change(oidctest.Replace("sub", 7)),
		"endless subject":         change(oidctest.Replace("sub", strings.Repeat("s", 256))),
		"at_hash of another":      change(oidctest.Replace("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")),
		"at_hash empty":           change(oidctest.Replace("at_hash", "")),
		"unsigned":                {Unsigned: true},
		"public key as secret":    {SharedSecret: true},
		"foreign key":             {ForeignKey: true},
		"foreign key, unknown id": {ForeignKey: true, Header: map[string]any{"kid": "unheard-of"}},
		"key in the header":       {ForeignKey: true, Header: map[string]any{"jku": "http://127.0.0.1:1/keys"}},
		"subject twice":           {Twice: true},
		"logout token":            {Header: map[string]any{"typ": "logout+jwt"}},
		"access token":            {Header: map[string]any{"typ": "at+jwt"}},
		"critical header":         {Header: map[string]any{"crit": []string{"later"}, "later": true}},
		"no id token":             {NoIDToken: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantError(t, faulty(t, f), oidc.ErrToken)
		})
	}
}

func TestAClaimInAnotherCaseDoesNotCount(t *testing.T) {
	t.Parallel()
	err := faulty(t, oidctest.Faults{IDToken: func(c map[string]any) {
		c["NONCE"] = c["nonce"]
		delete(c, "nonce")
	}})
	wantError(t, err, oidc.ErrToken)
}

func TestTwoAudiencesAreAcceptedWhenThisClientIsTheParty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{IDToken: func(c map[string]any) {
		c["aud"], c["azp"] = []string{"other", "mlgate"}, "mlgate"
	}})
	w.mustSignIn("alice")
}

func TestClocksMayBeAMinuteApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		by   time.Duration
		good bool
	}{
		{50 * time.Second, true}, {70 * time.Second, false},
		{-50*time.Second - 5*time.Minute, true}, {-70*time.Second - 5*time.Minute, false},
	} {
		w := newWorld(t)
		w.idp.Misbehave(oidctest.Faults{IDToken: func(claims map[string]any) {
			for _, name := range []string{"iat", "exp"} {
				claims[name] = claims[name].(int64) + int64(c.by.Seconds())
			}
		}})
		_, err := w.signIn("alice")
		if (err == nil) != c.good {
			t.Errorf("shifted by %v: got %v", c.by, err)
		}
	}
}

func TestAnAnswerOfAnotherProviderIsRefused(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]oidctest.Faults{
		"another iss":                   {Iss: "https://evil.example"},
		"no iss though announced":       {NoIss: true},
		"another iss, none announced":   {SaysNoIss: true, Iss: "https://evil.example"},
		"another iss in an error":       {Iss: "https://evil.example", ErrorCode: "access_denied"},
		"no iss in an error, announced": {NoIss: true, ErrorCode: "access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.idp.Misbehave(f)
			_, err := w.signIn("alice")
			wantError(t, err, oidc.ErrToken)
			if n := w.idp.Requests("/token"); n != 0 {
				t.Error("the code was shown to the provider")
			}
		})
	}
}

func TestAProviderWithoutIssInItsAnswersIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{SaysNoIss: true})
	w.mustSignIn("alice")
}

func TestAnAlteredStateIsRefused(t *testing.T) {
	t.Parallel()
	wantError(t, faulty(t, oidctest.Faults{AlterState: true}), oidc.ErrLogin)
}

func TestErrorsOfTheProviderAreToldApart(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"access_denied":           oidc.ErrRefused,
		"login_required":          oidc.ErrRefused,
		"temporarily_unavailable": oidc.ErrUnavailable,
		"server_error":            oidc.ErrUnavailable,
		"invalid_scope":           oidc.ErrSetup,
		"unauthorized_client":     oidc.ErrSetup,
		"<script>":                oidc.ErrSetup,
	} {
		wantError(t, faulty(t, oidctest.Faults{ErrorCode: code}), want)
	}
	for code, want := range map[string]error{
		"invalid_grant":           oidc.ErrRefused,
		"invalid_client":          oidc.ErrSetup,
		"temporarily_unavailable": oidc.ErrUnavailable,
	} {
		wantError(t, faulty(t, oidctest.Faults{TokenError: code}), want)
	}
}

func TestAWrongClientSecretIsAMatterOfSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *oidc.Options) { o.ClientSecret = secretOf("wrong-secret-text") })
	_, err := w.signIn("alice")
	wantError(t, err, oidc.ErrSetup)
	if strings.Contains(err.Error(), "wrong-secret-text") {
		t.Errorf("the secret is in the error: %v", err)
	}
}

func TestUserInfoAboutSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withGroups)
	w.idp.Misbehave(oidctest.Faults{OtherUserInfo: true})
	_, err := w.signIn("bob")
	wantError(t, err, oidc.ErrToken)
}

// Without the groups a line of the policy that denies would not apply.
func TestUserInfoThatFailsIsNotTakenForNoGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withGroups)
	w.idp.Misbehave(oidctest.Faults{NoUserInfo: true})
	_, err := w.signIn("bob")
	wantError(t, err, oidc.ErrUnavailable)
}

// No error and no sentence holds what would help whoever reads the log.
func TestNoErrorHoldsASecret(t *testing.T) {
	t.Parallel()
	for _, f := range []oidctest.Faults{
		{Unsigned: true}, {ForeignKey: true}, {IDToken: oidctest.Expired}, {TokenError: "invalid_grant"},
		{TokenError: "invalid_client"}, {Huge: "/token"}, {Huge: "/keys"}, {Iss: "https://evil.example"},
		{Elsewhere: map[string]string{"/token": "http://127.0.0.1:1/"}}, {AlterState: true}, {NoIDToken: true},
	} {
		w := newWorld(t)
		w.idp.Misbehave(f)
		login, query := w.begin("alice")
		_, err := w.rp.Finish(t.Context(), login, query)
		if err == nil {
			t.Fatalf("%+v: let in", f)
		}
		_, secret := w.idp.Client()
		for _, s := range []string{secret, login.State, login.Nonce, login.Verifier, query.Get("code"), "eyJ",
			base64.RawURLEncoding.EncodeToString([]byte(`{"alg"`))} {
			if s != "" && strings.Contains(err.Error(), s) {
				t.Errorf("%v holds %q", err, s)
			}
		}
	}
}
