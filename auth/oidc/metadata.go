package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// metadata is what the provider says of itself, checked.
type metadata struct {
	oauth       oauth2.Config
	jwks        string
	userInfo    string
	endSession  string
	algorithms  []string
	issuerNamed bool // RFC 9207: answers carry iss
}

// published are the parts of the discovery document that go-oidc keeps raw.
type published struct {
	Auth        string   `json:"authorization_endpoint"`
	Token       string   `json:"token_endpoint"`
	JWKS        string   `json:"jwks_uri"`
	UserInfo    string   `json:"userinfo_endpoint"`
	EndSession  string   `json:"end_session_endpoint"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth   []string `json:"token_endpoint_auth_methods_supported"`
	IssuerNamed bool     `json:"authorization_response_iss_parameter_supported"`
}

// algorithms that an ID token or logout token may be signed with: asymmetric
// ones. With "none" anyone, and with HMAC whoever knows a public key or the
// client secret, could write tokens.
func algorithms() []string {
	return []string{
		gooidc.RS256, gooidc.RS384, gooidc.RS512,
		gooidc.PS256, gooidc.PS384, gooidc.PS512,
		gooidc.ES256, gooidc.ES384, gooidc.ES512, gooidc.EdDSA,
	}
}

func newMetadataCache(p *Provider) *cached[*metadata] {
	return &cached[*metadata]{
		fetch:  p.discover,
		now:    p.opts.Now,
		failed: p.warn,
		fresh:  time.Hour,
		stale:  7 * 24 * time.Hour,
		pause:  10 * time.Second,
	}
}

// metadata returns what is known of the provider, asking it if need be.
func (p *Provider) metadata(ctx context.Context) (*metadata, error) {
	m, err := p.meta.get(ctx, func(*metadata) bool { return true })
	if err == nil {
		return m, nil
	}
	var known *Error
	if errors.As(err, &known) {
		return nil, known
	}
	return nil, fail(ErrUnavailable, sayLater, fmt.Errorf("discover %s: %w", p.opts.Name, err))
}

func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	found, err := gooidc.NewProvider(gooidc.ClientContext(ctx, p.client), p.opts.Issuer)
	var mismatch *gooidc.IssuerMismatchError
	if errors.As(err, &mismatch) {
		return nil, fail(ErrSetup, sayAdmin, fmt.Errorf("the provider calls itself %s, the settings say issuer %q: write it exactly so",
			short(mismatch.Discovered), p.opts.Issuer))
	}
	if err != nil {
		return nil, fail(ErrUnavailable, sayLater, errors.New("discovery: "+short(err.Error())))
	}
	var doc published
	if err := found.Claims(&doc); err != nil {
		return nil, fail(ErrSetup, sayAdmin, errors.New("discovery document is not understood"))
	}
	m, err := p.check(&doc)
	if err != nil {
		return nil, fail(ErrSetup, sayAdmin, fmt.Errorf("discovery document: %w", err))
	}
	p.opts.Logger.InfoContext(ctx, "sign-in provider discovered", "provider", p.opts.Name, "algorithms", m.algorithms, "iss_in_answers", m.issuerNamed)
	return m, nil
}

func (p *Provider) check(doc *published) (*metadata, error) {
	for _, u := range []string{doc.Auth, doc.Token, doc.JWKS} {
		if _, err := safeURL(u); err != nil {
			return nil, fmt.Errorf("endpoint %w", err)
		}
	}
	for _, u := range []string{doc.UserInfo, doc.EndSession} {
		if u == "" {
			continue
		}
		if _, err := safeURL(u); err != nil {
			return nil, fmt.Errorf("endpoint %w", err)
		}
	}
	algs := algorithms()
	if len(doc.Algorithms) > 0 {
		algs = slices.DeleteFunc(algs, func(a string) bool { return !slices.Contains(doc.Algorithms, a) })
	}
	if len(algs) == 0 {
		return nil, fmt.Errorf("it offers no signature algorithm that is accepted here (%v)", algorithms())
	}
	return &metadata{
		oauth: oauth2.Config{
			ClientID:     p.opts.ClientID,
			ClientSecret: p.opts.ClientSecret.Reveal(),
			Endpoint:     oauth2.Endpoint{AuthURL: doc.Auth, TokenURL: doc.Token, AuthStyle: p.authStyle(doc.TokenAuth)},
			RedirectURL:  p.opts.RedirectURL,
			Scopes:       p.opts.Scopes,
		},
		jwks: doc.JWKS, userInfo: doc.UserInfo, endSession: doc.EndSession,
		algorithms: algs, issuerNamed: doc.IssuerNamed,
	}, nil
}

// authStyle settles how the client secret travels. Left to find out by itself,
// the oauth2 package tries one way and then the other, and a code or refresh
// token that is sent twice looks stolen to the provider.
func (p *Provider) authStyle(methods []string) oauth2.AuthStyle {
	if p.opts.ClientSecret.Reveal() == "" {
		return oauth2.AuthStyleInParams
	}
	if len(methods) > 0 && !slices.Contains(methods, "client_secret_basic") && slices.Contains(methods, "client_secret_post") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
