package workload

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// algorithms are the signatures that count: asymmetric ones only. With HMAC in
// the list, a public key would be a secret with which anybody signs.
var algorithms = [...]jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

func isAllowed(alg string) bool {
	return slices.Contains(algorithms[:], jose.SignatureAlgorithm(alg))
}

// maxKeys bounds a key set. Real ones hold a handful.
const maxKeys = 100

// errUnknownKey means that the set may be older than the key that signed.
var errUnknownKey = errors.New("signed by a key that is not known")

// keySet are the keys of one issuer at one time. It is immutable.
type keySet struct {
	keys    []jose.JSONWebKey
	print   [sha256.Size]byte // of the keys: sets with equal prints are the same
	fetched time.Time
}

// parseKeys reads a JWK set. Keys that sign nothing here (encryption, symmetric
// and private ones, small or odd ones) are passed over; a set without any
// other is an error.
func parseKeys(raw []byte, fetched time.Time) (*keySet, error) {
	var list struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("not a JSON Web Key set (want {\"keys\": [...]})")
	}
	if len(list.Keys) > maxKeys {
		return nil, fmt.Errorf("more than %d keys", maxKeys)
	}
	set := &keySet{fetched: fetched}
	for _, one := range list.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(one) == nil && usable(key) {
			set.keys = append(set.keys, key)
		}
	}
	if len(set.keys) == 0 {
		return nil, fmt.Errorf("none of its %d keys can check a signature", len(list.Keys))
	}
	var all bytes.Buffer
	for _, key := range set.keys {
		text, err := key.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("write a key: %w", err)
		}
		all.Write(text)
	}
	set.print = sha256.Sum256(all.Bytes())
	return set, nil
}

func usable(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" || !key.Valid() || !key.IsPublic() {
		return false
	}
	if key.Algorithm != "" && !isAllowed(key.Algorithm) {
		return false
	}
	return slices.ContainsFunc(algorithms[:], func(a jose.SignatureAlgorithm) bool { return suits(key.Key, a) })
}

// suits reports whether a key is of the kind that an algorithm needs.
func suits(key crypto.PublicKey, alg jose.SignatureAlgorithm) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return bits >= 2048 && bits <= 8192 && (alg[0] == 'R' || alg[0] == 'P')
	case *ecdsa.PublicKey:
		return alg == map[int]jose.SignatureAlgorithm{256: jose.ES256, 384: jose.ES384, 521: jose.ES512}[k.Params().BitSize]
	case ed25519.PublicKey:
		return alg == jose.EdDSA
	}
	return false
}

// verify checks the signature of a token. It wraps errUnknownKey if a newer set
// may know better.
func (s *keySet) verify(t *token) error {
	alg := jose.SignatureAlgorithm(t.alg)
	if t.kid == "" && len(s.keys) > 1 {
		return refuse("it names no kid, and its issuer has %d keys", len(s.keys))
	}
	named, tried := false, false
	for i := range s.keys {
		key := &s.keys[i]
		if t.kid != "" && key.KeyID != t.kid {
			continue
		}
		named = true
		if key.Algorithm != "" && key.Algorithm != t.alg || !suits(key.Key, alg) {
			continue
		}
		tried = true
		if signed(t, alg, key.Key) {
			return nil
		}
	}
	switch {
	case !named, t.kid == "":
		return errUnknownKey
	case !tried:
		return refuse("algorithm %s does not belong to its key", t.alg)
	}
	return refuse("its signature is wrong")
}

// signed leaves the mathematics to go-jose, and holds that what it checked is
// what was read here.
func signed(t *token, alg jose.SignatureAlgorithm, key crypto.PublicKey) bool {
	jws, err := jose.ParseSignedCompact(t.text, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return false
	}
	payload, err := jws.Verify(key)
	return err == nil && bytes.Equal(payload, t.payload)
}

// told names a key for a person.
func told(key jose.JSONWebKey) string {
	kind := "RSA"
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		kind = k.Params().Name
	case ed25519.PublicKey:
		kind = "Ed25519"
	}
	if key.KeyID == "" {
		return kind + " without kid"
	}
	return fmt.Sprintf("%s %q", kind, key.KeyID)
}
