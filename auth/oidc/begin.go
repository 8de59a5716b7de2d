package oidc

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// LoginLifetime is how long a person may take at the provider.
const LoginLifetime = 15 * time.Minute

// Login is what has to be remembered between Begin and Finish. The caller
// keeps it where the browser cannot read or write it, hands it out once, and
// binds it to the browser by a cookie: a state alone would let an attacker
// send their own answer to somebody else's browser and so sign them in as the
// attacker.
//
// It encodes to JSON whole, secrets included; it prints without them.
type Login struct {
	// Provider is the Name of the provider.
	Provider string `json:"provider"`
	// State comes back in the query. It is a good key to keep the Login under.
	State string `json:"state"`
	// Nonce comes back in the ID token.
	Nonce string `json:"nonce"`
	// Verifier is the secret that only the redeemer of the code shows (PKCE).
	Verifier string `json:"verifier"`
	// Next is the caller's: where to go after signing in. It is not checked.
	Next string `json:"next,omitempty"`
	// Created is when the sign-in began.
	Created time.Time `json:"created"`
}

// Format implements fmt.Formatter: no verb prints what is secret.
func (l Login) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "sign-in at "+l.Provider)
}

// LogValue implements slog.LogValuer.
func (l Login) LogValue() slog.Value {
	return slog.GroupValue(slog.String("provider", l.Provider), slog.Time("created", l.Created))
}

// Begin returns the address to send the browser to and what to remember
// meanwhile.
func (p *Provider) Begin(ctx context.Context) (authURL string, login Login, err error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return "", Login{}, err
	}
	login = Login{
		Provider: p.opts.Name,
		State:    random(),
		Nonce:    random(),
		Verifier: oauth2.GenerateVerifier(),
		Created:  p.opts.Now(),
	}
	params := []oauth2.AuthCodeOption{gooidc.Nonce(login.Nonce), oauth2.S256ChallengeOption(login.Verifier)}
	for _, param := range p.opts.AuthorizeParams {
		params = append(params, oauth2.SetAuthURLParam(param.Name, param.Value))
	}
	authURL = m.oauth.AuthCodeURL(login.State, params...)
	return authURL, login, nil
}

// random returns 256 bits that nobody can guess.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
