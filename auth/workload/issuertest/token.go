package issuertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"testing"
	"time"
)

// Claims are the payload of a token.
type Claims map[string]any

// Claims of a sound token for the audience mlgate, which a test changes as it
// likes: with a value, or with nil to leave a claim out.
func (i *Issuer) Claims(subject string, change Claims) Claims {
	now := time.Now()
	c := Claims{
		"iss": i.URL(), "aud": "mlgate", "sub": subject,
		"exp": now.Add(5 * time.Minute).Unix(), "nbf": now.Add(-time.Second).Unix(), "iat": now.Unix(),
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// Token signs a sound token of a subject, with changed claims.
func (i *Issuer) Token(t testing.TB, subject string, change Claims) string {
	t.Helper()
	return i.Sign(t, i.Claims(subject, change))
}

// Sign signs any claims with the issuer's key.
func (i *Issuer) Sign(t testing.TB, c Claims) string {
	t.Helper()
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return SignRaw(t, i.Key(), nil, payload)
}

// SignRaw signs any payload, with header members laid over the usual ones: nil
// leaves one out.
func SignRaw(t testing.TB, key Key, header map[string]any, payload []byte) string {
	t.Helper()
	members := map[string]any{"alg": key.Alg, "typ": "JWT", "kid": key.ID}
	if key.ID == "" {
		delete(members, "kid")
	}
	maps.Copy(members, header)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	raw, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return SignBytes(t, key, raw, payload)
}

// SignBytes signs a header as it is, duplicate members and all.
func SignBytes(t testing.TB, key Key, header, payload []byte) string {
	t.Helper()
	input := encode(header) + "." + encode(payload)
	return input + "." + encode(sign(t, key, []byte(input)))
}

// Unsigned is a token with the algorithm none and no signature.
func Unsigned(t testing.TB, alg string, c Claims) string {
	t.Helper()
	header, err := json.Marshal(map[string]string{"alg": alg, "typ": "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return encode(header) + "." + encode(payload) + "."
}

// SignedWithPublicKey is a token with the algorithm HS256 whose secret is the
// issuer's public key, in each of the forms that are to be had: PEM, DER, and the
// key set as it was published.
func (i *Issuer) SignedWithPublicKey(t testing.TB, c Claims) []string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(i.Key().Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	header, err := json.Marshal(map[string]string{"alg": "HS256", "typ": "JWT", "kid": i.Key().ID})
	if err != nil {
		t.Fatal(err)
	}
	input := encode(header) + "." + encode(payload)
	var tokens []string
	for _, secret := range [][]byte{pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), der, i.JWKS()} {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		tokens = append(tokens, input+"."+encode(mac.Sum(nil)))
	}
	return tokens
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
