package redis

import (
	"context"
	"crypto/rand"
	"fmt"
)

// keys implements store.Keys.
type keys struct{ db *DB }

// Key implements store.Keys. Whose new key comes first wins; all get that one.
func (k keys) Key(ctx context.Context, name string, size int) ([]byte, error) {
	if name == "" || size <= 0 {
		return nil, fmt.Errorf("key %q: want a name and a positive size, got size %d", name, size)
	}
	made := make([]byte, size)
	if _, err := rand.Read(made); err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	kept, err := k.keep(ctx, name, made)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	if len(kept) != size {
		return nil, fmt.Errorf("key %q: kept with %d bytes, asked for %d", name, len(kept), size)
	}
	return []byte(kept), nil
}

// keep keeps a key unless there is one, and answers the one that is there.
func (k keys) keep(ctx context.Context, name string, made []byte) (string, error) {
	reply, err := k.db.run(ctx, k.db.scripts.key, []string{k.db.key("keys")}, name, made)
	kept, _ := reply.(string)
	return kept, err
}
