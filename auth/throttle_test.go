package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// passwords authenticates whoever gives the password listed for them.
type passwords struct {
	of    map[string]string
	calls int
	mu    sync.Mutex
}

func (p *passwords) Authenticate(r *http.Request) (*Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	c, err := ParseAuthorization(r.Header)
	if err != nil {
		return nil, err
	}
	if want, ok := p.of[c.User]; !ok || want != c.Secret.Reveal() {
		return nil, fmt.Errorf("user %q: %w", c.User, ErrBadCredentials)
	}
	return NewIdentity(Identity{User: c.User, Method: MethodPassword}), nil
}

// bench is a throttle with a clock of its own.
type bench struct {
	t    *testing.T
	now  time.Time
	next *passwords
	Authenticator
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, now: time.Unix(1_000_000, 0), next: &passwords{of: map[string]string{"alice": "right", "bob": "right"}}}
	throttle := NewThrottle(ThrottleOptions{PerUser: 3, PerAddress: 12, Now: func() time.Time { return b.now }})
	b.Authenticator = throttle.Wrap(b.next)
	return b
}

func (b *bench) try(user, password, from string) error {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = from
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	_, err := b.Authenticate(r)
	return err
}

func (b *bench) fail(n int, user, from string) {
	b.t.Helper()
	for range n {
		if err := b.try(user, "wrong", from); !errors.Is(err, ErrBadCredentials) {
			b.t.Fatalf("%s from %s: got %v, want bad credentials", user, from, err)
		}
	}
}

func (b *bench) refused(user, from string) time.Duration {
	b.t.Helper()
	var throttled *ThrottledError
	if err := b.try(user, "right", from); !errors.As(err, &throttled) {
		b.t.Fatalf("%s from %s: got %v, want throttled", user, from, err)
	}
	return throttled.RetryAfter
}

func (b *bench) passes(user, from string) {
	b.t.Helper()
	if err := b.try(user, "right", from); err != nil {
		b.t.Fatalf("%s from %s: got %v, want success", user, from, err)
	}
}

const here, there = "192.0.2.1:1000", "192.0.2.2:1000"

func TestThrottleRefusesEvenTheRightPasswordAfterRepeatedFailures(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fail(3, "alice", here)
	calls := b.next.calls
	if wait := b.refused("alice", here); wait != 30*time.Second {
		t.Errorf("got a wait of %v, want 30s", wait)
	}
	if b.next.calls != calls {
		t.Error("a throttled request still reached the password check")
	}
	b.now = b.now.Add(30 * time.Second)
	b.passes("alice", here)
}

func TestThrottleDoublesTheWaitUpToItsBound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fail(3, "alice", here)
	for _, want := range []time.Duration{30, 60, 120, 240, 480, 900, 900} {
		got := b.refused("alice", here)
		if got != want*time.Second {
			t.Fatalf("got a wait of %v, want %vs", got, int(want))
		}
		b.now = b.now.Add(got)
		b.fail(1, "alice", here)
	}
}

func TestOneGuesserLocksOutNeitherTheUserElsewhereNorOtherUsersHere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fail(3, "alice", here)
	b.refused("alice", here)
	b.passes("alice", there)
	b.passes("bob", here)
}

func TestSuccessClearsTheCount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 3 {
		b.fail(2, "alice", here)
		b.passes("alice", here)
	}
}

func TestSprayingManyNamesReachesTheCeilingOfTheAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.passes("bob", here) // at work already
	for i := range 12 {
		b.fail(1, fmt.Sprintf("guess%d", i), here)
	}
	b.refused("alice", here)
	b.passes("alice", there)
	b.passes("bob", here)
	b.fail(3, "bob", here) // but bob's own count holds still
	b.refused("bob", here)
}

func TestAnOwnAccountDoesNotResetTheCeiling(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 6 {
		b.fail(1, "bob", here)
		b.passes("bob", here)
		b.fail(1, fmt.Sprintf("guess%d", i), here)
	}
	b.refused("alice", here)
}

func TestOneIPv6NetworkCountsAsOneAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 3 {
		b.fail(1, "alice", fmt.Sprintf("[2001:db8::%d]:1000", i+1))
	}
	b.refused("alice", "[2001:db8::ffff:1]:1000")
	b.passes("alice", "[2001:db8:0:1::1]:1000")
}

func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fail(2, "alice", here)
	b.now = b.now.Add(31 * time.Minute)
	b.fail(2, "alice", here)
	b.passes("alice", here)
}

