package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
	"mlgate/auth/token"
	"mlgate/policy"
)

// tokenRow is a token as the page lists it.
type tokenRow struct {
	tokenInfo

	Ended, Soon bool
}

// tokensData is what the page of tokens shows: the list, and the form as it was
// filled in when it could not be carried out.
type tokensData struct {
	Owner, Query        string
	Other               bool
	Tokens              []tokenRow
	Choices             []string
	Fault               string
	Name, TTL, Prefixes string
}

func (c *Console) tokensPage(w http.ResponseWriter, r *http.Request, q Request) error {
	return c.listPage(w, r, q, http.StatusOK, tokensData{})
}

func (c *Console) listPage(w http.ResponseWriter, r *http.Request, q Request, status int, data tokensData) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	list, err := q.Tokens.List(r.Context(), q.by(), owner)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, t := range list {
		data.Tokens = append(data.Tokens, tokenRow{infoOf(t), !now.Before(t.Expires), t.Expires.Sub(now) < token.EndsSoon})
	}
	data.Owner, data.Query, data.Choices = owner, ownerQuery(owner), policy.LimitingActions()
	data.Other = owner != "" && owner != q.Identity.User
	return c.page(w, q, status, "tokens", "tokens", "API tokens", data)
}

// ownerQuery is the query of links and forms that speak of an owner's tokens.
func ownerQuery(owner string) string {
	if owner == "" {
		return ""
	}
	return "?" + url.Values{"user": {owner}}.Encode()
}

// makeToken answers the form of the page. What is wrong with it is said above
// the form, which keeps what was typed.
func (c *Console) makeToken(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	form, err := readForm(w, r, []string{"name", "ttl", "prefixes"}, "action")
	if err != nil {
		return err
	}
	req := token.Request{Owner: owner, Name: strings.TrimSpace(form.Get("name")), Actions: form["action"], Prefixes: strings.Fields(form.Get("prefixes"))}
	if text := strings.TrimSpace(form.Get("ttl")); text != "" {
		if req.Lifetime, err = ParseTTL(text); err != nil {
			err = invalid("ends after " + err.Error())
		}
	}
	var made *store.Token
	var text auth.Secret
	if err == nil {
		made, text, err = q.Tokens.Create(r.Context(), q.by(), req)
	}
	if known := known(err); known != nil && known.status == http.StatusBadRequest {
		return c.listPage(w, r, q, known.status, tokensData{
			Fault: sentence(known.message), Name: form.Get("name"), TTL: form.Get("ttl"), Prefixes: form.Get("prefixes"),
		})
	}
	if err != nil {
		return err
	}
	return c.showMade(w, q, owner, made, text, "")
}

// changeToken answers the buttons beside a token.
func (c *Console) changeToken(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	form, err := readForm(w, r, []string{"do"})
	if err != nil {
		return err
	}
	id := lastSegment(r)
	switch form.Get("do") {
	case "rotate":
		made, text, err := q.Tokens.Rotate(r.Context(), q.by(), owner, id, token.Rotation{Overlap: token.DefaultOverlap})
		if err != nil {
			return err
		}
		return c.showMade(w, q, owner, made, text, id)
	case "revoke":
		// Pressed twice, or on a page that is old: the token is gone as was wished.
		if err := q.Tokens.Revoke(r.Context(), q.by(), owner, id); err != nil && !errors.Is(err, token.ErrNotFound) {
			return err
		}
		w.Header().Set("Location", c.pages.base+"tokens"+ownerQuery(owner))
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	return invalid("the form says neither rotate nor revoke")
}

// showMade shows a new token with the settings of the clients, this once.
func (c *Console) showMade(w http.ResponseWriter, q Request, owner string, made *store.Token, text auth.Secret, instead string) error {
	return c.page(w, q, http.StatusCreated, "made", "tokens", "Your new token", struct {
		ID, Name, ExpiresAt, Token, Instead, Query, URL string
	}{made.ID, made.Name, timestamp(made.Expires), text.Reveal(), instead, ownerQuery(owner), c.opts.ExternalURL})
}
