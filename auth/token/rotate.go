package token

import (
	"context"
	"fmt"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
)

// Bounds on how long the old of two tokens goes on.
const (
	// DefaultOverlap is for those who name none.
	DefaultOverlap = 24 * time.Hour
	maxOverlap     = 30 * 24 * time.Hour
)

// Rotation says how a token is replaced.
type Rotation struct {
	// Lifetime of the new one; zero: that of the old one.
	Lifetime time.Duration
	// Overlap is for how long the old one goes on, so that whoever uses it can
	// change over; it never goes on longer than it would have.
	Overlap time.Duration
}

// Rotate replaces a token: a new one of the same name, owner and limits is made,
// and the old one ends soon. Whoever may revoke a token may rotate it, but for a
// token with limits, which may not make any. Made with a token, the new one ends
// no later than that, like all that a token makes: a stolen token must not be
// able to live for ever.
func (s Service) Rotate(ctx context.Context, by Caller, owner, id string, how Rotation) (*store.Token, auth.Secret, error) {
	if _, err := s.mayAct(by, owner); err != nil {
		return nil, auth.Secret{}, err
	}
	if by.Identity.Limited() {
		return nil, auth.Secret{}, errLimited
	}
	old, err := s.find(ctx, by, owner, id)
	if err != nil {
		return nil, auth.Secret{}, err
	}
	now := s.now()
	switch {
	case !now.Before(old.Expires):
		return nil, auth.Secret{}, fmt.Errorf("%w: token %s has ended: make a new one", ErrInvalid, id)
	case how.Overlap < 0 || how.Overlap > maxOverlap:
		return nil, auth.Secret{}, fmt.Errorf("%w: overlap must be between 0 and %d days", ErrInvalid, maxOverlap/(24*time.Hour))
	}
	if how.Lifetime == 0 {
		how.Lifetime = min(old.Expires.Sub(old.Created), s.MaxLifetime)
	}
	made, text, err := s.Create(ctx, by, Request{
		Owner: old.Owner, Name: old.Name, Lifetime: how.Lifetime, Actions: old.Actions, Prefixes: old.Prefixes,
	})
	if err != nil {
		return nil, auth.Secret{}, err
	}
	if err := s.Store.Expire(ctx, id, now.Add(how.Overlap)); err != nil {
		// The caller sees no token then, so none may be left. Both were asked of one
		// store: if this fails too, the new one shows in the list, unused.
		_ = s.Store.Delete(context.WithoutCancel(ctx), made.ID)
		return nil, auth.Secret{}, fmt.Errorf("end old token: %w", err)
	}
	return made, text, nil
}
