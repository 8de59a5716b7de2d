package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mlgate/auth/store"
)

// mostOnce bounds the memory that strangers can fill by beginning sign-ins.
const mostOnce = 100_000

// once implements store.Once in memory alone: nothing in it outlives the one
// replica that uses it.
type once struct {
	now func() time.Time

	mu    sync.Mutex
	byKey map[string]dated
	swept time.Time
}

type dated struct {
	value []byte
	until time.Time
}

// Put implements store.Once.
func (o *once) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("keep once: %w", err)
	}
	if key == "" || ttl <= 0 {
		return errors.New("keep once: want a key and a time to live")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	o.sweep(now)
	if old, ok := o.byKey[key]; ok && now.Before(old.until) {
		return fmt.Errorf("keep once: %w", store.ErrExists)
	}
	if len(o.byKey) >= mostOnce {
		return errors.New("keep once: too many values at a time")
	}
	o.byKey[key] = dated{bytes.Clone(value), now.Add(ttl)}
	return nil
}

// Take implements store.Once.
func (o *once) Take(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("take once: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.byKey[key]
	delete(o.byKey, key)
	if !ok || !o.now().Before(found.until) {
		return nil, fmt.Errorf("take once: %w", store.ErrNotFound)
	}
	return found.value, nil
}

// sweep runs under mu: every ten seconds, so that what has expired does not pile up.
func (o *once) sweep(now time.Time) {
	if now.Sub(o.swept) < 10*time.Second {
		return
	}
	o.swept = now
	for key, d := range o.byKey {
		if !now.Before(d.until) {
			delete(o.byKey, key)
		}
	}
}
