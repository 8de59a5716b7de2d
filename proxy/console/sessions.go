package console

import (
	"errors"
	"net/http"

	"mlgate/auth/store"
)

// sessionInfo is a session as lists show it: nothing by which it could be taken over.
type sessionInfo struct {
	ID        string `json:"id"`
	User      string `json:"user"`
	Provider  string `json:"provider,omitzero"`
	Client    string `json:"client"`
	CreatedAt string `json:"created_at"`
	LastUsed  string `json:"last_used_at"`
	ExpiresAt string `json:"expires_at"`
	Current   bool   `json:"current"`
}

// sessionsOf are the sessions of whom the query names, if the caller may see them.
func sessionsOf(r *http.Request, q Request) (owner string, list []sessionInfo, err error) {
	asked, err := ownerOf(r)
	if err != nil {
		return "", nil, err
	}
	if owner, err = q.sessionOwner(asked); err != nil {
		return "", nil, err
	}
	records, err := q.SignIn.Sessions.List(r.Context(), owner)
	list = []sessionInfo{}
	for _, s := range records {
		list = append(list, sessionInfo{
			ID: s.ID, User: s.User, Provider: s.Provider, Client: s.Client, CreatedAt: timestamp(s.Created),
			LastUsed: timestamp(s.LastUsed), ExpiresAt: timestamp(s.Expires), Current: s.ID == q.Identity.SessionID,
		})
	}
	return owner, list, err
}

// sessionOwner is whose sessions a caller sees and ends: their own, and an admin
// anybody's. A token with limits has nothing to do with them.
func (q Request) sessionOwner(asked string) (string, error) {
	switch {
	case q.Identity.Limited():
		return "", &apiError{http.StatusForbidden, "PERMISSION_DENIED", "a token with limits may not see or end sessions"}
	case asked == "" || asked == q.Identity.User:
		return q.Identity.User, nil
	case !q.by().Admin:
		return "", &apiError{http.StatusForbidden, "PERMISSION_DENIED", "only admins may see or end the sessions of others"}
	}
	return asked, nil
}

// endSession ends one session; it is no error if it has ended already.
func endSession(r *http.Request, q Request) (owner string, err error) {
	asked, err := ownerOf(r)
	if err != nil {
		return "", err
	}
	if owner, err = q.sessionOwner(asked); err != nil {
		return "", err
	}
	return owner, q.SignIn.Sessions.EndByID(r.Context(), owner, lastSegment(r))
}

func (c *Console) sessionsPage(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, list, err := sessionsOf(r, q)
	if err != nil {
		return err
	}
	asked, _ := ownerOf(r)
	return c.page(w, q, http.StatusOK, "sessions", "sessions", "Sessions", struct {
		Owner, Query string
		Other        bool
		Sessions     []sessionInfo
	}{owner, ownerQuery(asked), owner != q.Identity.User, list})
}

// endOnPage answers the buttons of the page. Pressed twice, the session has ended as
// was wished.
func (c *Console) endOnPage(w http.ResponseWriter, r *http.Request, q Request) error {
	if _, err := readForm(w, r, nil); err != nil {
		return err
	}
	if _, err := endSession(r, q); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	asked, _ := ownerOf(r)
	c.redirect(w, Prefix+"sessions"+ownerQuery(asked))
	return nil
}

func listSessions(w http.ResponseWriter, r *http.Request, q Request) error {
	_, list, err := sessionsOf(r, q)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Sessions []sessionInfo `json:"sessions"`
	}{list})
}

func deleteSession(w http.ResponseWriter, r *http.Request, q Request) error {
	_, err := endSession(r, q)
	if errors.Is(err, store.ErrNotFound) {
		return &apiError{http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "there is no session of this id"}
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
