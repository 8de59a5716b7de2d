package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/unicode/norm"

	"mlgate/auth/store"
	"mlgate/auth/token"
)

// tokenInfo is a token as lists show it: nothing of its secret.
type tokenInfo struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	User      string   `json:"user"`
	ReadOnly  bool     `json:"read_only"`
	Prefixes  []string `json:"prefixes"`
	CreatedBy string   `json:"created_by"`
	CreatedAt string   `json:"created_at"`
	ExpiresAt string   `json:"expires_at"`
	LastUsed  string   `json:"last_used_at,omitzero"`
}

// timestamp writes times as RFC 3339 in UTC, whole seconds; none as "".
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func infoOf(t *store.Token) tokenInfo {
	return tokenInfo{
		ID: t.ID, Name: t.Name, User: t.Owner, ReadOnly: t.ReadOnly, Prefixes: t.Prefixes, CreatedBy: t.CreatedBy,
		CreatedAt: timestamp(t.Created), ExpiresAt: timestamp(t.Expires), LastUsed: timestamp(t.LastUsed),
	}
}

func listTokens(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	list, err := q.Tokens.List(r.Context(), q.by(), owner)
	if err != nil {
		return err
	}
	infos := []tokenInfo{}
	for _, t := range list {
		infos = append(infos, infoOf(t))
	}
	return writeJSON(w, http.StatusOK, struct {
		Tokens []tokenInfo `json:"tokens"`
	}{infos})
}

func createToken(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	var body struct {
		Name     string         `json:"name"`
		TTL      jsontext.Value `json:"ttl"`
		ReadOnly bool           `json:"read_only"`
		Prefixes []string       `json:"prefixes"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	ttl, err := readTTL(body.TTL)
	if err != nil {
		return err
	}
	made, text, err := q.Tokens.Create(r.Context(), q.by(), token.Request{
		Owner: owner, Name: body.Name, Lifetime: ttl, ReadOnly: body.ReadOnly, Prefixes: body.Prefixes,
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Token     string `json:"token"`
		ExpiresAt string `json:"expires_at"`
	}{made.ID, made.Name, text.Reveal(), timestamp(made.Expires)})
}

func revokeToken(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	path := r.URL.EscapedPath() // escaped, as the route was found: no id needs escaping
	id := path[strings.LastIndexByte(path, '/')+1:]
	if err := q.Tokens.Revoke(r.Context(), q.by(), owner, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ownerOf reads ?user=. An empty value is refused rather than read as "mine":
// a script that forgot to fill it in would revoke the wrong token.
func ownerOf(r *http.Request) (string, error) {
	query, err := readQuery(r, "user")
	if err != nil {
		return "", err
	}
	owner, given := query["user"]
	if given && owner == "" {
		return "", invalid("parameter user is empty: leave it out for your own tokens")
	}
	return norm.NFC.String(owner), nil
}
