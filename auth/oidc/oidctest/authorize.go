package oidctest

import (
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize sends the browser back at once as the user of login_hint, or shows
// a page with a button for each user.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case q.Get("client_id") != p.opts.ClientID:
		http.Error(w, "unknown client_id", http.StatusBadRequest)
		return
	case !allowed(p.opts.Redirects, q.Get("redirect_uri")):
		http.Error(w, "unknown redirect_uri", http.StatusBadRequest)
		return
	}
	f := p.Faults()
	back := url.Values{"state": {q.Get("state")}}
	if f.AlterState {
		back.Set("state", q.Get("state")+"x")
	}
	if !f.NoIss && !f.SaysNoIss {
		back.Set("iss", p.issuer)
	}
	if f.Iss != "" {
		back.Set("iss", f.Iss)
	}
	user, known := p.user(q.Get("login_hint"))
	switch {
	case f.ErrorCode != "":
		back.Set("error", f.ErrorCode)
	case q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "":
		back.Set("error", "invalid_request")
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		back.Set("error", "invalid_scope")
	case q.Get("login_hint") == "":
		p.choose(w, q)
		return
	case !known || user.Disabled:
		back.Set("error", "access_denied")
	default:
		back.Set("code", p.newCode(q, user))
	}
	sendBack(w, r, q.Get("redirect_uri"), back)
}

func (p *Provider) user(name string) (User, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.users[name]
	return u, ok
}

func (p *Provider) newCode(q url.Values, user User) string {
	code, sid := random(), random()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions[sid] = user.Name
	p.codes[code] = grant{
		user: user.Name, sid: sid, nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
		redirect: q.Get("redirect_uri"), at: p.opts.Now(),
	}
	return code
}

func sendBack(w http.ResponseWriter, r *http.Request, to string, query url.Values) {
	u, err := url.Parse(to)
	if err != nil {
		http.Error(w, "bad address", http.StatusBadRequest)
		return
	}
	all := u.Query()
	maps.Copy(all, query)
	u.RawQuery = all.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, u.String(), http.StatusFound)
}

func allowed(list []string, to string) bool {
	if len(list) > 0 {
		return slices.Contains(list, to)
	}
	u, err := url.Parse(to)
	return err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1")
}

const choosePage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Demo sign-in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}
button{display:block;width:100%;padding:.6rem;margin:.5rem 0;font:inherit}</style></head>
<body><h1>Demo sign-in</h1><p>Without passwords, on this machine only. Who are you?</p>
<form method="get" action="/authorize">
{{range $name, $values := .Query}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}{{range .Users}}<button name="login_hint" value="{{.}}">{{.}}</button>
{{end}}</form></body></html>
`

// choose asks the browser's owner who they are.
func (p *Provider) choose(w http.ResponseWriter, q url.Values) {
	q.Del("login_hint")
	p.mu.Lock()
	names := slices.Sorted(maps.Keys(p.users))
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	page := template.Must(template.New("choose").Parse(choosePage))
	_ = page.Execute(w, struct {
		Query url.Values
		Users []string
	}{q, names})
}
