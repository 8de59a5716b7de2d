package console

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"mlgate/auth"
	"mlgate/auth/oidc"
	"mlgate/auth/session"
	"mlgate/auth/store"
)

// SignIn is how people sign in in their browser, over one snapshot.
type SignIn struct {
	// Sessions begins and ends sessions.
	Sessions *session.Sessions
	// Cookies and Seal are the gate's: between its begin and its end a sign-in is
	// kept sealed in the browser. Once sees to it that it ends once.
	Cookies *session.Cookies
	Seal    *session.Seal
	Once    store.Once
	// Passwords checks a name and a password; nil: nobody has one.
	Passwords auth.Authenticator
	// Providers are the company logins, in the order of the page.
	Providers oidc.Providers
	// Taken says by which other way a user name of a provider signs in; empty: by
	// none, so that it is the provider's.
	Taken func(provider, user string) string
}

// loginCookie is the cookie of a sign-in that is under way, and the purpose of its seal.
const loginCookie = "mlgate-login"

// signInData is what the sign-in page shows.
type signInData struct {
	Providers  []link
	Passwords  bool
	Next       string
	User       string // as typed
	Fault      string
	SignedInAs string
}

func (c *Console) signInPage(w http.ResponseWriter, r *http.Request, q Request) error {
	query, err := readQuery(r, "next", "state") // a provider may send state back after its sign-out
	if err != nil {
		return err
	}
	return c.showSignIn(w, q, http.StatusOK, signInData{Next: next(query["next"])})
}

func (c *Console) showSignIn(w http.ResponseWriter, q Request, status int, data signInData) error {
	for _, p := range q.SignIn.Providers {
		path := c.pages.base + "login/" + p.Name()
		if data.Next != "/" {
			path += "?" + url.Values{"next": {data.Next}}.Encode()
		}
		data.Providers = append(data.Providers, link{path, p.DisplayName()})
	}
	data.Passwords = q.SignIn.Passwords != nil
	if q.Identity != nil {
		data.SignedInAs = q.Identity.User
	}
	return c.page(w, q, status, "signin", "login", "Sign in", data)
}

// signInByPassword answers the form of the page.
func (c *Console) signInByPassword(w http.ResponseWriter, r *http.Request, q Request) error {
	form, err := readForm(w, r, []string{"user", "password", "next"})
	if err != nil {
		return err
	}
	if q.SignIn.Passwords == nil {
		return invalid("nobody signs in by password here")
	}
	back := next(form.Get("next"))
	asked := r.Clone(r.Context())
	asked.Header = http.Header{}
	asked.SetBasicAuth(form.Get("user"), form.Get("password"))
	id, err := q.SignIn.Passwords.Authenticate(asked)
	if err == nil {
		err = q.SignIn.Sessions.Begin(w, r, session.Person{User: id.User, Method: auth.MethodPassword})
	}
	var throttled *auth.ThrottledError
	switch {
	case errors.As(err, &throttled):
		w.Header().Set("Retry-After", strconv.Itoa(throttled.Seconds()))
		return c.showSignIn(w, q, http.StatusTooManyRequests, signInData{
			Next: back, User: form.Get("user"), Fault: "Too many failed sign-ins. Wait " + strconv.Itoa(throttled.Seconds()) + " seconds, then try again.",
		})
	case errors.Is(err, auth.ErrBadCredentials), errors.Is(err, auth.ErrNoCredentials):
		return c.showSignIn(w, q, http.StatusForbidden, signInData{Next: back, User: form.Get("user"), Fault: "The user name or the password is not right."})
	case err != nil:
		return err
	}
	c.signedIn(w, r, id.User, "password", "")
	c.redirect(w, back)
	return nil
}

// signedIn notes a sign-in in the log. Calls of the session are in the audit lines.
func (c *Console) signedIn(w http.ResponseWriter, r *http.Request, user, way, provider string) {
	c.opts.Logger.InfoContext(r.Context(), "signed in", "request_id", w.Header().Get("X-Request-Id"),
		"client", r.RemoteAddr, "user", user, "way", way, "provider", provider)
}

