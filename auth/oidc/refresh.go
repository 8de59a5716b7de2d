package oidc

import (
	"context"
	"errors"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"mlgate/auth"
)

// Refresh asks the provider again who subject is and which groups they are in,
// by the refresh token of their last Person.
//
// A refresh token is spent by one use at many providers, and a second use
// looks like theft: see to it that only one process renews a session at a
// time. Where an error comes after the token was spent (userinfo is down, say),
// the Person holds the new RefreshToken and nothing else: keep it.
//
// ErrUnavailable says nothing about the person. Every other error means that
// the provider, or what it says, no longer vouches for them.
func (p *Provider) Refresh(ctx context.Context, refreshToken auth.Secret, subject string) (Person, error) {
	if refreshToken.Reveal() == "" || subject == "" {
		return Person{}, fail(ErrRefused, sayAgain, errors.New("no refresh token is held"))
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return Person{}, err
	}
	old := &oauth2.Token{RefreshToken: refreshToken.Reveal()}
	answer, err := m.oauth.TokenSource(gooidc.ClientContext(ctx, p.client), old).Token()
	if err != nil {
		return Person{}, tokenError(err, "renew")
	}
	person, err := p.renewed(ctx, m, answer, subject)
	if err != nil {
		return Person{RefreshToken: auth.NewSecret(answer.RefreshToken)}, err
	}
	return person, nil
}

func (p *Provider) renewed(ctx context.Context, m *metadata, answer *oauth2.Token, subject string) (Person, error) {
	raw, _ := answer.Extra("id_token").(string)
	if raw == "" {
		return p.renewedWithoutIDToken(ctx, m, answer, subject)
	}
	t, err := p.verifyIDToken(ctx, m, raw)
	if err != nil {
		return Person{}, err
	}
	if t.text("sub") != subject {
		return Person{}, distrust(errors.New("renewal: about another person (sub)"))
	}
	if err := t.matches(answer.AccessToken); err != nil {
		return Person{}, distrust(err)
	}
	return p.person(ctx, m, t, answer)
}

// renewedWithoutIDToken asks userinfo instead: a provider need not send an ID
// token at a renewal, and the one of the sign-in tells the groups of then.
func (p *Provider) renewedWithoutIDToken(ctx context.Context, m *metadata, answer *oauth2.Token, subject string) (Person, error) {
	if m.userInfo == "" {
		return Person{}, fail(ErrSetup, sayAdmin, errors.New("renewal: the provider sends no id token and has no userinfo"))
	}
	c, err := p.userInfo(ctx, m, answer.AccessToken, subject)
	if err != nil {
		return Person{}, err
	}
	person, err := p.named(c)
	if err != nil {
		return Person{}, err
	}
	person.RefreshToken = auth.NewSecret(answer.RefreshToken)
	return person, nil
}
