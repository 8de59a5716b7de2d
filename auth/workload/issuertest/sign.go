package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms
	_ "crypto/sha512"
	"testing"
)

// sign is a bare signature over any bytes, by the standard library alone: what
// checks tokens must not be what makes them.
func sign(t testing.TB, key Key, input []byte) []byte {
	t.Helper()
	if key.Alg == "EdDSA" {
		return signed(t, key, input, crypto.Hash(0))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[key.Alg[2:]]
	h := hash.New()
	h.Write(input)
	digest := h.Sum(nil)
	switch key.Alg[0] {
	case 'E':
		return twoNumbers(t, key.Private.(*ecdsa.PrivateKey), digest)
	case 'P':
		return signed(t, key, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
	}
	return signed(t, key, digest, hash)
}

func signed(t testing.TB, key Key, digest []byte, opts crypto.SignerOpts) []byte {
	t.Helper()
	signature, err := key.Private.Sign(rand.Reader, digest, opts)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// twoNumbers is an ECDSA signature as JOSE has it: r and s side by side.
func twoNumbers(t testing.TB, key *ecdsa.PrivateKey, digest []byte) []byte {
	t.Helper()
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	size := (key.Params().BitSize + 7) / 8
	both := make([]byte, 2*size)
	r.FillBytes(both[:size])
	s.FillBytes(both[size:])
	return both
}
