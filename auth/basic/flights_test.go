package basic

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"mlgate/auth"
)

func home() netip.Addr { return netip.MustParseAddr("192.0.2.1") }
func away() netip.Addr { return netip.MustParseAddr("192.0.2.2") }

// blocked returns a Verified with one slot, which is taken until free is called.
func blocked(t *testing.T) (v *Verified, free func()) {
	v = newVerified(t, 10)
	v.slots = make(chan struct{}, 1)
	v.slots <- struct{}{}
	return v, func() { <-v.slots }
}

func TestParallelHashesAreBounded(t *testing.T) {
	t.Parallel()
	v := newVerified(t, 10)
	var running, most atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			_, err := v.do(t.Context(), home(), proof{byte(i)}, func() bool {
				now := running.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				defer running.Add(-1)
				return true
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, limit := most.Load(), int64(cap(v.slots)); got > limit {
		t.Errorf("got %d hashes at once, want at most %d", got, limit)
	}
}

func TestOneAddressCannotQueueUpEndlesslyNorKeepOthersOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, free := blocked(t)
		var wg sync.WaitGroup
		ask := func(from netip.Addr, n byte) {
			wg.Go(func() {
				if _, err := v.do(t.Context(), from, proof{n}, func() bool { return true }); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range maxQueued {
			ask(home(), byte(i))
		}
		synctest.Wait()
		var throttled *auth.ThrottledError
		if _, err := v.do(t.Context(), home(), proof{200}, nil); !errors.As(err, &throttled) {
			t.Errorf("got %v, want throttled", err)
		}
		ask(away(), 201) // another address
		ask(home(), 0)   // joins a flight under way
		synctest.Wait()
		free()
		wg.Wait()
		if len(v.queued) != 0 || len(v.running) != 0 {
			t.Errorf("got %d addresses and %d flights left, want none", len(v.queued), len(v.running))
		}
	})
}

func TestAFlightThatNobodyWaitsForIsCalledOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, free := blocked(t)
		ctx, cancel := context.WithCancel(t.Context())
		var ran atomic.Int64
		compare := func() bool { ran.Add(1); return true }
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := v.do(ctx, home(), proof{1}, compare); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want canceled", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		synctest.Wait()
		free()
		synctest.Wait()
		if ran.Load() != 0 || len(v.running) != 0 || len(v.queued) != 0 {
			t.Errorf("got %d hashes, %d flights, %d addresses; want none", ran.Load(), len(v.running), len(v.queued))
		}
	})
}

func TestOneWhoLeavesDoesNotCallOffTheOthersFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, free := blocked(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = v.do(ctx, home(), proof{1}, func() bool { return true }) })
		synctest.Wait()
		var right bool
		wg.Go(func() { right, _ = v.do(t.Context(), home(), proof{1}, func() bool { return false }) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		free()
		wg.Wait()
		if !right {
			t.Error("the second caller did not get the first one's result")
		}
	})
}
