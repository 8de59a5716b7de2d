package store

import (
	"context"
	"errors"
)

// Item is one kept thing in an archive.
type Item struct {
	// Kind says what it is: KindToken, KindSession or KindKey.
	Kind string
	// ID is its id or name; of a session its hash in hex.
	ID string
	// Data is the record: of a token what EncodeToken wrote, of a session what
	// EncodeSession did, of a key its bytes.
	Data []byte
}

// The kinds of items.
const (
	KindToken   = "token"
	KindSession = "session"
	KindKey     = "key"
)

// ErrNotEmpty means that a store holds something already. Backends wrap it.
var ErrNotEmpty = errors.New("not empty")

// Archive moves what a store keeps from one store to another, but for what it keeps
// for minutes alone (Once).
type Archive interface {
	// Export returns all tokens, sessions and keys, sorted by kind and id.
	Export(ctx context.Context) ([]Item, error)
	// Import keeps these items as they are. It wraps ErrNotEmpty if there is
	// something in the store already, unless replace says to remove that first; what
	// was removed is gone from every replica when Import returns. An Import that
	// failed may have done a part; repeating it with replace mends that.
	Import(ctx context.Context, items []Item, replace bool) error
}
