package session

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"mlgate/auth"
)

// Cookies makes the cookies of one gate. The name carries what keeps two gates
// apart, and with https the prefix by which browsers refuse a cookie that another
// host of the domain, or a page over plain http, tries to plant.
type Cookies struct {
	suffix string
	secure bool
}

// NewCookies derives the cookies from the address that users type. Plain http is
// good on loopback alone: elsewhere whoever is on the way could read the cookie.
//
// __Host- wants the path to be "/", so the cookie of a gate below a path also
// goes to whatever else that host serves. A narrower path would protect nothing:
// pages of one origin reach into each other, whatever their paths.
func NewCookies(external *url.URL) (*Cookies, error) {
	suffix := strings.ReplaceAll(strings.TrimSuffix(external.Path, "/"), "/", "+")
	switch {
	case external.Scheme == "https":
		return &Cookies{suffix: suffix, secure: true}, nil
	case external.Scheme == "http" && auth.Loopback(external.Hostname()):
		// Browsers do not keep the ports of a host apart.
		return &Cookies{suffix: "-" + external.Port() + suffix}, nil
	}
	return nil, errors.New("sign-in in the browser needs https in external_url, or a loopback address")
}

// Name is the full name of one of the gate's cookies.
func (c *Cookies) Name(base string) string {
	if c.secure {
		base = "__Host-" + base
	}
	return base + c.suffix
}

// New returns a cookie that scripts cannot read and that other sites' forms and
// images do not send along. seconds is its life; 0: as long as the browser runs.
func (c *Cookies) New(base, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: c.Name(base), Value: value, Path: "/", MaxAge: seconds,
		Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// Expire tells the browser to forget a cookie.
func (c *Cookies) Expire(w http.ResponseWriter, base string) {
	http.SetCookie(w, c.New(base, "", -1))
}

// Read returns the value of a cookie. Of several of one name none counts: one of
// them was planted, and which one cannot be told.
func (c *Cookies) Read(r *http.Request, base string) (string, bool) {
	found := r.CookiesNamed(c.Name(base))
	if len(found) != 1 {
		return "", false
	}
	return found[0].Value, found[0].Value != ""
}

// sent reports whether a request carries a cookie of this name, good or not.
func (c *Cookies) sent(r *http.Request, base string) bool {
	return len(r.CookiesNamed(c.Name(base))) > 0
}