// beginSignIn sends the browser to a provider. What has to be remembered until it
// comes back goes along in a cookie that it can neither read nor write.
func (c *Console) beginSignIn(w http.ResponseWriter, r *http.Request, q Request) error {
	query, err := readQuery(r, "next")
	if err != nil {
		return err
	}
	p := q.SignIn.Providers.Named(lastSegment(r))
	if p == nil {
		return &apiError{http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "there is no company login of this name; go to " + c.pages.base + "login"}
	}
	address, login, err := p.Begin(r.Context())
	if err != nil {
		return c.signInFault(w, r, p, err)
	}
	login.Next = next(query["next"])
	sealed, err := q.SignIn.Seal.Close(loginCookie, login)
	if err != nil {
		return err
	}
	http.SetCookie(w, q.SignIn.Cookies.New(loginCookie, base64.RawURLEncoding.EncodeToString(sealed), int(oidc.LoginLifetime.Seconds())))
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// errNoLogin answers a browser that comes back from a sign-in that it did not begin
// here: it was over, it is an old tab, or somebody sent it.
func errNoLogin() error {
	return &apiError{http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "this browser has no sign-in under way, or a newer one; begin to sign in again"}
}

// finishSignIn answers the browser that comes back from a provider.
func (c *Console) finishSignIn(w http.ResponseWriter, r *http.Request, q Request) error {
	if len(q.SignIn.Providers) == 0 {
		return errNoLogin()
	}
	p := q.SignIn.Providers[0]
	if name, ok := afterSlash(r, "callback/"); ok {
		if p = q.SignIn.Providers.Named(name); p == nil || p == q.SignIn.Providers[0] {
			return errNoLogin()
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("the query cannot be read")
	}
	login, ok := q.SignIn.login(r)
	if !ok || query.Get("state") != login.State {
		return errNoLogin() // the sign-in that is under way goes on
	}
	q.SignIn.Cookies.Expire(w, loginCookie)
	switch err := q.SignIn.Once.Put(r.Context(), "login "+login.State, nil, 2*oidc.LoginLifetime); {
	case errors.Is(err, store.ErrExists):
		return errNoLogin()
	case err != nil:
		return err
	}
	person, err := p.Finish(r.Context(), login, query)
	if err != nil {
		return c.signInFault(w, r, p, err)
	}
	if other := q.SignIn.Taken(p.Name(), person.User); other != "" {
		c.opts.Logger.WarnContext(r.Context(), "sign-in refused: the name is another person's", "request_id", w.Header().Get("X-Request-Id"),
			"provider", p.Name(), "user", person.User, "other", other)
		return &apiError{http.StatusForbidden, "PERMISSION_DENIED", "the user name " + person.User + " belongs to " + other + " here, and one name is one person; ask the administrators of this server"}
	}
	err = q.SignIn.Sessions.Begin(w, r, session.Person{
		User: person.User, Groups: person.Groups, Method: auth.MethodSession,
		Login:   store.Login{Provider: person.Provider, Subject: person.Subject, SID: person.SID},
		Secrets: session.Secrets{RefreshToken: person.RefreshToken.Reveal(), IDToken: person.IDToken.Reveal()},
	})
	if err != nil {
		return err
	}
	c.signedIn(w, r, person.User, "oidc", p.Name())
	c.redirect(w, next(login.Next))
	return nil
}

// login is the sign-in that a browser began.
func (s *SignIn) login(r *http.Request) (oidc.Login, bool) {
	text, ok := s.Cookies.Read(r, loginCookie)
	if !ok {
		return oidc.Login{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return oidc.Login{}, false
	}
	var login oidc.Login
	if s.Seal.Open(loginCookie, sealed, &login) != nil || login.State == "" {
		return oidc.Login{}, false
	}
	return login, true
}

// signInFault logs why a sign-in failed and gives the sentence that a person can
// act on.
func (c *Console) signInFault(w http.ResponseWriter, r *http.Request, p *oidc.Provider, err error) error {
	fault, ok := errors.AsType[*oidc.Error](err)
	if !ok {
		return err
	}
	status, code, level := http.StatusForbidden, "PERMISSION_DENIED", slog.LevelInfo
	switch {
	case errors.Is(err, oidc.ErrUnavailable):
		status, code, level = http.StatusServiceUnavailable, "TEMPORARILY_UNAVAILABLE", slog.LevelWarn
	case errors.Is(err, oidc.ErrLogin):
		status, code = http.StatusBadRequest, "INVALID_PARAMETER_VALUE"
	case errors.Is(err, oidc.ErrToken):
		level = slog.LevelWarn
	case errors.Is(err, oidc.ErrSetup):
		status, code, level = http.StatusBadGateway, "INTERNAL_ERROR", slog.LevelError
	}
	c.opts.Logger.Log(r.Context(), level, "sign-in failed", "request_id", w.Header().Get("X-Request-Id"),
		"client", r.RemoteAddr, "provider", p.Name(), "error", err.Error())
	return &apiError{status, code, fault.Public()}
}
