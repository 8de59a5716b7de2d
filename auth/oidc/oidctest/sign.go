package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

type signingKey struct {
	id, algorithm string
	key           crypto.Signer
}

// newKey makes a key for the algorithm of the options.
func (p *Provider) newKey() signingKey {
	k := signingKey{id: random(), algorithm: p.opts.Algorithm}
	var err error
	switch p.opts.Algorithm {
	case "ES384":
		k.key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		k.key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, k.key, err = ed25519.GenerateKey(rand.Reader)
	case "ES256":
		k.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		k.key, err = rsa.GenerateKey(rand.Reader, p.opts.Bits)
	}
	if err != nil {
		panic(fmt.Sprintf("key for %s: %v", p.opts.Algorithm, err))
	}
	return k
}

// RotateKeys signs with a new key from now on and publishes no other.
func (p *Provider) RotateKeys() {
	k := p.newKey()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = []signingKey{k}
}

func (p *Provider) signer() signingKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[0]
}

func (p *Provider) publishKeys(w http.ResponseWriter, _ *http.Request) {
	f, k := p.Faults(), p.signer()
	jwk := jose.JSONWebKey{Key: k.key.Public(), KeyID: k.id, Algorithm: k.algorithm, Use: "sig"}
	if f.KeyUse != "" {
		jwk.Use = f.KeyUse
	}
	if f.KeyAlgorithm != "" {
		jwk.Algorithm = f.KeyAlgorithm
	}
	if f.NoKeyID {
		jwk.KeyID = ""
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": append(slices.Clone(f.OtherKeys), jwk)})
}

// sign writes a token as the faults say.
func (p *Provider) sign(f Faults, kind string, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(fmt.Sprintf("claims: %v", err))
	}
	if f.Twice {
		payload = append([]byte(`{"sub":"sub-twice",`), payload[1:]...)
	}
	k := p.signer()
	header := map[string]any{"typ": kind, "kid": k.id}
	if f.NoKeyID {
		delete(header, "kid")
	}
	if kind == "" {
		delete(header, "typ")
	}
	for name, value := range f.Header {
		header[name] = value
	}
	switch {
	case f.Unsigned:
		header["alg"] = "none"
		return encode(header, payload) + "."
	case f.SharedSecret:
		header["alg"] = "HS256"
		text := encode(header, payload)
		mac := hmac.New(sha256.New, publicPEM(k))
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	case f.ForeignKey:
		k.key = p.newKey().key
	}
	return signed(k, header, payload)
}

func signed(k signingKey, header map[string]any, payload []byte) string {
	options := &jose.SignerOptions{}
	for name, value := range header {
		options = options.WithHeader(jose.HeaderKey(name), value)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.algorithm), Key: k.key}, options)
	if err != nil {
		panic(fmt.Sprintf("signer: %v", err))
	}
	token, err := s.Sign(payload)
	if err != nil {
		panic(fmt.Sprintf("sign: %v", err))
	}
	text, err := token.CompactSerialize()
	if err != nil {
		panic(fmt.Sprintf("serialise: %v", err))
	}
	return text
}

func encode(header map[string]any, payload []byte) string {
	head, _ := json.Marshal(header)
	return base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
}

func publicPEM(k signingKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(k.key.Public())
	if err != nil {
		panic(fmt.Sprintf("public key: %v", err))
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
