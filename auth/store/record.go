package store

import (
	"encoding/hex"
	"errors"
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

// sessionRecord is a session as backends keep it, without its hash.
type sessionRecord struct {
	ID         string    `json:"id"`
	User       string    `json:"user"`
	Groups     []string  `json:"groups,omitzero"`
	Method     string    `json:"method"`
	Provider   string    `json:"provider,omitzero"`
	Subject    string    `json:"subject,omitzero"`
	SID        string    `json:"sid,omitzero"`
	Sealed     []byte    `json:"sealed,omitzero"`
	Client     string    `json:"client,omitzero"`
	Created    time.Time `json:"created"`
	LastUsed   time.Time `json:"last_used"`
	GroupsRead time.Time `json:"groups_read,omitzero"`
	RenewAt    time.Time `json:"renew_at,omitzero"`
	Expires    time.Time `json:"expires"`
	Version    uint64    `json:"version,omitzero"`
}

// EncodeSession writes a session, without its hash, as backends keep it.
func EncodeSession(s *Session) ([]byte, error) {
	return json.Marshal(sessionRecord{
		ID: s.ID, User: s.User, Groups: s.Groups, Method: s.Method,
		Provider: s.Provider, Subject: s.Subject, SID: s.SID, Sealed: s.Sealed, Client: s.Client,
		Created: s.Created.UTC(), LastUsed: s.LastUsed.UTC(), GroupsRead: s.GroupsRead.UTC(),
		RenewAt: s.RenewAt.UTC(), Expires: s.Expires.UTC(), Version: s.Version,
	})
}

// DecodeSession reads what EncodeSession wrote. It returns nil for what it cannot
// read whole: whose session it was signs in again.
func DecodeSession(hash SessionHash, data []byte) *Session {
	var r sessionRecord
	if err := json.Unmarshal(data, &r, json.RejectUnknownMembers(true)); err != nil {
		return nil
	}
	return &Session{
		Hash: hash, ID: r.ID, User: r.User, Groups: r.Groups, Method: r.Method,
		Provider: r.Provider, Subject: r.Subject, SID: r.SID, Sealed: r.Sealed, Client: r.Client,
		Created: r.Created, LastUsed: r.LastUsed, GroupsRead: r.GroupsRead, RenewAt: r.RenewAt, Expires: r.Expires, Version: r.Version,
	}
}

// ParseSessionHash reads the id of a session in an archive.
func ParseSessionHash(text string) (SessionHash, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(SessionHash{}) {
		return SessionHash{}, errors.New("the hash of a session is malformed")
	}
	return SessionHash(raw), nil
}

// String is the hash in hex.
func (h SessionHash) String() string { return hex.EncodeToString(h[:]) }
