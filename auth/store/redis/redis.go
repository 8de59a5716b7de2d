package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mlgate/auth/store"
)

// DB is a store in Redis. Close it.
type DB struct {
	client  goredis.UniversalClient
	prefix  string   // of all keys, with the hash tag
	common  []string // the keys that begin every script's
	channel string
	scripts *scripts
	lease   *lease
}

// Open prepares the use of Redis. It touches no network, so a Redis that is down
// is no error here. All works without Run, by asking Redis each time.
func Open(o Options) (*DB, error) {
	if len(o.Addrs) == 0 {
		return nil, errors.New("open redis: no address")
	}
	if o.Prefix == "" {
		o.Prefix = "mlgate:"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	goredis.SetLogger(quiet{o.Logger})
	prefix := o.Prefix + "{1}:"
	db := &DB{
		client: dial(o), prefix: prefix, channel: prefix + "changed", scripts: newScripts(),
		common: []string{prefix + "log", prefix + "leases", prefix + "tenure"},
	}
	db.lease = newLease(o)
	return db, nil
}

// Tokens returns the API tokens kept here.
func (db *DB) Tokens() store.Tokens { return tokens{db} }

// Sessions returns the signed-in browsers kept here.
func (db *DB) Sessions() store.Sessions { return sessions{db} }

// Once returns the short-lived values kept here.
func (db *DB) Once() store.Once { return once{db} }

// Keys returns the keys kept here.
func (db *DB) Keys() store.Keys { return keys{db} }

// Close lets go of all connections. End Run before.
func (db *DB) Close() error { return db.client.Close() }

// newMark is a random mark of one change.
func newMark() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Ping asks Redis to do what this store needs, with the rights that it gives us,
// and changes nothing that stays.
func (db *DB) Ping(ctx context.Context) error {
	reply, err := db.try(ctx, db.scripts.pending, nil, "0")
	if err != nil {
		return err
	}
	if parsePending(reply).run == "" {
		return fmt.Errorf("redis: %w: the account may not ask INFO", store.ErrUnavailable)
	}
	holder := newMark()
	if _, err := db.try(ctx, db.scripts.renew, nil, newMark(), holder, "", 0); err != nil {
		return err
	}
	_, err = db.try(ctx, db.scripts.leave, nil, holder)
	return err
}
