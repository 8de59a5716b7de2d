package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"mlgate/auth"
	"mlgate/auth/oidc"
	"mlgate/auth/session"
	"mlgate/auth/store"
	"mlgate/proxy/console"
)

// browsers is what outlives a snapshot of those who sign in in the browser.
type browsers struct {
	external *url.URL
	cookies  *session.Cookies
	seal     *session.Seal
	store    store.Sessions
	once     store.Once
	log      *slog.Logger

	known map[string]*oidc.Provider // by their settings; used by one reload at a time
}

// newBrowsers returns nil where a cookie could be read on the way: then nobody signs
// in in the browser, and clients are as safe as they ever were.
func newBrowsers(external *url.URL, state state, log *slog.Logger) (*browsers, error) {
	cookies, err := session.NewCookies(external)
	if err != nil {
		log.Info("no sign-in in the browser", "why", err.Error())
		return nil, nil
	}
	seal, err := session.NewSeal()
	if err != nil {
		return nil, err
	}
	return &browsers{
		external: external, cookies: cookies, seal: seal, store: state.Sessions(), once: state.Once(), log: log,
	}, nil
}

// useSealKeys takes the gate's keys once they are known.
func (b *browsers) useSealKeys(keys [][]byte) error {
	if b == nil {
		return nil
	}
	return b.seal.Use(keys)
}

// signIn is how people sign in over the files in force; nil: they do not.
func (b *browsers) signIn(f *files, passwords auth.Authenticator) *console.SignIn {
	if b == nil {
		return nil
	}
	providers, known, err := relyingParties(f.providers, b.external, b.known, b.log)
	if err != nil { // readProviders made the same of them
		b.log.Error("company logins cannot be used", "error", err.Error())
	}
	if len(providers) == 0 && passwords == nil {
		return nil
	}
	b.known = known
	opts := session.Options{
		Store: b.store, Once: b.once, Seal: b.seal, Cookies: b.cookies,
		Idle: f.config.Sessions.Idle, Absolute: f.config.Sessions.Absolute,
		Refresh: f.config.Sessions.Refresh, MaxGroupAge: f.config.Sessions.MaxGroupAge,
		Renewer: renewer{providers, f.taken, b.log},
	}
	if f.users != nil {
		opts.Passwords = f.users
	}
	return &console.SignIn{
		Sessions: session.New(opts), Cookies: b.cookies, Seal: b.seal, Once: b.once,
		Passwords: passwords, Providers: providers, Taken: f.taken,
	}
}

// renewer asks providers about those who signed in there.
type renewer struct {
	providers oidc.Providers
	taken     func(provider, user string) string
	log       *slog.Logger
}

// Knows implements session.Renewer.
func (r renewer) Knows(name string) bool { return r.providers.Named(name) != nil }

// Renew implements session.Renewer.
func (r renewer) Renew(ctx context.Context, s *store.Session, secrets session.Secrets) (*session.Renewal, error) {
	p := r.providers.Named(s.Provider)
	if p == nil {
		return nil, fmt.Errorf("provider %s is not configured any more: %w", s.Provider, auth.ErrBadCredentials)
	}
	person, err := p.Refresh(ctx, auth.NewSecret(secrets.RefreshToken), s.Subject)
	if text := person.RefreshToken.Reveal(); text != "" {
		secrets.RefreshToken = text
	}
	if errors.Is(err, oidc.ErrUnavailable) {
		return &session.Renewal{User: s.User, Groups: s.Groups, Secrets: secrets}, err
	}
	if err == nil {
		if other := r.taken(s.Provider, person.User); other != "" {
			err = fmt.Errorf("the name is that of %s", other)
		}
	}
	if err != nil {
		r.log.InfoContext(ctx, "the provider no longer vouches: session ended", "provider", s.Provider, "user", s.User, "session_id", s.ID, "error", err.Error())
		return nil, fmt.Errorf("%w: %w", err, auth.ErrBadCredentials)
	}
	return &session.Renewal{User: person.User, Groups: person.Groups, Secrets: secrets}, nil
}
