package auth

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
)

// ThrottleOptions tune a Throttle. Zero fields take the defaults given.
type ThrottleOptions struct {
	// PerUser is how many failures one address has free for one user: 10.
	PerUser int
	// PerAddress is how many it has free over all users: 300. It stops
	// spraying one password over many names.
	PerAddress int
	// Backoff is the first wait after that: 30 s. Each further failure doubles
	// it up to MaxBackoff: 15 min.
	Backoff, MaxBackoff time.Duration
	// Forget is how long after the last failure everything is forgotten: 30 min.
	Forget time.Duration
	// Size bounds how many pairs and how many addresses are remembered: 50,000.
	Size int
	// Now is the clock: time.Now.
	Now func() time.Time
}

// Throttle counts failed sign-ins per user and client address. It keeps its
// counts while the authenticators that it wraps are replaced on reload.
//
// The threat is a guesser. Counting per pair means that one at another address
// cannot lock a user out. The ceiling per address does not hold for users who
// already signed in from there: behind a shared address, a guesser who sprays
// names cannot lock out a team that is at work. Such users are still guarded
// by the count of their own pair.
//
// Guesses sent at the same moment all pass the check before the first of them
// has failed; how many those can be is bounded by the authenticators' own
// queue (auth/basic).
type Throttle struct {
	opts  ThrottleOptions
	pairs *otter.Cache[pair, tally]
	addrs *otter.Cache[netip.Addr, tally]
}

// pair is what failures are counted by: a user, or the public part of an API
// token, as seen from one address.
type pair struct {
	kind string
	who  string
	addr netip.Addr
}

// tally is an immutable value; a change stores a new one.
type tally struct {
	failures int
	last     time.Time // of the last failure
	until    time.Time // refused before this
	known    bool      // signed in from this address before
}

// NewThrottle returns a Throttle that remembers nothing yet.
func NewThrottle(opts ThrottleOptions) *Throttle {
	opts.setDefaults()
	return &Throttle{
		opts:  opts,
		pairs: otter.Must(&otter.Options[pair, tally]{MaximumSize: opts.Size}),
		addrs: otter.Must(&otter.Options[netip.Addr, tally]{MaximumSize: opts.Size}),
	}
}

func (o *ThrottleOptions) setDefaults() {
	setDefault(&o.PerUser, 10)
	setDefault(&o.PerAddress, 300)
	setDefault(&o.Backoff, 30*time.Second)
	setDefault(&o.MaxBackoff, 15*time.Minute)
	setDefault(&o.Forget, 30*time.Minute)
	setDefault(&o.Size, 50_000)
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Wrap returns next behind this throttle.
func (t *Throttle) Wrap(next Authenticator) Authenticator {
	return throttled{t, next}
}

type throttled struct {
	*Throttle
	next Authenticator
}

// Authenticate implements Authenticator. Requests without credentials are
// never counted, nor are failures that are not the caller's: a store that does
// not answer, a client that went away.
//
// JWTs are neither counted nor made to wait. None can be guessed, and each job
// of a CI brings a new one: behind one address, the broken ones would lock out
// all others, for no gain.
func (t throttled) Authenticate(r *http.Request) (*Identity, error) {
	c, err := ParseAuthorization(r.Header)
	switch {
	case errors.Is(err, ErrNoCredentials):
		return t.next.Authenticate(r)
	case c.IsSignOut():
		return nil, ErrBadCredentials
	case c.IsJWT():
		return t.next.Authenticate(r)
	}
	who := pairOf(c, ClientAddress(r))
	if wait := t.wait(who); wait > 0 {
		return nil, &ThrottledError{RetryAfter: wait}
	}
	id, err := t.next.Authenticate(r)
	switch {
	case err == nil:
		t.succeed(who)
	case errors.Is(err, ErrBadCredentials):
		t.fail(who)
	}
	return id, err
}

// pairOf keeps tokens apart from the users who own them: a job with a revoked
// token must not lock out its owner's password. Of a token only the public id
// is kept.
func pairOf(c Credentials, addr netip.Addr) pair {
	if c.IsToken() {
		text := c.Secret.Reveal()
		return pair{"token", text[:min(len(text), len(TokenPrefix)+TokenIDLength)], addr}
	}
	return pair{string(c.Scheme), c.User, addr}
}

// wait says how long who must wait still. The pair is asked first: it may make
// up for the address.
func (t *Throttle) wait(who pair) time.Duration {
	mine, _ := t.pairs.GetIfPresent(who)
	now := t.opts.Now()
	if wait := mine.until.Sub(now); wait > 0 {
		return wait
	}
	if mine.known {
		return 0
	}
	all, _ := t.addrs.GetIfPresent(who.addr)
	return max(0, all.until.Sub(now))
}

// succeed clears the pair only: if it cleared the address, a guesser with an
// account could reset the count at will.
func (t *Throttle) succeed(who pair) {
	if mine, _ := t.pairs.GetIfPresent(who); mine == (tally{known: true}) {
		return
	}
	t.pairs.Set(who, tally{known: true})
}

func (t *Throttle) fail(who pair) {
	now := t.opts.Now()
	t.pairs.Compute(who, func(old tally, _ bool) (tally, otter.ComputeOp) {
		return t.next(old, t.opts.PerUser, now), otter.WriteOp
	})
	t.addrs.Compute(who.addr, func(old tally, _ bool) (tally, otter.ComputeOp) {
		return t.next(old, t.opts.PerAddress, now), otter.WriteOp
	})
}

// next is the tally after one more failure. Nothing is counted while somebody
// waits, so a job that never stops trying costs one failure a wait.
func (t *Throttle) next(old tally, free int, now time.Time) tally {
	if now.Sub(old.last) > t.opts.Forget && now.Sub(old.until) > t.opts.Forget {
		old = tally{known: old.known}
	}
	n := tally{failures: old.failures + 1, last: now, until: old.until, known: old.known}
	if over := n.failures - free; over >= 0 {
		n.until = now.Add(t.backoff(over))
	}
	return n
}

func (t *Throttle) backoff(over int) time.Duration {
	wait := t.opts.Backoff
	for ; over > 0 && wait < t.opts.MaxBackoff; over-- {
		wait *= 2
	}
	return min(wait, t.opts.MaxBackoff)
}
