package embedded

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"mlgate/auth/store"
)

// bucketOf is where items of a kind lie.
func bucketOf(kind string) ([]byte, error) {
	switch kind {
	case store.KindToken:
		return tokensBucket(), nil
	case store.KindSession:
		return sessionsBucket(), nil
	case store.KindKey:
		return keysBucket(), nil
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}

// Export implements store.Archive.
func (db *DB) Export(ctx context.Context) ([]store.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if err := db.tokens.writeTouched(); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	var items []store.Item
	err := db.bolt.View(func(tx *bolt.Tx) error {
		for _, kind := range []string{store.KindKey, store.KindSession, store.KindToken} {
			name, err := bucketOf(kind)
			if err != nil {
				return err
			}
			err = tx.Bucket(name).ForEach(func(id, data []byte) error {
				item := store.Item{Kind: kind, ID: string(id), Data: bytes.Clone(data)}
				if kind == store.KindSession {
					if !db.people.lives(id, data) {
						return nil
					}
					item.ID = store.SessionHash(id).String()
				}
				items = append(items, item)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	slices.SortFunc(items, func(a, b store.Item) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	return items, nil
}

// Import implements store.Archive, in one step.
func (db *DB) Import(ctx context.Context, items []store.Item, replace bool) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	db.tokens.writing.Lock()
	defer db.tokens.writing.Unlock()
	db.people.writing.Lock()
	defer db.people.writing.Unlock()
	err := db.bolt.Update(func(tx *bolt.Tx) error {
		if err := clearAll(tx, replace); err != nil {
			return err
		}
		for _, item := range items {
			name, err := bucketOf(item.Kind)
			id := []byte(item.ID)
			if err == nil && item.Kind == store.KindSession {
				var hash store.SessionHash
				hash, err = store.ParseSessionHash(item.ID)
				id = hash[:]
			}
			if err == nil {
				err = tx.Bucket(name).Put(id, item.Data)
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", item.Kind, item.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return errors.Join(db.tokens.reload(), db.people.reload())
}

// clearAll empties the store, or refuses to.
func clearAll(tx *bolt.Tx, replace bool) error {
	for _, name := range [][]byte{tokensBucket(), sessionsBucket(), keysBucket()} {
		if first, _ := tx.Bucket(name).Cursor().First(); first == nil {
			continue
		}
		if !replace {
			return store.ErrNotEmpty
		}
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
}

// reload reads the tokens of the file into memory. It runs under writing.
func (t *tokens) reload() error {
	fresh, err := loadTokens(t.bolt, t.now)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byID = fresh.byID
	clear(t.touched)
	return nil
}
