package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"mlgate/auth"
	"mlgate/policy"
)

//go:embed pages
var pageFiles embed.FS

// pages are the templates and what all of them share. html/template escapes all
// that it is given.
type pages struct {
	named  map[string]*template.Template
	style  template.CSS
	script template.JS
	ui     []byte // what MLflow's own page gets
	policy string // the Content-Security-Policy
	base   string // the path of /_gate/, with the gate's own prefix
}

// newPages parses the templates. They are ours, so a fault in one is a panic at
// start, and tests open every page.
func newPages(external string) *pages {
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		panic(err)
	}
	script, err := pageFiles.ReadFile("pages/signin.js")
	if err != nil {
		panic(err)
	}
	ui, err := pageFiles.ReadFile("pages/ui.js")
	if err != nil {
		panic(err)
	}
	p := &pages{ui: ui, script: template.JS(script), named: map[string]*template.Template{}, style: template.CSS(style), base: Prefix} //nolint:gosec // our own files
	if at, err := url.Parse(external); err == nil {
		p.base = strings.TrimSuffix(at.EscapedPath(), "/") + Prefix
	}
	for _, name := range []string{"account", "admin", "device", "fault", "made", "sessions", "signedout", "signin", "signout", "tokens"} {
		p.named[name] = template.Must(template.New("layout.html").
			Funcs(template.FuncMap{"words": words, "through": through}).
			ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
	}
	// A page shows text in its one style and sends its own forms: no other script
	// than the sign-in page's own, which it does without, no other request, no frame
	// around it.
	p.policy = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src '" + sourceOf(style) + "'; script-src '" + sourceOf(script) + "'"
	return p
}

// sourceOf names a text of ours in a Content-Security-Policy.
func sourceOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// link is one entry of the navigation.
type link struct{ Path, Name string }

// view is what the layout is given.
type view struct {
	Title, At string
	Base      string
	Style     template.CSS
	Script    template.JS
	Nav       []link
	User      string
	Session   bool // of the browser: it can be ended
	Data      any
}

// page answers with a page. at is its path below /_gate/.
func (c *Console) page(w http.ResponseWriter, q Request, status int, name, at, title string, data any) error {
	v := view{Title: title, At: at, Base: c.pages.base, Style: c.pages.style, Script: c.pages.script, Data: data}
	if q.Identity != nil {
		v.User, v.Session = q.Identity.User, q.Identity.Method == auth.MethodSession
		v.Nav = []link{{"account", "Account"}, {"tokens", "Tokens"}}
		if q.SignIn != nil {
			v.Nav = append(v.Nav, link{"sessions", "Sessions"})
		}
		if q.by().Admin {
			v.Nav = append(v.Nav, link{"admin", "Admin"})
		}
		v.Nav = append(v.Nav, link{"../", "MLflow"})
	}
	var page bytes.Buffer
	if err := c.pages.named[name].Execute(&page, v); err != nil {
		return fmt.Errorf("write page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", c.pages.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Without any referrer a form would come from the origin "null", like one of
	// another site.
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // a browser that has gone needs no answer
	return nil
}

// uiScript is what the gate adds to MLflow's own page.
func (c *Console) uiScript(w http.ResponseWriter, _ *http.Request, _ Request) error {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(c.pages.ui) // a browser that has gone needs no answer
	return nil
}

// failPage answers an error as a page, with the id by which the log knows it.
func (c *Console) failPage(w http.ResponseWriter, r *http.Request, e *apiError) {
	q := c.opts.Request(r)
	err := c.page(w, q, e.status, "fault", "", http.StatusText(e.status), struct{ Message, RequestID string }{
		sentence(e.message), w.Header().Get("X-Request-Id"),
	})
	if err != nil {
		c.opts.Logger.ErrorContext(r.Context(), "console failed", "path", r.URL.Path, "error", err)
		http.Error(w, "mlgate could not answer; its log says why", http.StatusInternalServerError)
	}
}

// sentence makes a sentence of an error's words.
func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// words say what an action is to people.
func words(a policy.Action) string {
	switch a {
	case policy.Read:
		return "see"
	case policy.Edit:
		return "see, create and change"
	case policy.Manage:
		return "see, create, change, delete and rename"
	case policy.Approve:
		return "see and approve the promotion of"
	case policy.Use:
		return "invoke"
	case policy.Admin:
		return "administer"
	}
	return a.String()
}

// through is a chain without the caller at its begin.
func through(chain []string) []string {
	if len(chain) > 1 {
		return chain[1:]
	}
	return nil
}

// readForm returns the fields of a form that was sent by one of the pages: each
// of once at most once, each of lists as often as it is there. Others are refused.
func readForm(w http.ResponseWriter, r *http.Request, once []string, lists ...string) (url.Values, error) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/x-www-form-urlencoded" {
		return nil, invalid("this page takes its own form only; scripts use " + Prefix + "api/v1/")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, invalid("the form cannot be read")
	}
	known := map[string]int{}
	for _, name := range once {
		known[name] = 1
	}
	for _, name := range lists {
		known[name] = len(r.PostForm[name])
	}
	for name, values := range r.PostForm {
		if len(values) > known[name] {
			return nil, invalid("the form has the field " + name + ", which this page does not send")
		}
	}
	return r.PostForm, nil
}
