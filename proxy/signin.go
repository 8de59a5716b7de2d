package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"mlgate/auth"
	"mlgate/proxy/console"
)

// signsIn reports whether a call that proved nothing is somebody who opens a page
// in a browser: they are sent to the sign-in page. A client's call, and one that a
// page makes, gets its 401.
func (s *session) signsIn(r *http.Request, err error) bool {
	if s.snap.SignIn == nil || !errors.Is(err, auth.ErrNoCredentials) && !errors.Is(err, auth.ErrBadCredentials) {
		return false
	}
	if r.Header.Get("Authorization") != "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// toSignIn sends a browser to the sign-in page, from which it comes back to path.
func (p *Proxy) toSignIn(w http.ResponseWriter, r *http.Request, path string) {
	back := (&url.URL{Path: path, RawQuery: r.URL.RawQuery}).RequestURI()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", p.mount+console.Prefix+"login?"+url.Values{"next": {back}}.Encode())
	w.WriteHeader(http.StatusSeeOther)
}
