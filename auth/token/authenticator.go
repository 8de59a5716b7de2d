package token

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/maypok86/otter/v2"

	"mlgate/auth"
	"mlgate/auth/store"
)

// anyUser is the user name that stands for "whoever owns the token".
const anyUser = "token"

// EndsSoon is how long before its end a token's owner is told of it.
const EndsSoon = 7 * 24 * time.Hour

// touchAfter is how old a token's last use may look.
const touchAfter = time.Minute

// Owners says who may own tokens: those who can sign in. A user who is gone
// has no token from the next request on.
type Owners interface {
	// Groups returns the groups that a user has now. It wraps auth.ErrBadCredentials,
	// as a *auth.Refusal that its owner may read, if the user may own no tokens, and
	// auth.ErrUnavailable if that cannot be told at the moment.
	Groups(ctx context.Context, user string) ([]string, error)
}

// Options are what an Authenticator needs. It is made anew for each snapshot.
type Options struct {
	// Store keeps the tokens.
	Store store.Tokens
	// Owners says who may own tokens.
	Owners Owners
	// MaxUnused is for how long a token may go unused and still sign in; zero:
	// for ever.
	MaxUnused time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Authenticator signs in with an API token: as Bearer, or as the password of
// Basic credentials, whose user is then the token's owner or "token".
type Authenticator struct {
	opts       Options
	identities *otter.Cache[string, issued]
}

// issued is an identity made from a record; it holds as long as the store
// answers that same record.
type issued struct {
	record   *store.Token
	identity *auth.Identity
}

// NewAuthenticator returns an Authenticator over one snapshot of owners.
func NewAuthenticator(opts Options) *Authenticator {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Authenticator{
		opts:       opts,
		identities: otter.Must(&otter.Options[string, issued]{MaximumSize: 10_000}),
	}
}

// Authenticate implements auth.Authenticator. The store is asked on every
// request, so that a revoked token fails at the very next one. Reasons beyond
// "unknown or revoked" are given only to who holds the whole token.
func (a *Authenticator) Authenticate(r *http.Request) (*auth.Identity, error) {
	c, err := auth.ParseAuthorization(r.Header)
	if err != nil {
		return nil, err
	}
	if !c.IsToken() {
		return nil, auth.ErrNoCredentials
	}
	text := c.Secret.Reveal()
	id, err := decode(text)
	if err != nil {
		return nil, err
	}
	record, err := a.opts.Store.Get(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnknown
	}
	if errors.Is(err, store.ErrUnavailable) {
		return nil, fmt.Errorf("look up token: %w: %w", auth.ErrUnavailable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("look up token: %w", err)
	}
	got := hash(text)
	if subtle.ConstantTimeCompare(got[:], record.Hash[:]) != 1 {
		return nil, errUnknown
	}
	now := a.opts.Now()
	if err := a.usable(record, c, now); err != nil {
		return nil, err
	}
	groups, err := a.opts.Owners.Groups(r.Context(), record.Owner)
	if err != nil {
		return nil, fmt.Errorf("API token %s: %w", record.ID, err)
	}
	if now.Sub(record.LastUsed) >= touchAfter {
		// A lost note of use is no reason to refuse; a token deleted just now is
		// seen by the next request.
		_ = a.opts.Store.Touch(r.Context(), id, now)
	}
	return a.identity(record, groups), nil
}

var errUnknown = fmt.Errorf("unknown or revoked API token: %w", auth.ErrBadCredentials)

func (a *Authenticator) usable(t *store.Token, c auth.Credentials, now time.Time) error {
	switch {
	case !now.Before(t.Expires):
		return fmt.Errorf("API token %s expired on %s: %w", t.ID, t.Expires.UTC().Format(time.RFC3339), auth.ErrBadCredentials)
	case c.Scheme == auth.SchemeBasic && c.User != anyUser && norm.NFC.String(c.User) != t.Owner:
		return fmt.Errorf("API token %s belongs to another user: give its owner's name, or \"token\": %w", t.ID, auth.ErrBadCredentials)
	case a.opts.MaxUnused > 0 && now.Sub(later(t.Created, t.LastUsed)) >= a.opts.MaxUnused:
		return fmt.Errorf("API token %s was not used since %s, which is too long: make a new one: %w",
			t.ID, later(t.Created, t.LastUsed).UTC().Format(time.RFC3339), auth.ErrBadCredentials)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// identity is made once for each record, which never changes, and its owner's groups.
func (a *Authenticator) identity(t *store.Token, groups []string) *auth.Identity {
	if known, ok := a.identities.GetIfPresent(t.ID); ok && known.record == t && slices.Equal(known.identity.Groups, groups) {
		return known.identity
	}
	id := auth.NewIdentity(auth.Identity{
		User: t.Owner, Groups: groups, Method: auth.MethodToken, TokenID: t.ID,
		Actions: t.Actions, Prefixes: t.Prefixes, Expires: t.Expires,
	})
	a.identities.Set(t.ID, issued{t, id})
	return id
}
