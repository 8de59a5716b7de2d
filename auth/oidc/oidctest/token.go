package oidctest

import (
	"crypto"
	"crypto/sha256"
	_ "crypto/sha512" // for at_hash
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// token redeems codes and refresh tokens, each once.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	f := p.Faults()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if r.ParseForm() != nil {
		refuse(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if !p.clientProved(r) {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	if f.TokenError != "" {
		refuse(w, http.StatusBadRequest, f.TokenError)
		return
	}
	var g grant
	var ok bool
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		g, ok = p.takeCode(r.PostForm)
	case "refresh_token":
		g, ok = p.takeRefresh(f, r.PostFormValue("refresh_token"))
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	user, known := p.user(g.user)
	if !ok || !known || user.Disabled {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	writeJSON(w, http.StatusOK, p.issue(f, g, user))
}

func refuse(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code})
}

func (p *Provider) clientProved(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	return id == p.opts.ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(p.opts.ClientSecret)) == 1
}

func (p *Provider) takeCode(form url.Values) (grant, bool) {
	p.mu.Lock()
	g, ok := p.codes[form.Get("code")]
	delete(p.codes, form.Get("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	return g, ok && challenge == g.challenge && form.Get("redirect_uri") == g.redirect
}

func (p *Provider) takeRefresh(f Faults, text string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.refresh[text]
	if _, live := p.sessions[g.sid]; !live || f.RefuseRefresh {
		return g, false
	}
	if !f.KeepRefresh {
		delete(p.refresh, text)
	}
	g.nonce = ""
	if f.OtherAtRefresh {
		g.user = another(p.users, g.user)
	}
	return g, ok
}

// another is the first user by name who is not the one named.
func another(users map[string]User, than string) string {
	for _, name := range slices.Sorted(maps.Keys(users)) {
		if name != than {
			return name
		}
	}
	return than
}

// issue answers with tokens for the user.
func (p *Provider) issue(f Faults, g grant, user User) map[string]any {
	access, refresh := random(), random()
	p.mu.Lock()
	p.access[access] = g
	if !f.KeepRefresh || g.nonce != "" {
		p.refresh[refresh] = g
	}
	p.mu.Unlock()
	answer := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300}
	if !f.KeepRefresh || g.nonce != "" {
		answer["refresh_token"] = refresh
	}
	if !f.NoIDToken {
		answer["id_token"] = p.idToken(f, g, user, access)
	}
	return answer
}

func (p *Provider) idToken(f Faults, g grant, user User, access string) string {
	now := p.opts.Now()
	claims := map[string]any{
		"iss": p.issuer, "sub": user.Subject, "aud": p.opts.ClientID, "sid": g.sid,
		"iat": now.Unix(), "exp": now.Add(p.opts.Lifetime).Unix(), "auth_time": g.at.Unix(),
		"at_hash": p.halfHash(access),
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	maps.Copy(claims, user.Claims)
	if f.IDToken != nil {
		f.IDToken(claims)
	}
	return p.sign(f, "JWT", claims)
}

// halfHash is at_hash: the left half of the hash that the signature uses.
func (p *Provider) halfHash(access string) string {
	h := crypto.SHA512 // ...512, and EdDSA
	switch {
	case strings.HasSuffix(p.opts.Algorithm, "256"):
		h = crypto.SHA256
	case strings.HasSuffix(p.opts.Algorithm, "384"):
		h = crypto.SHA384
	}
	sum := h.New()
	sum.Write([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:h.Size()/2])
}

// userInfo says more of whoever holds the access token.
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	f := p.Faults()
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	g, ok := p.access[text]
	p.mu.Unlock()
	user, known := p.user(g.user)
	switch {
	case f.NoUserInfo:
		http.Error(w, "broken", http.StatusInternalServerError)
	case !ok || !known || user.Disabled:
		refuse(w, http.StatusUnauthorized, "invalid_token")
	default:
		claims := map[string]any{"sub": user.Subject}
		maps.Copy(claims, user.UserInfo)
		if f.OtherUserInfo {
			claims["sub"] = "sub-somebody-else"
		}
		writeJSON(w, http.StatusOK, claims)
	}
}

// Expired, Future and the like are changes for Faults.IDToken.

// Expired makes a token that ended an hour ago.
func Expired(claims map[string]any) { shift(claims, -time.Hour) }

// Future makes a token that will be issued in an hour.
func Future(claims map[string]any) { shift(claims, time.Hour) }

func shift(claims map[string]any, by time.Duration) {
	for _, name := range []string{"iat", "exp"} {
		if t, ok := claims[name].(int64); ok {
			claims[name] = t + int64(by.Seconds())
		}
	}
}

// Replace sets one claim (nil: leaves it out).
func Replace(name string, value any) func(map[string]any) {
	return func(claims map[string]any) {
		if value == nil {
			delete(claims, name)
			return
		}
		claims[name] = value
	}
}
