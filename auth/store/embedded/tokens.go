package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"mlgate/auth/store"
)

// touchEvery is how often, at most, last uses are written to the file.
const touchEvery = time.Minute

// tokens implements store.Tokens over the file and a copy of it in memory.
type tokens struct {
	bolt *bolt.DB
	now  func() time.Time

	// writing orders changes: file first, then memory, one at a time.
	writing sync.Mutex

	mu      sync.RWMutex // guards the following; never held during disk access
	byID    map[string]*store.Token
	touched map[string]struct{} // used since flushed
	flushed time.Time
	busy    bool // a flush is under way
	closed  bool // no more flushes of their own accord
	flushes sync.WaitGroup
}

func loadTokens(b *bolt.DB, now func() time.Time) (*tokens, error) {
	t := &tokens{bolt: b, now: now, byID: map[string]*store.Token{}, touched: map[string]struct{}{}, flushed: now()}
	err := b.View(func(tx *bolt.Tx) error {
		return tx.Bucket(tokensBucket()).ForEach(func(id, data []byte) error {
			token, err := store.DecodeToken(string(id), data)
			if err != nil {
				return err
			}
			t.byID[token.ID] = token
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	return t, nil
}

// Put implements store.Tokens.
func (t *tokens) Put(ctx context.Context, token *store.Token) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("put token: %w", err)
	}
	if token.ID == "" || token.Owner == "" {
		return errors.New("put token: id and owner must not be empty")
	}
	kept := *token
	kept.Actions, kept.Prefixes = slices.Clone(token.Actions), slices.Clone(token.Prefixes)
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.find(kept.ID) != nil {
		return fmt.Errorf("put token %s: %w", kept.ID, store.ErrExists)
	}
	err := t.bolt.Update(func(tx *bolt.Tx) error { return write(tx, &kept) })
	if err != nil {
		return fmt.Errorf("put token %s: %w", kept.ID, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byID[kept.ID] = &kept
	return nil
}

// Get implements store.Tokens.
func (t *tokens) Get(ctx context.Context, id string) (*store.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get token: %w", err)
	}
	if token := t.find(id); token != nil {
		return token, nil
	}
	return nil, fmt.Errorf("get token %s: %w", id, store.ErrNotFound)
}

func (t *tokens) find(id string) *store.Token {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byID[id]
}

// List implements store.Tokens.
func (t *tokens) List(ctx context.Context, owner string) ([]*store.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	var list []*store.Token
	for token := range maps.Values(t.byID) {
		if token.Owner == owner {
			list = append(list, token)
		}
	}
	slices.SortFunc(list, func(a, b *store.Token) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Delete implements store.Tokens.
func (t *tokens) Delete(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("delete token: %w", err)
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.find(id) == nil {
		return fmt.Errorf("delete token %s: %w", id, store.ErrNotFound)
	}
	err := t.bolt.Update(func(tx *bolt.Tx) error { return tx.Bucket(tokensBucket()).Delete([]byte(id)) })
	if err != nil {
		return fmt.Errorf("delete token %s: %w", id, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, id)
	delete(t.touched, id)
	return nil
}

// Expire implements store.Tokens.
func (t *tokens) Expire(ctx context.Context, id string, end time.Time) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("expire token: %w", err)
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	old := t.find(id)
	if old == nil {
		return fmt.Errorf("expire token %s: %w", id, store.ErrNotFound)
	}
	if !end.Before(old.Expires) {
		return nil
	}
	ended := *old
	ended.Expires = end
	if err := t.bolt.Update(func(tx *bolt.Tx) error { return write(tx, &ended) }); err != nil {
		return fmt.Errorf("expire token %s: %w", id, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	ended.LastUsed = t.byID[id].LastUsed // it may have been used meanwhile
	t.byID[id] = &ended
	return nil
}

// Touch implements store.Tokens: it changes memory, and once a minute starts
// one write of all that changed.
func (t *tokens) Touch(ctx context.Context, id string, used time.Time) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("touch token: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.byID[id]
	if old == nil {
		return fmt.Errorf("touch token %s: %w", id, store.ErrNotFound)
	}
	if !used.After(old.LastUsed) {
		return nil
	}
	token := *old
	token.LastUsed = used
	t.byID[id] = &token
	t.touched[id] = struct{}{}
	if !t.busy && !t.closed && t.now().Sub(t.flushed) >= touchEvery {
		t.busy = true
		t.flushes.Go(func() { _ = t.writeTouched() }) // tried again a minute later
	}
	return nil
}

// flush waits for a write under way and writes the rest.
func (t *tokens) flush() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.flushes.Wait()
	return t.writeTouched()
}

func (t *tokens) writeTouched() error {
	t.writing.Lock()
	defer t.writing.Unlock()
	changed := t.takeTouched()
	if len(changed) == 0 {
		return nil
	}
	err := t.bolt.Update(func(tx *bolt.Tx) error {
		for _, token := range changed {
			if err := write(tx, token); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write last uses: %w", err)
	}
	return nil
}

// takeTouched runs under writing, so no token in its answer can be deleted
// before it is written.
func (t *tokens) takeTouched() []*store.Token {
	t.mu.Lock()
	defer t.mu.Unlock()
	var changed []*store.Token
	for id := range t.touched {
		changed = append(changed, t.byID[id])
	}
	clear(t.touched)
	t.flushed, t.busy = t.now(), false
	return changed
}

func write(tx *bolt.Tx, t *store.Token) error {
	data, err := store.EncodeToken(t)
	if err != nil {
		return err
	}
	return tx.Bucket(tokensBucket()).Put([]byte(t.ID), data)
}
