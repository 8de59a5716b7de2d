package oidc

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// key is a public key that may have signed a token.
type key = jose.JSONWebKey

// maxKeys bounds the keys kept of one provider: each is tried on a token
// without a key id.
const maxKeys = 64

func newKeyCache(p *Provider) *cached[[]key] {
	return &cached[[]key]{
		fetch:  p.fetchKeys,
		now:    p.opts.Now,
		failed: p.warn,
		fresh:  time.Hour,
		stale:  24 * time.Hour,
		pause:  10 * time.Second,
	}
}

func (p *Provider) fetchKeys(ctx context.Context) ([]key, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	body, err := p.read(ctx, m.jwks, "")
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("keys: not a key set")
	}
	var keys []key
	for _, raw := range set.Keys {
		var k key
		// A key of a kind unknown here is no reason to refuse the others.
		if json.Unmarshal(raw, &k) == nil && signs(&k) && len(keys) < maxKeys {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("keys: none that is usable here")
	}
	p.opts.Logger.InfoContext(ctx, "sign-in provider's keys fetched", "provider", p.opts.Name, "keys", len(keys), "left_out", len(set.Keys)-len(keys))
	return keys, nil
}

// signs leaves keys out that must not verify anything: secrets ("oct"), keys
// for encryption, RSA keys that are too short.
func signs(k *key) bool {
	if !k.Valid() || !k.IsPublic() || (k.Use != "" && k.Use != "sig") {
		return false
	}
	if r, ok := k.Key.(*rsa.PublicKey); ok {
		return r.N.BitLen() >= 2048
	}
	return true
}

// signature verifies one token for go-oidc. It keeps the reason why there were
// no keys, because go-oidc turns errors into text.
type signature struct {
	p           *Provider
	unavailable error
}

var _ gooidc.KeySet = (*signature)(nil)

// VerifySignature implements go-oidc's KeySet. Algorithms were checked before.
func (s *signature) VerifySignature(ctx context.Context, text string) ([]byte, error) {
	algs := make([]jose.SignatureAlgorithm, 0, 10)
	for _, a := range algorithms() {
		algs = append(algs, jose.SignatureAlgorithm(a))
	}
	token, err := jose.ParseSignedCompact(text, algs)
	if err != nil || len(token.Signatures) != 1 {
		return nil, errors.New("malformed token")
	}
	keys, err := s.p.keys.get(ctx, func(keys []key) bool { return verify(token, keys) != nil })
	if err != nil {
		s.unavailable = err
		return nil, err
	}
	payload := verify(token, keys)
	if payload == nil {
		return nil, errors.New("signed by no key of the provider")
	}
	return payload, nil
}

// verify returns what token says if one of keys signed it, else nil.
func verify(token *jose.JSONWebSignature, keys []key) []byte {
	header := token.Signatures[0].Protected
	for i := range keys {
		k := &keys[i]
		named := header.KeyID == "" || k.KeyID == header.KeyID
		if !named || (k.Algorithm != "" && k.Algorithm != header.Algorithm) {
			continue
		}
		if payload, err := token.Verify(k); err == nil {
			return payload
		}
	}
	return nil
}
