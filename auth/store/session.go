package store

import (
	"context"
	"errors"
	"time"
)

// ErrChanged means that a record is not the one that the caller read: another
// request was faster. Backends wrap it.
var ErrChanged = errors.New("changed meanwhile")

// SessionHash is the SHA-256 of a session cookie's value. The value itself is
// never stored: whoever reads the store can sign in as nobody.
type SessionHash [32]byte

// Session is the record of one signed-in browser. Records are immutable: a
// backend may hand the same one to many callers, and none may change it.
type Session struct {
	// Hash is what the presented cookie must hash to; it names the record.
	Hash SessionHash
	// ID is the public name of the session, for lists and logs.
	ID string
	// User and Groups are who is signed in.
	User   string
	Groups []string
	// Method is the way of signing in.
	Method string
	// Provider, Subject and SID are the login at the identity provider that the
	// session came from: the name that the config gives the provider, the "sub"
	// and the "sid" of its ID token. Empty for a password; SID may be empty.
	Provider, Subject, SID string
	// Sealed is what only the gate can read: what providers gave, or what the password
	// file said. Backends keep it as it is.
	Sealed []byte
	// Client is what the browser called itself, for the owner to recognise.
	Client string
	// Created is the time of sign-in, LastUsed of the last use, to about a
	// minute, and GroupsRead that at which the provider last vouched for Groups.
	Created, LastUsed, GroupsRead time.Time
	// RenewAt is when the provider is to be asked about Groups again; zero: never.
	RenewAt time.Time
	// Expires is when the record goes by itself; each use moves it.
	Expires time.Time
	// Version counts the replacements of the record. Put keeps it as given.
	Version uint64
}

// Login names sign-ins at an identity provider. With SID it is one of them, else
// all of Subject.
type Login struct {
	Provider, Subject, SID string
}

// Covers reports whether a session came from this login. A login that names
// neither subject nor sid covers nothing.
func (l Login) Covers(s *Session) bool {
	if l.Provider != s.Provider || l.Provider == "" {
		return false
	}
	if l.SID != "" {
		return l.SID == s.SID && (l.Subject == "" || l.Subject == s.Subject)
	}
	return l.Subject != "" && l.Subject == s.Subject
}

// Sessions keeps signed-in browsers. Implementations are safe for concurrent
// use. A session is gone once its Expires has passed, whether it was swept or not.
//
// A Delete or DeleteOf that returned is seen by every Get that begins after it,
// on every replica: this is what makes sign-out hold at the next request.
type Sessions interface {
	// Put keeps a new session before it returns. It wraps ErrExists if the hash
	// is taken and then changes nothing.
	Put(ctx context.Context, s *Session) error
	// Get returns the session with this hash, or wraps ErrNotFound. It runs once
	// a request and has to be quick.
	Get(ctx context.Context, hash SessionHash) (*Session, error)
	// Replace puts next, which has the same hash, in the place of the session
	// whose Version is next.Version-1. It wraps ErrChanged if another version is
	// there, ErrNotFound if none is: a session that was ended never comes back.
	// User, Provider, Subject and SID of a session never change.
	Replace(ctx context.Context, next *Session) error
	// Delete removes a session before it returns; it wraps ErrNotFound if there
	// is none, and of several at once one succeeds.
	Delete(ctx context.Context, hash SessionHash) error
	// ListOf returns the sessions of a user, oldest first. None is no error.
	ListOf(ctx context.Context, user string) ([]*Session, error)
	// DeleteOf removes all sessions that a login covers and tells how many.
	DeleteOf(ctx context.Context, login Login) (int, error)
}

// Once keeps values for a short time. Implementations are safe for concurrent
// use; a value is gone once its time is over, on every replica. What was kept
// may be lost when the store restarts: callers must be safe then too.
type Once interface {
	// Put keeps a value for ttl. It wraps ErrExists if there is one of this key
	// already, which stays as it is; of several at once one succeeds, on all
	// replicas. An empty key and a ttl that is not positive are errors.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Take removes the value of a key and returns it, or wraps ErrNotFound. Of
	// several at once one gets it.
	Take(ctx context.Context, key string) ([]byte, error)
}
