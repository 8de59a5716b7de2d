package session

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
)

// tries bounds how often a change of a record is begun again because another
// request was faster.
const tries = 5

// errEnded is the answer to every cookie that opens nothing: planted, guessed,
// expired, signed out.
func errEnded() error { return &auth.Refusal{Why: "the session has ended: sign in again"} }

// Authenticate implements auth.Authenticator. An Authorization header beats the
// cookie, whatever it says: a script that sends one must not act as whoever is
// signed in in the browser that it runs in.
func (s *Sessions) Authenticate(r *http.Request) (*auth.Identity, error) {
	if _, ok := r.Header["Authorization"]; ok || !s.opts.Cookies.sent(r, base) {
		return nil, auth.ErrNoCredentials
	}
	hash, ok := s.hash(r)
	if !ok {
		return nil, errEnded()
	}
	record, err := s.opts.Store.Get(r.Context(), hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errEnded()
	}
	if err != nil {
		return nil, unavailable(err)
	}
	groups, err := s.fresh(r.Context(), record)
	if err != nil {
		return nil, err
	}
	return auth.NewIdentity(auth.Identity{
		User: record.User, Groups: groups, Method: auth.MethodSession,
		SessionID: record.ID, Expires: record.Created.Add(s.opts.Absolute),
	}), nil
}

// unavailable says that the store does not answer; a caller who went away is no
// fault of the store's.
func unavailable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("look up session: %w: %w", auth.ErrUnavailable, err)
}

// fresh refuses a session whose life or right is over, notes its use, and returns the
// groups of now, read again when that is due.
func (s *Sessions) fresh(ctx context.Context, record *store.Session) (groups []string, err error) {
	now := s.opts.Now()
	// The limits may have been cut since the record was written.
	if !now.Before(s.end(record)) || !now.Before(record.Expires) {
		return nil, errEnded()
	}
	if record.Provider == "" {
		groups, err = record.Groups, s.checkPassword(record)
	} else {
		groups, err = s.vouched(ctx, record, now)
	}
	if err != nil {
		return nil, err
	}
	s.touch(ctx, record, now)
	return groups, nil
}

// vouched returns the groups of a session that came from a provider.
func (s *Sessions) vouched(ctx context.Context, record *store.Session, now time.Time) ([]string, error) {
	if s.opts.Renewer == nil || !s.opts.Renewer.Knows(record.Provider) {
		return nil, errEnded()
	}
	standing, err := s.opts.Store.Get(ctx, standingHash(record.Provider, record.User))
	if errors.Is(err, store.ErrNotFound) || err == nil && standing.Subject != record.Subject {
		return nil, errEnded() // the provider said no, or the name is another person's now
	}
	if err != nil {
		return nil, unavailable(err)
	}
	due := !now.Before(standing.RenewAt)
	if standing, err = s.renewed(ctx, standing, now, s.opts.MaxGroupAge); err != nil {
		return nil, err
	}
	if due { // that took a while, in which the session may have been ended
		if _, err = s.opts.Store.Get(ctx, record.Hash); errors.Is(err, store.ErrNotFound) {
			return nil, errEnded()
		}
	}
	return standing.Groups, nil
}

// checkPassword ends a session with the password that it began with.
func (s *Sessions) checkPassword(record *store.Session) error {
	if s.opts.Passwords == nil {
		return errEnded()
	}
	var secrets Secrets
	if s.opts.Seal.openKept(record, &secrets) != nil {
		return errEnded()
	}
	mark, ok := s.opts.Passwords.Mark(record.User)
	if !ok || subtle.ConstantTimeCompare([]byte(mark), []byte(secrets.Mark)) != 1 {
		return errEnded()
	}
	return nil
}

// touch notes a use, once a minute at most, which is what keeps the session from
// its idle end. A note that is lost does no harm: the next use makes another.
func (s *Sessions) touch(ctx context.Context, record *store.Session, now time.Time) {
	if now.Sub(record.LastUsed) < touchAfter {
		return
	}
	next := *record
	next.Version++
	next.LastUsed = now
	next.Expires = s.end(&next)
	_ = s.opts.Store.Replace(context.WithoutCancel(ctx), &next)
}
