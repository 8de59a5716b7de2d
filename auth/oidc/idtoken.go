package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	// skew is how far apart two clocks may be.
	skew = time.Minute
	// maxToken bounds a token: hundreds of groups fit.
	maxToken = 256 << 10
)

// token is a signed token of the provider, verified.
type token struct {
	claims
	raw       string
	algorithm string
	kind      string // typ of the header
}

// verifyIDToken checks everything but the nonce, which is not repeated at a
// renewal.
func (p *Provider) verifyIDToken(ctx context.Context, m *metadata, raw string) (*token, error) {
	if raw == "" {
		return nil, distrust(errors.New("the provider sent no id token: is openid among the scopes?"))
	}
	t, err := p.verifyToken(ctx, m, raw)
	if err != nil {
		return nil, err
	}
	// A logout token or an access token is signed by the same key: it must not
	// pass for an id token.
	if t.kind != "" && t.kind != "jwt" {
		return nil, distrust(fmt.Errorf("id token: it is of type %s", short(t.kind)))
	}
	if err := p.checkClaims(t); err != nil {
		return nil, distrust(fmt.Errorf("id token: %w", err))
	}
	if err := p.checkParty(t); err != nil {
		return nil, distrust(fmt.Errorf("id token: %w", err))
	}
	return t, nil
}

// verifyToken checks signature, issuer and audience, by go-oidc, and reads the
// claims again strictly: go-oidc takes a member "ISS" for "iss", and the last
// of two for the only one.
func (p *Provider) verifyToken(ctx context.Context, m *metadata, raw string) (*token, error) {
	head, err := header(raw, m.algorithms)
	if err != nil {
		return nil, distrust(err)
	}
	sig := &signature{p: p}
	verifier := gooidc.NewVerifier(p.opts.Issuer, sig, &gooidc.Config{
		ClientID:             p.opts.ClientID,
		SupportedSigningAlgs: m.algorithms,
		SkipExpiryCheck:      true, // checkClaims does, with skew
	})
	verified, err := verifier.Verify(ctx, raw)
	if sig.unavailable != nil {
		var known *Error
		if errors.As(sig.unavailable, &known) {
			return nil, known
		}
		return nil, fail(ErrUnavailable, sayLater, sig.unavailable)
	}
	if err != nil {
		return nil, distrust(errors.New(short(err.Error())))
	}
	var payload rawJSON
	if err := verified.Claims(&payload); err != nil {
		return nil, distrust(errors.New("claims are not JSON"))
	}
	c, err := readClaims(payload)
	if err != nil {
		return nil, distrust(err)
	}
	kind, _ := head.ExtraHeaders[jose.HeaderType].(string)
	kind = strings.TrimPrefix(strings.ToLower(kind), "application/")
	return &token{claims: c, raw: raw, algorithm: head.Algorithm, kind: kind}, nil
}

// header reads the header of a token in the compact form and refuses every
// other form and algorithm, before any key is looked for.
func header(raw string, accepted []string) (jose.Header, error) {
	if len(raw) > maxToken || strings.Count(raw, ".") != 2 || strings.ContainsAny(raw, "{}\" \t\r\n") {
		return jose.Header{}, errors.New("not a signed token")
	}
	algs := make([]jose.SignatureAlgorithm, 0, len(accepted))
	for _, a := range accepted {
		algs = append(algs, jose.SignatureAlgorithm(a))
	}
	parsed, err := jose.ParseSignedCompact(raw, algs)
	if err != nil || len(parsed.Signatures) != 1 {
		return jose.Header{}, errors.New("not a token signed with an accepted algorithm")
	}
	return parsed.Signatures[0].Protected, nil
}

// checkClaims are the checks that ID tokens and logout tokens share.
func (p *Provider) checkClaims(t *token) error {
	if t.text("iss") != p.opts.Issuer {
		return errors.New("of another issuer")
	}
	audience, err := t.texts("aud")
	if err != nil || !slices.Contains(audience, p.opts.ClientID) {
		return errors.New("for another audience")
	}
	return t.checkTimes(p.opts.Now())
}

// checkParty refuses an ID token that some other client asked for.
func (p *Provider) checkParty(t *token) error {
	audience, _ := t.texts("aud")
	party, named := t.claims["azp"]
	if len(audience) > 1 && !named || named && party != p.opts.ClientID {
		return errors.New("issued to another party (azp)")
	}
	if sub := t.text("sub"); sub == "" || len(sub) > 255 {
		return errors.New("no subject, or a long one")
	}
	return nil
}

func (t *token) checkTimes(now time.Time) error {
	expires, ok := t.time("exp")
	if !ok || !now.Before(expires.Add(skew)) {
		return errors.New("expired, or it does not say when it does")
	}
	issued, ok := t.time("iat")
	if !ok || issued.After(now.Add(skew)) {
		return errors.New("issued in the future, or it does not say when (compare the clocks)")
	}
	if _, given := t.claims["nbf"]; given {
		if from, ok := t.time("nbf"); !ok || from.After(now.Add(skew)) {
			return errors.New("not valid yet (compare the clocks)")
		}
	}
	return nil
}

// matches checks the access token against at_hash, where that is given: an
// access token swapped on the way would ask userinfo about another person.
func (t *token) matches(accessToken string) error {
	want, given := t.claims["at_hash"]
	if !given {
		return nil
	}
	var sum []byte
	switch {
	case strings.HasSuffix(t.algorithm, "256"):
		s := sha256.Sum256([]byte(accessToken))
		sum = s[:]
	case strings.HasSuffix(t.algorithm, "384"):
		s := sha512.Sum384([]byte(accessToken))
		sum = s[:]
	default: // …512, and EdDSA with Ed25519
		s := sha512.Sum512([]byte(accessToken))
		sum = s[:]
	}
	got := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	text, _ := want.(string)
	if subtle.ConstantTimeCompare([]byte(got), []byte(text)) != 1 {
		return errors.New("id token: at_hash of another access token")
	}
	return nil
}