func TestRequestsWithoutCredentialsNeverCount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 50 {
		if err := b.try("", "", here); !errors.Is(err, ErrNoCredentials) {
			t.Fatalf("got %v, want no credentials", err)
		}
	}
	b.passes("alice", here)
}

func TestSigningOutIsRefusedAndNeverThrottled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 50 {
		if err := b.try("mlflow-logged-out-m8x1", "mlflow-logged-out-m8x1", here); !errors.Is(err, ErrBadCredentials) {
			t.Fatalf("got %v, want bad credentials", err)
		}
	}
	b.passes("alice", here)
	if b.next.calls != 1 {
		t.Errorf("got %d password checks, want 1: signing out must not cost a hash", b.next.calls)
	}
}

func TestARevokedTokenDoesNotLockOutItsOwnersPassword(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 3 {
		if err := b.try("alice", TokenPrefix+"0123456789abcdefsecret", here); !errors.Is(err, ErrBadCredentials) {
			t.Fatalf("got %v, want bad credentials", err)
		}
	}
	b.passes("alice", here)
	var throttled *ThrottledError
	if err := b.try("token", TokenPrefix+"0123456789abcdefother", here); !errors.As(err, &throttled) {
		t.Errorf("got %v, want throttled", err)
	}
}

// Each job of a CI brings a JWT of its own, and all come from one address: the
// broken ones must neither lock out the sound ones nor anybody else there.
func TestBrokenJWTsLockNobodyOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 1000 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "192.0.2.1:1"
		r.Header.Set("Authorization", "Bearer eyJh.eyJi.c")
		if _, err := b.Authenticate(r); !errors.Is(err, ErrBadCredentials) {
			t.Fatalf("got %v, want bad credentials each time", err)
		}
	}
	b.passes("alice", "192.0.2.1:1")
}

// What is no JWT and no API token counts as before, all of it as one.
func TestOtherBearersAreThrottled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	throttled := new(ThrottledError)
	for i := range 10 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "192.0.2.1:1"
		r.Header.Set("Authorization", fmt.Sprintf("Bearer eyJguess%d", i))
		if _, err := b.Authenticate(r); errors.As(err, &throttled) {
			return
		}
	}
	t.Error("ten guesses, and none had to wait")
}

func TestUndecidedRequestsDoNotCount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	broken := errors.New("store down")
	down := NewThrottle(ThrottleOptions{PerUser: 1}).Wrap(failing{broken})
	for range 5 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetBasicAuth("alice", "right")
		if _, err := down.Authenticate(r); !errors.Is(err, broken) {
			b.t.Fatalf("got %v, want %v", err, broken)
		}
	}
}

type failing struct{ err error }

func (f failing) Authenticate(*http.Request) (*Identity, error) { return nil, f.err }

func TestThrottleForgetsUnderFloodRatherThanGrow(t *testing.T) {
	t.Parallel()
	throttle := NewThrottle(ThrottleOptions{Size: 100})
	a := throttle.Wrap(&passwords{})
	for i := range 5000 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = fmt.Sprintf("10.0.%d.%d:1", i/250, i%250)
		r.SetBasicAuth(fmt.Sprintf("user%d", i), "x")
		_, _ = a.Authenticate(r)
	}
	throttle.pairs.CleanUp()
	throttle.addrs.CleanUp()
	if p, a := throttle.pairs.EstimatedSize(), throttle.addrs.EstimatedSize(); p > 100 || a > 100 {
		t.Errorf("got %d pairs and %d addresses, want at most 100", p, a)
	}
}

func TestThrottleIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				_ = b.try("alice", []string{"right", "wrong"}[i%2], here)
			}
		})
	}
	wg.Wait()
}

func TestRetryAfterIsWholeSecondsRoundedUp(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int{0: 1, time.Millisecond: 1, time.Second: 1, 1001 * time.Millisecond: 2} {
		if got := (&ThrottledError{RetryAfter: wait}).Seconds(); got != want {
			t.Errorf("%v: got %d, want %d", wait, got, want)
		}
	}
}

func BenchmarkThrottlePassing(b *testing.B) {
	a := NewThrottle(ThrottleOptions{}).Wrap(fixed{NewIdentity(Identity{User: "alice"})})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth("alice", "right")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}

type fixed struct{ id *Identity }

func (f fixed) Authenticate(*http.Request) (*Identity, error) { return f.id, nil }
