package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"mlgate/auth/store"
)

// layout is written into the file. A file with another one is refused rather
// than misread.
const layout = "mlgate-state-1"

// names returns the buckets of the file. Bolt wants bytes; a function keeps
// them from being changed.
func metaBucket() []byte   { return []byte("meta") }
func tokensBucket() []byte { return []byte("tokens") }
func keysBucket() []byte   { return []byte("keys") }

// Options tune Open. Zero fields take the defaults given.
type Options struct {
	// LockTimeout is how long to wait for another process to let go of the
	// file: 2 s.
	LockTimeout time.Duration
	// Rand is the source of keys: crypto/rand.Reader.
	Rand io.Reader
	// Now is the clock: time.Now.
	Now func() time.Time
}

// DB is an open store. Close it.
type DB struct {
	bolt   *bolt.DB
	rand   io.Reader
	tokens *tokens
	people *sessions
	once   *once
}

// Open opens the file at path and makes it, readable to its owner alone, if
// it is not there. It takes the file's lock: two processes never share a file.
func Open(path string, opts Options) (*DB, error) {
	if opts.LockTimeout <= 0 {
		opts.LockTimeout = 2 * time.Second
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	b, err := openFile(path, opts.LockTimeout)
	if err != nil {
		return nil, err
	}
	db := &DB{bolt: b, rand: opts.Rand}
	if err := db.prepare(opts.Now); err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), b.Close())
	}
	return db, nil
}

// openFile also takes away what others may do with a file that was made with
// wider rights: it holds seal keys.
func openFile(path string, timeout time.Duration) (*bolt.DB, error) {
	b, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: timeout, FreelistType: bolt.FreelistMapType})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("another mlgate holds %s: stop it first, or give this one a state.path of its own", path)
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("open state: the folder %s does not exist: make it first", filepath.Dir(path))
	case err != nil:
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, info.Mode().Perm()&0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("open state: others can read %s: %w", path, err), b.Close())
		}
	}
	return b, nil
}

// prepare makes the buckets of a new file and reads an old one's tokens.
func (db *DB) prepare(now func() time.Time) error {
	err := db.bolt.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{metaBucket(), tokensBucket(), keysBucket(), sessionsBucket()} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(metaBucket())
		switch got := string(meta.Get([]byte("layout"))); got {
		case layout:
			return nil
		case "":
			return meta.Put([]byte("layout"), []byte(layout))
		default:
			return fmt.Errorf("the file has layout %q, this mlgate reads %q", got, layout)
		}
	})
	if err != nil {
		return err
	}
	if db.tokens, err = loadTokens(db.bolt, now); err != nil {
		return err
	}
	db.once = &once{now: now, byKey: map[string]dated{}}
	db.people, err = loadSessions(db.bolt, now)
	return err
}

// Close writes what is still in memory only and lets go of the file.
func (db *DB) Close() error {
	return errors.Join(db.tokens.flush(), db.bolt.Close())
}

// Tokens returns the API tokens kept here.
func (db *DB) Tokens() store.Tokens { return db.tokens }

// Sessions returns the signed-in browsers kept here.
func (db *DB) Sessions() store.Sessions { return db.people }

// Once returns the short-lived values kept here.
func (db *DB) Once() store.Once { return db.once }

// Keys returns the keys kept here.
func (db *DB) Keys() store.Keys { return keys{db} }

type keys struct{ db *DB }

// Key implements store.Keys. Bolt runs one writer at a time, which makes
// look-up and making one step.
func (k keys) Key(ctx context.Context, name string, size int) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	if name == "" || size <= 0 {
		return nil, fmt.Errorf("key %q: want a name and a positive size, got size %d", name, size)
	}
	var key []byte
	read := func(tx *bolt.Tx) error {
		key = append([]byte(nil), tx.Bucket(keysBucket()).Get([]byte(name))...)
		return nil
	}
	if err := k.db.bolt.View(read); err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	if len(key) == 0 {
		err := k.db.bolt.Update(func(tx *bolt.Tx) error {
			if err := read(tx); err != nil || len(key) > 0 {
				return err
			}
			key = make([]byte, size)
			if _, err := io.ReadFull(k.db.rand, key); err != nil {
				return err
			}
			return tx.Bucket(keysBucket()).Put([]byte(name), key)
		})
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", name, err)
		}
	}
	if len(key) != size {
		return nil, fmt.Errorf("key %q: kept with %d bytes, asked for %d", name, len(key), size)
	}
	return key, nil
}
