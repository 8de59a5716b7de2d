package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
)

// Bounds on asking the provider again.
const (
	renewTimeout = 8 * time.Second  // a provider that takes longer is down
	lockFor      = 30 * time.Second // longer than one renewal with its writes
	pollEvery    = 25 * time.Millisecond
	retryAfter   = 30 * time.Second // a provider that is down is left alone
)

// renewed returns the standing session with groups that are as fresh as they can
// be, and not older than maxAge.
//
// A refresh token may be spent once: a provider that sees one twice takes it for
// stolen and ends the login. So one request alone, on all replicas, asks; the
// others wait for what it hears.
func (s *Sessions) renewed(ctx context.Context, standing *store.Session, now time.Time, maxAge time.Duration) (*store.Session, error) {
	if now.Before(standing.RenewAt) {
		return standing, s.tooOld(standing, now, maxAge)
	}
	var kept grants
	if s.opts.Seal.openKept(standing, &kept) != nil {
		return nil, errEnded() // another key: nothing in it can be read again
	}
	if len(kept.Refresh) == 0 {
		if now.Sub(standing.GroupsRead) >= maxAge {
			return nil, errEnded() // signing in again is the one way to read them
		}
		return standing, nil
	}
	lock := "renew " + string(standing.Hash[:])
	switch err := s.opts.Once.Put(ctx, lock, nil, lockFor); {
	case errors.Is(err, store.ErrExists):
		return s.await(ctx, standing, maxAge)
	case err != nil:
		return nil, unavailable(err)
	}
	// From here on the caller may go away; what the provider gives must be kept.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*renewTimeout)
	defer cancel()
	defer func() { _, _ = s.opts.Once.Take(ctx, lock) }()
	return s.renew(ctx, standing.Hash, maxAge)
}

// tooOld refuses groups for which the provider has not vouched for too long.
func (s *Sessions) tooOld(standing *store.Session, now time.Time, maxAge time.Duration) error {
	if now.Sub(standing.GroupsRead) < maxAge {
		return nil
	}
	return fmt.Errorf("provider %s did not answer since %s: %w", person(standing).Provider,
		standing.GroupsRead.UTC().Format(time.RFC3339), auth.ErrUnavailable)
}

// renew runs under the lock. The record is read again: who had the lock before
// may have renewed it.
func (s *Sessions) renew(ctx context.Context, hash store.SessionHash, maxAge time.Duration) (*store.Session, error) {
	standing, err := s.opts.Store.Get(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errEnded()
	}
	if err != nil {
		return nil, unavailable(err)
	}
	now := s.opts.Now()
	if now.Before(standing.RenewAt) {
		return standing, s.tooOld(standing, now, maxAge)
	}
	var kept grants
	if s.opts.Seal.openKept(standing, &kept) != nil {
		return nil, errEnded()
	}
	asking, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	spent := map[string]string{} // by what a token is replaced; nothing: it is void
	for _, token := range kept.Refresh {
		renewal, err := s.opts.Renewer.Renew(asking, person(standing), Secrets{RefreshToken: token})
		if errors.Is(err, auth.ErrBadCredentials) || err == nil && renewal.User != person(standing).User {
			spent[token] = ""
			continue
		}
		if renewal != nil {
			spent[token] = renewal.Secrets.RefreshToken
		}
		standing, changeErr := s.change(ctx, standing, func(next *store.Session) error {
			if err != nil { // a provider that is down is left alone for a while
				next.RenewAt = now.Add(retryAfter)
			} else {
				next.Groups, next.GroupsRead, next.RenewAt = renewal.Groups, now, now.Add(s.opts.Refresh)
				next.LastUsed, next.Expires = now, now.Add(s.opts.Absolute)
			}
			return s.replaceGrants(next, spent)
		})
		if changeErr != nil {
			return nil, changeErr
		}
		return standing, s.tooOld(standing, now, maxAge)
	}
	return nil, s.refused(ctx, standing)
}

// replaceGrants puts what the provider gave in the place of what was spent. A
// sign-in may have brought another meanwhile.
func (s *Sessions) replaceGrants(next *store.Session, spent map[string]string) error {
	var old, kept grants
	if s.opts.Seal.openKept(next, &old) != nil {
		return errEnded()
	}
	for _, token := range old.Refresh {
		if by, ok := spent[token]; ok {
			token = by
		}
		if token != "" {
			kept.Refresh = append(kept.Refresh, token)
		}
	}
	var err error
	next.Sealed, err = s.opts.Seal.closeKept(next.Hash, kept)
	return err
}

// refused ends all sessions of somebody for whom the provider no longer vouches.
func (s *Sessions) refused(ctx context.Context, standing *store.Session) error {
	own := person(standing)
	err := s.opts.Store.Delete(ctx, standing.Hash)
	if err == nil || errors.Is(err, store.ErrNotFound) {
		_, err = s.opts.Store.DeleteOf(ctx, store.Login{Provider: own.Provider, Subject: own.Subject})
	}
	if err != nil {
		return unavailable(err)
	}
	return errEnded()
}

// change replaces a record, again when another change came between.
func (s *Sessions) change(ctx context.Context, record *store.Session, with func(*store.Session) error) (*store.Session, error) {
	for range tries {
		next := *record
		next.Version++
		if err := with(&next); err != nil {
			return nil, err
		}
		err := s.opts.Store.Replace(ctx, &next)
		if err == nil {
			return &next, nil
		}
		if errors.Is(err, store.ErrChanged) {
			record, err = s.opts.Store.Get(ctx, record.Hash)
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil, errEnded()
		}
		if err != nil {
			return nil, unavailable(err)
		}
	}
	return nil, fmt.Errorf("change session: %w", auth.ErrUnavailable)
}

// await is for those who find another request asking the provider.
func (s *Sessions) await(ctx context.Context, standing *store.Session, maxAge time.Duration) (*store.Session, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for waited := time.Duration(0); waited < renewTimeout; waited += pollEvery {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		now, err := s.opts.Store.Get(ctx, standing.Hash)
		if errors.Is(err, store.ErrNotFound) {
			return nil, errEnded()
		}
		if err != nil {
			return nil, unavailable(err)
		}
		if at := s.opts.Now(); at.Before(now.RenewAt) {
			return now, s.tooOld(now, at, maxAge)
		}
	}
	return standing, s.tooOld(standing, s.opts.Now(), maxAge)
}
