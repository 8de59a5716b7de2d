package store

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// record is a token as backends keep it, without its id.
type record struct {
	Owner     string    `json:"owner"`
	Name      string    `json:"name"`
	Hash      string    `json:"hash"`
	ReadOnly  bool      `json:"read_only,omitzero"` // as files had it before actions
	Actions   []string  `json:"actions,omitzero"`
	Prefixes  []string  `json:"prefixes,omitzero"`
	CreatedBy string    `json:"created_by"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	LastUsed  time.Time `json:"last_used,omitzero"`
}

// EncodeToken writes a token, without its id, as backends keep it.
func EncodeToken(t *Token) ([]byte, error) {
	return json.Marshal(record{
		Owner: t.Owner, Name: t.Name, Hash: hex.EncodeToString(t.Hash[:]),
		Actions: t.Actions, Prefixes: t.Prefixes, CreatedBy: t.CreatedBy,
		Created: t.Created.UTC(), Expires: t.Expires.UTC(), LastUsed: t.LastUsed.UTC(),
	})
}

// DecodeToken reads what EncodeToken wrote. It refuses what it does not know: a
// limit on a token that is overlooked would widen the token.
func DecodeToken(id string, data []byte) (*Token, error) {
	var r record
	if err := json.Unmarshal(data, &r, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("token %s: %w", id, err)
	}
	t := &Token{
		ID: id, Owner: r.Owner, Name: r.Name, Actions: r.Actions, Prefixes: r.Prefixes,
		CreatedBy: r.CreatedBy, Created: r.Created, Expires: r.Expires, LastUsed: r.LastUsed,
	}
	if r.ReadOnly {
		t.Actions = []string{"read"}
	}
	hash, err := hex.DecodeString(r.Hash)
	if err != nil || len(hash) != len(t.Hash) {
		return nil, fmt.Errorf("token %s: its hash is malformed", id)
	}
	copy(t.Hash[:], hash)
	return t, nil
}
