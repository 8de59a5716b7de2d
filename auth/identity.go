package auth

import (
	"slices"
	"strconv"
	"time"
)

// Method is the way in which a caller proved who they are.
type Method string

// The ways of signing in.
const (
	MethodPassword  Method = "password"
	MethodToken     Method = "token"
	MethodWorkload  Method = "workload"
	MethodSession   Method = "session"
	MethodAnonymous Method = "anonymous"
)

// Identity is who is calling. It is immutable once an Authenticator returned
// it: one value may be shared by many requests at once.
type Identity struct {
	// User is the caller's name in NFC, compared byte for byte everywhere. It
	// is empty for anonymous callers and for nobody else.
	User string
	// Groups are the groups that the identity provider vouches for.
	Groups []string
	// Method is how the caller signed in.
	Method Method
	// TokenID names the API token used, if Method is MethodToken. It is no
	// secret: it may be logged.
	TokenID string
	// Issuer and Subject are whom the proof names and who vouches for it, if
	// Method is MethodWorkload: many subjects may act as one user. They are no
	// secret, and no right depends on them.
	Issuer, Subject string
	// SessionID names the session in the browser, if Method is MethodSession. It
	// is not the cookie: it may be logged.
	SessionID string
	// Actions, unless empty, take away every right that these actions do not
	// include (a policy's words: "read", "edit"). They never add any.
	Actions []string
	// Prefixes, unless empty, take away every right outside these patterns
	// (policy patterns: "cv/*", an exact name, "*"). They never add any.
	Prefixes []string
	// Expires is when the proof ends; zero if it does not.
	Expires time.Time

	key string
}

// NewIdentity returns an immutable copy of id with its Key computed.
func NewIdentity(id Identity) *Identity {
	id.Groups = slices.Clone(id.Groups)
	id.Actions = slices.Clone(id.Actions)
	id.Prefixes = slices.Clone(id.Prefixes)
	id.key = rightsKey(&id)
	return &id
}

// Anonymous returns the identity of a caller who proved nothing. Only the
// proxy's open mode lets it in.
func Anonymous() *Identity {
	return NewIdentity(Identity{Method: MethodAnonymous})
}

// Key returns the canonical text of everything that this identity's rights
// depend on: two identities with equal keys may do exactly the same under the
// same policy. It does not allocate for identities made by NewIdentity.
//
// A part left out here would let one caller be answered from what was cached
// for another with wider rights, so each field has a test.
func (id *Identity) Key() string {
	if id.key != "" {
		return id.key
	}
	return rightsKey(id)
}

// Limited reports whether the proof carries less than all rights of its user.
func (id *Identity) Limited() bool {
	return len(id.Actions) > 0 || len(id.Prefixes) > 0
}

// rightsKey writes every part with its length, so that no two different
// identities can spell the same key. Order and repetition of groups,
// actions and prefixes mean nothing and are normalised away. The way of signing in counts
// only as "signed in or not".
func rightsKey(id *Identity) string {
	b := make([]byte, 0, 64)
	if id.Method == MethodAnonymous {
		b = append(b, "anonymous|"...)
	} else {
		b = append(b, "signed-in|"...)
	}
	b = appendPart(b, id.User)
	b = appendSet(b, 'g', id.Groups)
	b = appendSet(b, 'a', id.Actions)
	return string(appendSet(b, 'p', id.Prefixes))
}

func appendSet(b []byte, mark byte, parts []string) []byte {
	sorted := slices.Compact(slices.Sorted(slices.Values(parts)))
	b = append(b, '|', mark)
	b = strconv.AppendInt(b, int64(len(sorted)), 10)
	for _, part := range sorted {
		b = append(b, '|')
		b = appendPart(b, part)
	}
	return b
}

func appendPart(b []byte, part string) []byte {
	b = strconv.AppendInt(b, int64(len(part)), 10)
	b = append(b, ':')
	return append(b, part...)
}
