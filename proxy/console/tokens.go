package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/unicode/norm"

	"mlgate/auth"
	"mlgate/auth/store"
	"mlgate/auth/token"
)

// tokenInfo is a token as lists show it: nothing of its secret.
type tokenInfo struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	User      string   `json:"user"`
	ReadOnly  bool     `json:"read_only"`
	Actions   []string `json:"actions"`
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
		ID: t.ID, Name: t.Name, User: t.Owner, ReadOnly: slices.Equal(t.Actions, readOnly()), Actions: t.Actions, Prefixes: t.Prefixes, CreatedBy: t.CreatedBy,
		CreatedAt: timestamp(t.Created), ExpiresAt: timestamp(t.Expires), LastUsed: timestamp(t.LastUsed),
	}
}

// readOnly are the actions that read_only stands for.
func readOnly() []string { return []string{"read"} }

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
		Actions  []string       `json:"actions"`
		Prefixes []string       `json:"prefixes"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	ttl, err := readTTL("ttl", body.TTL)
	if err != nil {
		return err
	}
	if body.ReadOnly {
		if len(body.Actions) > 0 {
			return invalid("read_only and actions both say what the token may do: give one of them")
		}
		body.Actions = readOnly()
	}
	made, text, err := q.Tokens.Create(r.Context(), q.by(), token.Request{
		Owner: owner, Name: body.Name, Lifetime: ttl, Actions: body.Actions, Prefixes: body.Prefixes,
	})
	if err != nil {
		return err
	}
	return writeMade(w, made, text)
}

// writeMade shows a new token, the only time that it is shown.
func writeMade(w http.ResponseWriter, made *store.Token, text auth.Secret) error {
	return writeJSON(w, http.StatusCreated, struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Token     string `json:"token"`
		ExpiresAt string `json:"expires_at"`
	}{made.ID, made.Name, text.Reveal(), timestamp(made.Expires)})
}

func rotateToken(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	var body struct {
		TTL     jsontext.Value `json:"ttl"`
		Overlap jsontext.Value `json:"overlap"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	how := token.Rotation{Overlap: token.DefaultOverlap}
	if how.Lifetime, err = readTTL("ttl", body.TTL); err != nil {
		return err
	}
	if string(body.Overlap) == "0" {
		how.Overlap = 0
	} else if overlap, err := readTTL("overlap", body.Overlap); err != nil {
		return err
	} else if overlap > 0 {
		how.Overlap = overlap
	}
	made, text, err := q.Tokens.Rotate(r.Context(), q.by(), owner, lastSegment(r), how)
	if err != nil {
		return err
	}
	return writeMade(w, made, text)
}

// afterSlash is what follows a route that ends in a slash, if this is one of its paths.
func afterSlash(r *http.Request, route string) (string, bool) {
	return strings.CutPrefix(r.URL.EscapedPath(), Prefix+route)
}

// lastSegment is the id in a path. It is taken as it is written, as the route
// was found: no id needs escaping.
func lastSegment(r *http.Request) string {
	path := r.URL.EscapedPath()
	return path[strings.LastIndexByte(path, '/')+1:]
}

func revokeToken(w http.ResponseWriter, r *http.Request, q Request) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	if err := q.Tokens.Revoke(r.Context(), q.by(), owner, lastSegment(r)); err != nil {
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
