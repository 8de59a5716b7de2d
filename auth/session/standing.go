package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
)

// What a provider said of a person, and the right to ask it again, is the person's
// and not a browser's: several browsers are signed in as one, and API tokens go on
// when none is. So it lies in a session of its own, the standing one. No cookie
// opens it, no list shows it, and no sign-out ends it.

// mostGrants bounds how many sign-ins are remembered by which to ask again.
const mostGrants = 5

// grants are what a standing session keeps sealed.
type grants struct {
	// Refresh are refresh tokens, that of the newest sign-in first. The others take
	// its place if the provider ended that one's session alone.
	Refresh []string `json:"refresh"`
}

// The names of a standing session's record are those of nobody: a user's name does
// not begin with a blank, nor has a provider's one in it, and a NUL is in no cookie.
const (
	standingUser     = " "
	standingProvider = "standing "
)

func standingHash(provider, user string) store.SessionHash {
	return sha256.Sum256([]byte("\x00standing\x00" + provider + "\x00" + user))
}

// person is a standing session as its provider knows it.
func person(standing *store.Session) *store.Session {
	own := *standing
	own.User = strings.TrimPrefix(own.User, standingUser)
	own.Provider = strings.TrimPrefix(own.Provider, standingProvider)
	return &own
}

// stand notes what a provider said at a sign-in.
func (s *Sessions) stand(ctx context.Context, p Person, now time.Time) error {
	hash := standingHash(p.Login.Provider, p.User)
	for range tries {
		old, err := s.opts.Store.Get(ctx, hash)
		if err == nil && old.Subject != p.Login.Subject {
			err = s.opts.Store.Delete(ctx, hash) // the name is another person's now
			old = nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		next := &store.Session{
			Hash: hash, User: standingUser + p.User, Groups: p.Groups, Method: string(p.Method),
			Provider: standingProvider + p.Login.Provider, Subject: p.Login.Subject,
			Created: now, LastUsed: now, GroupsRead: now, RenewAt: now.Add(s.opts.Refresh), Expires: now.Add(s.opts.Absolute),
		}
		var kept grants
		if old != nil {
			next.Version, next.Created = old.Version+1, old.Created
			_ = s.opts.Seal.openKept(old, &kept) // what another key sealed is of no use any more
		}
		if p.Secrets.RefreshToken != "" {
			kept.Refresh = append([]string{p.Secrets.RefreshToken}, kept.Refresh...)
			kept.Refresh = kept.Refresh[:min(len(kept.Refresh), mostGrants)]
		}
		if next.Sealed, err = s.opts.Seal.closeKept(hash, kept); err != nil {
			return err
		}
		write := s.opts.Store.Put
		if old != nil {
			write = s.opts.Store.Replace
		}
		err = write(ctx, next)
		if !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrChanged) && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return fmt.Errorf("note what the provider said: %w", auth.ErrUnavailable)
}

// Groups returns the groups of somebody who signed in at a provider, read again
// where that is due: for API tokens, which go on while no browser is signed in. It
// wraps store.ErrNotFound if the provider does not vouch for such a person, or did
// so longer ago than maxAge, and cannot be asked without them.
func (s *Sessions) Groups(ctx context.Context, provider, user string, maxAge time.Duration) ([]string, error) {
	if s.opts.Renewer == nil || !s.opts.Renewer.Knows(provider) {
		return nil, fmt.Errorf("groups of %s: %w", user, store.ErrNotFound)
	}
	standing, err := s.opts.Store.Get(ctx, standingHash(provider, user))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("groups of %s: %w", user, err)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	standing, err = s.renewed(ctx, standing, s.opts.Now(), maxAge)
	if errors.Is(err, auth.ErrBadCredentials) {
		return nil, fmt.Errorf("groups of %s: %w", user, store.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return standing.Groups, nil
}
