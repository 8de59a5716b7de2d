package store

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound means that there is no such record. Backends wrap it.
var ErrNotFound = errors.New("not found")

// ErrExists means that a record with this id is there already. Backends wrap it.
var ErrExists = errors.New("exists already")

// ErrUnavailable means that the store did not answer, or not in time: it is down,
// cut off, or refuses. Backends wrap it, with the cause in words. Whether a change
// took effect is then unknown, but a change that is made again does no harm.
var ErrUnavailable = errors.New("state store unavailable")

// TokenHash is the SHA-256 of an API token's whole text. The text itself is
// never stored: with 256 bits of randomness in it, the hash cannot be guessed
// back, and it needs neither salt nor slowness.
type TokenHash [32]byte

// Token is the record of one API token. Records are immutable: a backend may
// hand the same one to many callers, and none may change it.
type Token struct {
	// ID names the token for ever; no id is used twice.
	ID string
	// Owner is the user in whose name the token speaks.
	Owner string
	// Name is what the owner calls it. Several may be called the same.
	Name string
	// Hash is what a presented token must hash to.
	Hash TokenHash
	// Actions and Prefixes narrow what the token may do; none: all that the owner may.
	Actions  []string
	Prefixes []string
	// CreatedBy is who made it: the owner, or an admin.
	CreatedBy string
	// Created and Expires bound its life.
	Created, Expires time.Time
	// LastUsed is when it was last used, to about a minute; zero: never.
	LastUsed time.Time
}

// Tokens keeps API tokens. Implementations are safe for concurrent use.
//
// A Delete that returned is seen by every Get that begins after it, on every
// replica: this is what makes revocation hold at the next request.
type Tokens interface {
	// Put keeps a new token, durably, before it returns. It wraps ErrExists if
	// the id is taken and then changes nothing.
	Put(ctx context.Context, token *Token) error
	// Get returns the token with this id, or wraps ErrNotFound. It runs once a
	// request and has to be quick. Expired tokens are returned like others.
	Get(ctx context.Context, id string) (*Token, error)
	// List returns all tokens of owner, oldest first. No tokens is no error.
	List(ctx context.Context, owner string) ([]*Token, error)
	// Expire brings the end of a token forward, durably, before it returns; never
	// back: where the token ends earlier already it changes nothing. It holds as a
	// Delete does. It wraps ErrNotFound if there is no such token.
	Expire(ctx context.Context, id string, end time.Time) error
	// Delete removes the token with this id, durably, before it returns. It
	// wraps ErrNotFound if there is none; of several at once one succeeds.
	Delete(ctx context.Context, id string) error
	// Touch notes that a token was used. It may be lost in a crash, writes to
	// disk at most once a minute, and never brings a deleted token back; time
	// never runs backwards. It wraps ErrNotFound if there is no such token.
	Touch(ctx context.Context, id string, used time.Time) error
}

// Keys makes random keys by name and keeps them. Implementations are safe for
// concurrent use.
type Keys interface {
	// Key returns the key of this name, size bytes long. The first call makes
	// it, durably, before it returns; every later one, on every replica, gets
	// the same bytes, also when the first calls come at once. Asking for
	// another size than the kept one is an error. Callers get a copy of their
	// own.
	Key(ctx context.Context, name string, size int) ([]byte, error)
}
