package workload

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"mlgate/auth/workload/issuertest"
)

// benchKeys are one key of each kind that issuers use.
func benchKeys(b *testing.B) map[string]issuertest.Key {
	b.Helper()
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	key := func(alg string, private crypto.Signer) issuertest.Key {
		return issuertest.Key{ID: "k", Alg: alg, Private: private}
	}
	return map[string]issuertest.Key{"RS256": key("RS256", large), "ES256": issuertest.NewKey(b, "k"), "EdDSA": key("EdDSA", edwards)}
}

// busy are claims of the size that GitHub's tokens have.
func busy() issuertest.Claims {
	c := issuertest.Claims{}
	for _, name := range []string{
		"actor", "actor_id", "base_ref", "check_run_id", "environment", "event_name", "head_ref", "job_workflow_ref", "job_workflow_sha",
		"ref", "ref_protected", "ref_type", "repository", "repository_id", "repository_owner", "repository_owner_id", "repository_visibility",
		"run_attempt", "run_id", "run_number", "runner_environment", "sha", "workflow", "workflow_ref", "workflow_sha",
	} {
		c[name] = "0123456789012345678901234567890123456789"
	}
	return c
}

// What the first call of a job costs.
func BenchmarkVerifyCold(b *testing.B) {
	for alg, key := range benchKeys(b) {
		b.Run(alg, func(b *testing.B) {
			w := newWorld(b)
			w.issuer.SetKeys(key)
			token := w.issuer.Token(b, job, busy())
			w.passes(b, token)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.check(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What all others cost.
func BenchmarkVerifiedJWT(b *testing.B) {
	w := newWorld(b)
	r := bearer(w.issuer.Token(b, job, busy()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}

// What a forged token costs whoever has to refuse it.
func BenchmarkForged(b *testing.B) {
	for alg, key := range benchKeys(b) {
		b.Run(alg, func(b *testing.B) {
			w := newWorld(b)
			w.issuer.SetKeys(key)
			token := w.issuer.Token(b, job, busy())
			w.passes(b, token)
			forged := token[:len(token)-20] + "AAAAAAAAAAAAAAAAAAAA"
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.check(b.Context(), forged); err == nil {
					b.Fatal("taken")
				}
			}
		})
	}
}
