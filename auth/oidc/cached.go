package oidc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// cached holds what a provider publishes. It is fetched when first needed,
// again when it is old or does not suit, never by two at once, and not more
// often than pause allows: whoever can make us ask (anyone may post a logout
// token with a made-up key id) must not make us flood the provider.
type cached[T any] struct {
	fetch func(ctx context.Context) (T, error)
	now   func() time.Time
	// failed is told of each fetch that fails: what is held may hide it from
	// callers for hours.
	failed func(ctx context.Context, err error)
	// fresh: no need to ask again. stale: of use while the provider is down.
	fresh, stale time.Duration
	// pause between two fetches that worked; after failures it is shorter at
	// first and doubles up to maxPause.
	pause time.Duration

	flights singleflight.Group
	mu      sync.Mutex
	held    bool
	value   T
	got     time.Time
	next    time.Time // no fetch before
	fails   int
	err     error
}

const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
)

// get returns the value; one for which suits says no is fetched again if that
// is allowed by now. The value returned may still not suit.
func (c *cached[T]) get(ctx context.Context, suits func(T) bool) (T, error) {
	c.mu.Lock()
	now := c.now()
	age := now.Sub(c.got)
	usable := c.held && age < c.stale
	value, err := c.value, c.err
	may := !now.Before(c.next)
	c.mu.Unlock()
	if may && !(usable && age < c.fresh && suits(value)) {
		err = c.refetch(ctx)
		c.mu.Lock()
		value = c.value
		usable = c.held && c.now().Sub(c.got) < c.stale
		c.mu.Unlock()
	}
	if usable {
		return value, nil
	}
	if err == nil {
		err = errors.New("not known yet")
	}
	var none T
	return none, err
}

// refetch waits for the one fetch under way, or for its own context. The fetch
// itself is nobody's: a browser that goes away must not fail the others.
func (c *cached[T]) refetch(ctx context.Context) error {
	done := c.flights.DoChan("", func() (any, error) {
		// Another one may have ended since the caller looked.
		if early, err := c.early(); early {
			return nil, err
		}
		value, err := c.guarded(context.WithoutCancel(ctx))
		c.keep(value, err)
		if err != nil {
			c.failed(ctx, err)
		}
		return nil, err
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-done:
		return result.Err
	}
}

// early reports whether it is too soon for a fetch, and how the last one ended.
func (c *cached[T]) early() (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Before(c.next), c.err
}

// guarded keeps a panic over what a provider sent inside: singleflight would
// end the whole program with it, and the provider could do it again.
func (c *cached[T]) guarded(ctx context.Context) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return c.fetch(ctx)
}

func (c *cached[T]) keep(value T, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.err = err
	if err != nil {
		c.next = now.Add(min(firstPause<<min(c.fails, 10), maxPause))
		c.fails++
		return
	}
	c.held, c.value, c.got = true, value, now
	c.fails, c.next = 0, now.Add(c.pause)
}
