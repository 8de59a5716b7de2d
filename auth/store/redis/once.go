package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlgate/auth/store"
)

// once implements store.Once.
type once struct{ db *DB }

// Put implements store.Once.
func (o once) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if key == "" || ttl <= 0 {
		return errors.New("put value: it needs a key and a time to live")
	}
	reply, err := o.db.run(ctx, o.db.scripts.oncePut, o.db.keys("once:"+key), newMark(), value, max(ttl.Milliseconds(), 1))
	if err != nil {
		return fmt.Errorf("put value: %w", err)
	}
	if reply != int64(1) {
		return fmt.Errorf("put value: %w", store.ErrExists)
	}
	return nil
}

// Take implements store.Once. A value whose answer is lost is lost.
func (o once) Take(ctx context.Context, key string) ([]byte, error) {
	reply, err := o.db.run(ctx, o.db.scripts.onceTake, o.db.keys("once:"+key), newMark())
	if err != nil {
		return nil, fmt.Errorf("take value: %w", err)
	}
	text, ok := reply.(string)
	if !ok {
		return nil, fmt.Errorf("take value: %w", store.ErrNotFound)
	}
	return []byte(text), nil
}
