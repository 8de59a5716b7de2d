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

// renewed returns the session with groups that are as fresh as they can be.
//
// A refresh token may be spent once: a provider that sees one twice takes it for
// stolen and ends the login. So one request alone, on all replicas, asks; the
// others wait for what it hears.
func (s *Sessions) renewed(ctx context.Context, record *store.Session, now time.Time) (*store.Session, error) {
	if now.Before(record.RenewAt) {
		return record, s.tooOld(record, now)
	}
	secrets, err := s.opts.Seal.openSecrets(record)
	if err != nil {
		return nil, errEnded() // another key: nothing in it can be read again
	}
	if secrets.RefreshToken == "" {
		if now.Sub(record.GroupsRead) >= s.opts.MaxGroupAge {
			return nil, errEnded() // signing in again is the one way to read them
		}
		return record, nil
	}
	lock := "renew " + string(record.Hash[:])
	switch err := s.opts.Once.Put(ctx, lock, nil, lockFor); {
	case errors.Is(err, store.ErrExists):
		return s.await(ctx, record)
	case err != nil:
		return nil, unavailable(err)
	}
	// From here on the caller may go away; what the provider gives must be kept.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*renewTimeout)
	defer cancel()
	defer func() { _, _ = s.opts.Once.Take(ctx, lock) }()
	return s.renew(ctx, record.Hash)
}

// tooOld refuses groups for which the provider has not vouched for too long.
func (s *Sessions) tooOld(record *store.Session, now time.Time) error {
	if now.Sub(record.GroupsRead) < s.opts.MaxGroupAge {
		return nil
	}
	return fmt.Errorf("provider %s did not answer since %s: %w", record.Provider,
		record.GroupsRead.UTC().Format(time.RFC3339), auth.ErrUnavailable)
}

// renew runs under the lock. The record is read again: who had the lock before
// may have renewed it.
func (s *Sessions) renew(ctx context.Context, hash store.SessionHash) (*store.Session, error) {
	record, err := s.opts.Store.Get(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errEnded()
	}
	if err != nil {
		return nil, unavailable(err)
	}
	now := s.opts.Now()
	if now.Before(record.RenewAt) {
		return record, s.tooOld(record, now)
	}
	secrets, err := s.opts.Seal.openSecrets(record)
	if err != nil {
		return nil, errEnded()
	}
	asking, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	renewal, err := s.opts.Renewer.Renew(asking, record, secrets)
	switch {
	case errors.Is(err, auth.ErrBadCredentials), err == nil && renewal.User != record.User:
		return nil, s.refused(ctx, hash)
	case err != nil:
		return s.postponed(ctx, record, renewal, now)
	}
	sealed, err := s.opts.Seal.closeSecrets(hash, renewal.Secrets)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, record, func(next *store.Session) {
		next.Groups, next.Sealed, next.GroupsRead, next.RenewAt = renewal.Groups, sealed, now, now.Add(s.opts.Refresh)
	})
}

// refused ends the session of somebody whom the provider no longer vouches for.
func (s *Sessions) refused(ctx context.Context, hash store.SessionHash) error {
	if err := s.opts.Store.Delete(ctx, hash); err != nil && !errors.Is(err, store.ErrNotFound) {
		return unavailable(err)
	}
	return errEnded()
}

// postponed leaves a provider that is down alone for a while. A refresh token
// that it gave before it failed is kept: the one before it is spent.
func (s *Sessions) postponed(ctx context.Context, record *store.Session, renewal *Renewal, now time.Time) (*store.Session, error) {
	sealed := record.Sealed
	if renewal != nil {
		var err error
		if sealed, err = s.opts.Seal.closeSecrets(record.Hash, renewal.Secrets); err != nil {
			return nil, err
		}
	}
	record, err := s.change(ctx, record, func(next *store.Session) { next.RenewAt, next.Sealed = now.Add(retryAfter), sealed })
	if err != nil {
		return nil, err
	}
	return record, s.tooOld(record, now)
}

// change replaces a record, again when a note of use came between.
func (s *Sessions) change(ctx context.Context, record *store.Session, with func(*store.Session)) (*store.Session, error) {
	for range tries {
		next := *record
		next.Version++
		with(&next)
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
func (s *Sessions) await(ctx context.Context, record *store.Session) (*store.Session, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for waited := time.Duration(0); waited < renewTimeout; waited += pollEvery {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		now, err := s.opts.Store.Get(ctx, record.Hash)
		if errors.Is(err, store.ErrNotFound) {
			return nil, errEnded()
		}
		if err != nil {
			return nil, unavailable(err)
		}
		if at := s.opts.Now(); at.Before(now.RenewAt) {
			return now, s.tooOld(now, at)
		}
	}
	return record, s.tooOld(record, s.opts.Now())
}
