package basic

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"mlgate/auth"
)

// maxQueued bounds how many different passwords one address may have waiting
// for their hash. It bounds both the queue that a flood builds up in front of
// everybody else and the number of guesses that pass the throttle at the same
// moment, before the first of them has failed.
const maxQueued = 64

var errHashPanicked = errors.New("the stored password hash cannot be computed")

// flights runs slow comparisons: few at a time, each once for all who wait for
// it, none for callers who have gone.
type flights struct {
	slots chan struct{}

	mu      sync.Mutex
	running map[proof]*flight
	queued  map[netip.Addr]int
}

// flight is one comparison that somebody waits for.
type flight struct {
	waiting int           // guarded by flights.mu
	gone    chan struct{} // closed when nobody waits any more
	done    chan struct{} // closed when right and err are set
	right   bool
	err     error
}

// do returns what compare says, joining a flight under way for the same proof.
func (f *flights) do(ctx context.Context, from netip.Addr, p proof, compare func() bool) (bool, error) {
	fl, err := f.join(from, p, compare)
	if err != nil {
		return false, err
	}
	select {
	case <-fl.done:
		return fl.right, fl.err
	case <-ctx.Done():
		f.leave(p, fl)
		return false, ctx.Err()
	}
}

func (f *flights) join(from netip.Addr, p proof, compare func() bool) (*flight, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl, ok := f.running[p]; ok {
		fl.waiting++
		return fl, nil
	}
	if f.queued[from] >= maxQueued {
		return nil, &auth.ThrottledError{RetryAfter: time.Second}
	}
	f.queued[from]++
	fl := &flight{waiting: 1, gone: make(chan struct{}), done: make(chan struct{})}
	f.running[p] = fl
	go f.run(from, p, fl, compare)
	return fl, nil
}

// leave gives up one's place; with the last one the flight is called off,
// unless its hash runs already.
func (f *flights) leave(p proof, fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.waiting--
	if fl.waiting == 0 && f.running[p] == fl {
		delete(f.running, p)
		close(fl.gone)
	}
}

// run turns a panic of a hash library into a refusal: out here it would end the
// whole process.
func (f *flights) run(from netip.Addr, p proof, fl *flight, compare func() bool) {
	defer f.land(from, p, fl)
	defer func() {
		if recover() != nil {
			fl.right, fl.err = false, errHashPanicked
		}
	}()
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
		fl.right = compare()
	case <-fl.gone:
	}
}

func (f *flights) land(from netip.Addr, p proof, fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[p] == fl {
		delete(f.running, p)
	}
	if f.queued[from]--; f.queued[from] == 0 {
		delete(f.queued, from)
	}
	close(fl.done)
}
