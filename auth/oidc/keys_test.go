package oidc_test

import (
	"testing"

	"mlgate/auth/oidc"
	"mlgate/auth/oidc/oidctest"
)

// signedBy is a world whose provider signs otherwise.
func signedBy(t *testing.T, o oidctest.Options) *world {
	t.Helper()
	w := newWorld(t, withGroups)
	o.Now, o.Users = w.clock.Now, people()
	w.idp = startProvider(t, o)
	w.rp = w.party(withGroups)
	return w
}

func TestEveryAsymmetricAlgorithmIsAccepted(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		t.Run(a, func(t *testing.T) {
			t.Parallel()
			w := signedBy(t, oidctest.Options{Algorithm: a})
			person := w.mustSignIn("alice") // with at_hash
			if _, err := w.rp.Refresh(t.Context(), person.RefreshToken, person.Subject); err != nil {
				t.Error(err)
			}
			if _, err := w.rp.ReadLogoutToken(t.Context(), w.idp.LogoutToken(oidctest.Logout{User: "alice"})); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnAlgorithmThatDiscoveryDoesNotNameIsRefused(t *testing.T) {
	t.Parallel()
	w := signedBy(t, oidctest.Options{})
	w.idp.Misbehave(oidctest.Faults{Discovery: map[string]any{"id_token_signing_alg_values_supported": []string{"RS256"}}})
	_, err := w.signIn("alice")
	wantError(t, err, oidc.ErrToken)
}

func TestThePublicKeyOfAnRSAProviderIsNoSharedSecret(t *testing.T) {
	t.Parallel()
	w := signedBy(t, oidctest.Options{Algorithm: "RS256"})
	w.idp.Misbehave(oidctest.Faults{SharedSecret: true})
	_, err := w.signIn("alice")
	wantError(t, err, oidc.ErrToken)
	w.idp.Misbehave(oidctest.Faults{SharedSecret: true, Discovery: map[string]any{
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}})
	w.rp = w.party()
	_, err = w.signIn("alice")
	wantError(t, err, oidc.ErrToken)
}

func TestAShortRSAKeyVerifiesNothing(t *testing.T) {
	t.Parallel()
	w := signedBy(t, oidctest.Options{Algorithm: "RS256", Bits: 1024})
	if _, err := w.signIn("alice"); err == nil {
		t.Error("let in by a key of 1024 bits")
	}
}

func TestAKeyVerifiesOnlyWhatItIsFor(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]oidctest.Faults{
		"encryption":        {KeyUse: "enc"},
		"another algorithm": {KeyAlgorithm: "ES384"},
	} {
		w := newWorld(t)
		w.idp.Misbehave(f)
		if _, err := w.signIn("alice"); err == nil {
			t.Errorf("%s: let in", name)
		}
	}
}

func TestKeysOfOtherKindsHinderNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{OtherKeys: []any{
		map[string]any{"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
		map[string]any{"kty": "OKP", "crv": "X448", "x": "AAAA"},
		map[string]any{"kty": "EC", "crv": "secp256k1"},
		map[string]any{"kty": "XYZ"}, 7, "key", nil,
	}})
	w.mustSignIn("alice")
}

func TestATokenWithoutKeyIDIsTriedOnTheKeysThereAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Misbehave(oidctest.Faults{NoKeyID: true})
	w.mustSignIn("alice")
	w.idp.Misbehave(oidctest.Faults{NoKeyID: true, ForeignKey: true})
	_, err := w.signIn("alice")
	wantError(t, err, oidc.ErrToken)
}
