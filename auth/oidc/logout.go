package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"mlgate/auth"
)

// logoutEvent makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// maxHint bounds the ID token in an address: many servers take 8 kB of it.
const maxHint = 6000

// Logout says which sessions the provider ended.
type Logout struct {
	// Issuer is the provider's.
	Issuer string
	// Subject's sessions end: all, or where SID is given only that one. One of
	// the two is never empty.
	Subject, SID string
	// ID is the token's own (jti). The caller refuses one seen before, and
	// remembers it until Expires.
	ID      string
	Expires time.Time
}

// ReadLogoutToken reads what a provider posts to the back channel as
// logout_token. Anyone can post there: what is returned without an error was
// signed by the provider for this client, just now, to end sessions, and may
// still be a replay (see Logout.ID).
func (p *Provider) ReadLogoutToken(ctx context.Context, text string) (Logout, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return Logout{}, err
	}
	t, err := p.verifyToken(ctx, m, text)
	if err != nil {
		return Logout{}, err
	}
	// Providers older than the standard send no type, or JWT. Then the event
	// tells a logout token from others, and the nonce an ID token.
	if t.kind != "logout+jwt" && t.kind != "jwt" && t.kind != "" {
		return Logout{}, distrust(fmt.Errorf("logout token: it is of type %s", short(t.kind)))
	}
	if err := p.checkClaims(t); err != nil {
		return Logout{}, distrust(fmt.Errorf("logout token: %w", err))
	}
	l, err := t.logout()
	if err != nil {
		return Logout{}, distrust(fmt.Errorf("logout token: %w", err))
	}
	return l, nil
}

// logout reads the claims that only a logout token has.
func (t *token) logout() (Logout, error) {
	events, _ := t.claims["events"].(map[string]any)
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return Logout{}, errors.New("without the event of a logout")
	}
	if _, ok := t.claims["nonce"]; ok {
		return Logout{}, errors.New("with a nonce: it is an id token")
	}
	for _, name := range []string{"sub", "sid", "jti"} {
		value, given := t.claims[name]
		if s, ok := value.(string); given && (!ok || s == "" || len(s) > 255) {
			return Logout{}, fmt.Errorf("%s is no text of 1 to 255 bytes", name)
		}
	}
	expires, _ := t.time("exp")
	l := Logout{
		Issuer: t.text("iss"), Subject: t.text("sub"), SID: t.text("sid"), ID: t.text("jti"),
		Expires: expires.Add(skew),
	}
	if l.ID == "" {
		return Logout{}, errors.New("without an id (jti): a replay could not be told")
	}
	if l.Subject == "" && l.SID == "" {
		return Logout{}, errors.New("with neither subject nor session")
	}
	return l, nil
}

// EndSessionURL is the address to send the browser to so that the provider
// ends its own session too, or empty where the provider has none. The state
// comes back to postLogout in the query; both may be empty.
func (p *Provider) EndSessionURL(ctx context.Context, idTokenHint auth.Secret, postLogout, state string) (string, error) {
	m, err := p.metadata(ctx)
	if err != nil || m.endSession == "" {
		return "", err
	}
	u, err := url.Parse(m.endSession)
	if err != nil {
		return "", fail(ErrSetup, sayAdmin, errors.New("end_session_endpoint is no URL"))
	}
	q := u.Query()
	q.Set("client_id", p.opts.ClientID)
	if hint := idTokenHint.Reveal(); hint != "" && len(hint) <= maxHint {
		q.Set("id_token_hint", hint)
	}
	if postLogout != "" {
		q.Set("post_logout_redirect_uri", postLogout)
		if state != "" {
			q.Set("state", state)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
