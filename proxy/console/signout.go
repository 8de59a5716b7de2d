package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"mlgate/auth"
	"mlgate/auth/oidc"
	"mlgate/auth/store"
)

// signOutPage asks once more: a link alone must not sign anybody out.
func (c *Console) signOutPage(w http.ResponseWriter, r *http.Request, q Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	return c.page(w, q, http.StatusOK, "signout", "logout", "Sign out", nil)
}

// signOut ends the browser's session, and takes it on to the provider that it came
// from, which ends its own. That is a page that leads on and no redirect: browsers
// hold the redirects of a form to the page's own origin.
func (c *Console) signOut(w http.ResponseWriter, r *http.Request, q Request) error {
	if _, err := readForm(w, r, nil); err != nil {
		return err
	}
	ended, err := q.SignIn.Sessions.End(w, r)
	if err != nil {
		return err
	}
	var data struct{ Provider, Address string }
	if ended != nil && ended.Provider != "" {
		if p := q.SignIn.Providers.Named(ended.Provider); p != nil {
			data.Provider = p.DisplayName()
			// Where the provider does not answer, the session here has ended all the same.
			data.Address, err = p.EndSessionURL(r.Context(), auth.NewSecret(ended.IDToken), c.opts.ExternalURL+Prefix+"login", "")
			if err != nil {
				_ = c.signInFault(w, r, p, err)
			}
		}
	}
	q.Identity = nil
	return c.page(w, q, http.StatusOK, "signedout", "logout", "Signed out", data)
}

// backChannel ends sessions when the provider says so (OpenID Connect Back-Channel
// Logout 1.0). Anyone can post here: what counts is the signature.
func (c *Console) backChannel(w http.ResponseWriter, r *http.Request, q Request) error {
	p := q.SignIn.Providers.Named(lastSegment(r))
	if p == nil {
		return &apiError{http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "there is no company login of this name"}
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/x-www-form-urlencoded" {
		return invalid("send logout_token as a form")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil || len(r.PostForm["logout_token"]) != 1 {
		return invalid("the form needs one logout_token")
	}
	out, err := p.ReadLogoutToken(r.Context(), r.PostForm.Get("logout_token"))
	if fault, ok := errors.AsType[*oidc.Error](err); ok {
		answer := c.signInFault(w, r, p, err)
		if errors.Is(err, oidc.ErrUnavailable) {
			return answer
		}
		return invalid("logout_token: " + fault.Error())
	}
	if err != nil {
		return err
	}
	seen := "logout " + p.Name() + " " + out.ID
	switch err := q.SignIn.Once.Put(r.Context(), seen, nil, max(time.Until(out.Expires), time.Minute)); {
	case errors.Is(err, store.ErrExists):
		return invalid("logout_token: it was used before")
	case err != nil:
		return err
	}
	n, err := q.SignIn.Sessions.EndLogin(r.Context(), store.Login{Provider: p.Name(), Subject: out.Subject, SID: out.SID})
	if err != nil {
		_, _ = q.SignIn.Once.Take(r.Context(), seen) // so that the provider can say it again
		return err
	}
	c.opts.Logger.InfoContext(r.Context(), "signed out by the provider", "request_id", w.Header().Get("X-Request-Id"),
		"provider", p.Name(), "sessions", n)
	w.WriteHeader(http.StatusOK)
	return nil
}
