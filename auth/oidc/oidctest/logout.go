package oidctest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// endSession ends the session of the token in id_token_hint and sends the
// browser on (RP-initiated logout).
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("id_token_hint") == "" && q.Get("client_id") != p.opts.ClientID {
		http.Error(w, "id_token_hint or client_id is needed", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	delete(p.sessions, hinted(q.Get("id_token_hint")))
	p.mu.Unlock()
	to := q.Get("post_logout_redirect_uri")
	if to == "" {
		_, _ = w.Write([]byte("You are signed out.\n"))
		return
	}
	if !allowed(p.opts.PostLogout, to) {
		http.Error(w, "unknown post_logout_redirect_uri", http.StatusBadRequest)
		return
	}
	sendBack(w, r, to, url.Values{"state": {q.Get("state")}})
}

// hinted is the session of an ID token. Its signature does not matter here:
// who holds the token may end the session.
func hinted(token string) string {
	var claims struct {
		SID string `json:"sid"`
	}
	if parts := strings.Split(token, "."); len(parts) == 3 {
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(payload, &claims)
	}
	return claims.SID
}

// Logout is what a logout token is about.
type Logout struct {
	// User's sessions all end, or only the session SID.
	User, SID string
	// Change changes the claims just before they are signed.
	Change func(claims map[string]any)
	// Type is the token's typ. Default: logout+jwt; "-": none.
	Type string
}

// LogoutToken writes a logout token.
func (p *Provider) LogoutToken(l Logout) string {
	now := p.opts.Now()
	claims := map[string]any{
		"iss": p.issuer, "aud": p.opts.ClientID, "jti": random(),
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	if user, ok := p.user(l.User); ok {
		claims["sub"] = user.Subject
	}
	if l.SID != "" {
		claims["sid"] = l.SID
	}
	if l.Change != nil {
		l.Change(claims)
	}
	if l.Type == "" {
		l.Type = "logout+jwt"
	}
	return p.sign(p.Faults(), strings.TrimPrefix(l.Type, "-"), claims)
}

// Sessions lists the sessions (sid) of a user.
func (p *Provider) Sessions(user string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for sid, name := range p.sessions {
		if name == user {
			list = append(list, sid)
		}
	}
	slices.Sort(list)
	return list
}

// EndSessions ends all sessions of a user here and tells the client by its
// back channel, if it has one.
func (p *Provider) EndSessions(ctx context.Context, user string) error {
	for _, sid := range p.Sessions(user) {
		p.mu.Lock()
		delete(p.sessions, sid)
		p.mu.Unlock()
		if err := p.Send(ctx, p.LogoutToken(Logout{User: user, SID: sid})); err != nil {
			return err
		}
	}
	return nil
}

// Send posts a logout token to the back channel; the same text again is a
// replay.
func (p *Provider) Send(ctx context.Context, token string) error {
	if p.opts.Backchannel == "" {
		return nil
	}
	form := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.opts.Backchannel, form)
	if err != nil {
		return fmt.Errorf("back channel: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("back channel: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("back channel: answer %d", resp.StatusCode)
	}
	return nil
}
