package console

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// maxNext bounds the address that is kept while somebody signs in: it travels in a
// cookie, in an answer whose headers proxies take up to 4 kB of.
const maxNext = 1000

// next is where to go after signing in: the path, below the gate, that was asked
// for, or the gate's first page. Whatever could lead elsewhere is dropped: another
// host, and, where the gate shares one, another path than its own. Every spelling
// that a browser reads otherwise than Go is one of those.
func next(text string) string {
	const first = "/"
	if len(text) > maxNext || !strings.HasPrefix(text, "/") {
		return first
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return first
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil {
		return first
	}
	if strings.Contains(u.Path, "\\") || strings.ContainsFunc(u.Path, func(r rune) bool { return r < ' ' }) {
		return first
	}
	if clean := path.Clean(u.Path); clean != u.Path && clean+"/" != u.Path {
		return first
	}
	if signsInOrOut(u.Path) {
		return first
	}
	if u.Fragment == "" {
		return u.RequestURI()
	}
	return u.RequestURI() + "#" + u.EscapedFragment()
}

// signsInOrOut are the paths that somebody who has just signed in must not be sent
// to: they would go round in a circle, or out again.
func signsInOrOut(p string) bool {
	rest, own := strings.CutPrefix(p, Prefix)
	name, _, _ := strings.Cut(rest, "/")
	return own && (name == "login" || name == "callback" || name == "logout" || name == "backchannel")
}

// redirect sends the browser to a path below the gate.
func (c *Console) redirect(w http.ResponseWriter, below string) {
	w.Header().Set("Location", strings.TrimSuffix(c.pages.base, Prefix)+below)
	w.WriteHeader(http.StatusSeeOther)
}
