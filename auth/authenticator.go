package auth

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"
)

// Authenticator tells who sent a request. r.RemoteAddr must already be the
// true client: the proxy resolves trusted forwarding headers first.
//
// Authenticate returns an error that wraps
//   - ErrNoCredentials if the request carries nothing this authenticator reads,
//   - ErrBadCredentials if it does and it proves nothing; such an error's text
//     is safe to show to the client and never holds a credential,
//   - *ThrottledError if the caller must wait,
//   - ErrUnavailable if what vouches for the caller cannot be asked now.
//
// Any other error means that the question could not be decided (the store did
// not answer, the client went away): callers must refuse then too.
// Implementations are safe for concurrent use.
type Authenticator interface {
	Authenticate(r *http.Request) (*Identity, error)
}

// ErrNoCredentials means that a request carries no credentials at all, or none
// of the kind an authenticator reads.
var ErrNoCredentials = errors.New("no credentials")

// ErrBadCredentials means that a request's credentials prove nothing.
var ErrBadCredentials = errors.New("bad credentials")

// ErrUnavailable means that credentials can be neither taken nor refused at the
// moment, because what vouches for them does not answer: the caller may try
// again. Nobody is let in meanwhile.
var ErrUnavailable = errors.New("sign-in cannot be checked at the moment")

// Refusal is ErrBadCredentials with a reason that the client may be told. The
// reason holds no credential, and says nothing about other callers.
type Refusal struct {
	// Why is one sentence without a dot.
	Why string
}

// Error implements error.
func (e *Refusal) Error() string { return e.Why }

// Unwrap makes every refusal one of ErrBadCredentials.
func (e *Refusal) Unwrap() error { return ErrBadCredentials }

// ThrottledError refuses a caller who failed too often, or whose address has
// too much unverified work waiting. Right credentials are refused as well:
// otherwise the refusal would tell a guesser which guess was right.
type ThrottledError struct {
	// RetryAfter is how long the caller has to wait.
	RetryAfter time.Duration
}

// Error implements error.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many failed sign-ins: try again in %d s", e.Seconds())
}

// Seconds is RetryAfter for the Retry-After header: whole seconds, rounded up,
// at least 1.
func (e *ThrottledError) Seconds() int {
	return max(1, int(math.Ceil(e.RetryAfter.Seconds())))
}

// Chain asks its authenticators in turn; the first that does not say
// ErrNoCredentials decides. An empty chain lets nobody in.
type Chain []Authenticator

// Authenticate implements Authenticator. An Authorization header that no
// member can read is ErrBadCredentials, not ErrNoCredentials: otherwise a
// caller with broken credentials would pass as anonymous where anonymous
// callers are let in, and never learn of it.
func (c Chain) Authenticate(r *http.Request) (*Identity, error) {
	for _, a := range c {
		id, err := a.Authenticate(r)
		if err == nil && id == nil {
			return nil, errors.New("authenticator returned neither identity nor error")
		}
		if !errors.Is(err, ErrNoCredentials) {
			return id, err
		}
	}
	if _, present := r.Header["Authorization"]; present {
		return nil, fmt.Errorf("unsupported kind of credentials: %w", ErrBadCredentials)
	}
	return nil, ErrNoCredentials
}
