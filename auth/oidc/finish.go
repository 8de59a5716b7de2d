package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Finish turns what the browser brought back into a Person. The caller found
// login by the browser's cookie and has already forgotten it: no code and no
// state counts twice.
func (p *Provider) Finish(ctx context.Context, login Login, query url.Values) (Person, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return Person{}, err
	}
	code, err := p.readCallback(m, login, query)
	if err != nil {
		return Person{}, err
	}
	answer, err := m.oauth.Exchange(gooidc.ClientContext(ctx, p.client), code, oauth2.VerifierOption(login.Verifier))
	if err != nil {
		return Person{}, tokenError(err, "redeem the code")
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := p.verifyIDToken(ctx, m, raw)
	if err != nil {
		return Person{}, err
	}
	if subtle.ConstantTimeCompare([]byte(token.text("nonce")), []byte(login.Nonce)) != 1 {
		return Person{}, distrust(errors.New("id token: nonce of another sign-in"))
	}
	if err := token.matches(answer.AccessToken); err != nil {
		return Person{}, distrust(err)
	}
	return p.person(ctx, m, token, answer)
}

// readCallback returns the code. Everything in query is the attacker's choice
// until the state is found equal; only then does even an error count.
func (p *Provider) readCallback(m *metadata, login Login, query url.Values) (string, error) {
	for _, name := range []string{"state", "code", "iss", "error"} {
		if len(query[name]) > 1 {
			return "", fail(ErrLogin, sayAgain, fmt.Errorf("%s is given more than once", name))
		}
	}
	if login.Provider != p.opts.Name {
		return "", fail(ErrLogin, sayAgain, errors.New("the sign-in was begun at another provider"))
	}
	// An empty state would be equal to the one of a Login that is not there.
	if login.State == "" || login.Nonce == "" || login.Verifier == "" ||
		subtle.ConstantTimeCompare([]byte(login.State), []byte(query.Get("state"))) != 1 {
		return "", fail(ErrLogin, sayAgain, errors.New("state of another sign-in"))
	}
	if age := p.opts.Now().Sub(login.Created); age > LoginLifetime || age < -skew {
		return "", fail(ErrLogin, "Signing in took too long. "+sayAgain, errors.New("the sign-in was begun too long ago"))
	}
	if err := p.checkIssuer(m, query); err != nil {
		return "", err
	}
	if query.Has("error") {
		return "", callbackError(query.Get("error"))
	}
	if query.Get("code") == "" {
		return "", fail(ErrLogin, sayAgain, errors.New("neither code nor error came back"))
	}
	return query.Get("code"), nil
}

// checkIssuer refuses an answer of another provider (RFC 9207): otherwise a
// dishonest one among several could have the code of an honest one sent to it.
func (p *Provider) checkIssuer(m *metadata, query url.Values) error {
	if query.Has("iss") && query.Get("iss") != p.opts.Issuer {
		return distrust(errors.New("the answer is of another provider (iss)"))
	}
	if m.issuerNamed && !query.Has("iss") {
		return distrust(errors.New("the answer does not say of which provider it is (iss)"))
	}
	return nil
}

func distrust(cause error) *Error { return fail(ErrToken, sayNoTrust, cause) }

func callbackError(code string) *Error {
	cause := fmt.Errorf("the provider answers %s", short(code))
	switch code {
	case "access_denied":
		return fail(ErrRefused, "The sign-in service did not let you in, or you cancelled. "+sayAgain, cause)
	case "temporarily_unavailable", "server_error":
		return fail(ErrUnavailable, sayLater, cause)
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		return fail(ErrRefused, sayAgain, cause)
	}
	return fail(ErrSetup, sayAdmin, cause)
}

// tokenError sorts failures of the token endpoint. The body of the answer is
// left out: a provider may repeat in it what we sent.
func tokenError(err error, doing string) *Error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return fail(ErrUnavailable, sayLater, fmt.Errorf("%s: %s", doing, withoutQuery(err)))
	}
	status := 0
	if answer.Response != nil {
		status = answer.Response.StatusCode
	}
	cause := fmt.Errorf("%s: the provider answers %d %s", doing, status, short(answer.ErrorCode))
	switch {
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return fail(ErrUnavailable, sayLater, cause)
	case answer.ErrorCode == "invalid_grant":
		return fail(ErrRefused, sayAgain, cause)
	case answer.ErrorCode == "temporarily_unavailable" || answer.ErrorCode == "server_error":
		return fail(ErrUnavailable, sayLater, cause)
	}
	return fail(ErrSetup, sayAdmin, cause)
}

// withoutQuery is the reason of a failed request without its address.
func withoutQuery(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return short(u.Err.Error())
	}
	return short(err.Error())
}
