package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"mlgate/auth"
	"mlgate/auth/store"
)

// base is the name of the session's cookie, before prefix and suffix.
const base = "mlgate"

// valueLength is that of a cookie's value.
const valueLength = 52

// touchAfter is how old a session's last use may look.
const touchAfter = time.Minute

// maxClient bounds what is kept of a browser's name for itself.
const maxClient = 200

// Renewer asks the provider that a session came from about its user again.
type Renewer interface {
	// Knows reports whether a provider is still configured. Sessions of one that
	// is not are over.
	Knows(provider string) bool
	// Renew spends the refresh token. It wraps auth.ErrBadCredentials if the
	// provider says that the user has no such login any more, or no right to
	// sign in here; any other error means that it could not be asked. Beside such
	// an error a Renewal may hold the Secrets that take the place of spent ones.
	Renew(ctx context.Context, session *store.Session, secrets Secrets) (*Renewal, error)
}

// Renewal is what the provider said.
type Renewal struct {
	// User and Groups are who it is now.
	User   string
	Groups []string
	// Secrets take the place of the old ones.
	Secrets Secrets
}

// Passwords says who can sign in by password.
type Passwords interface {
	// Mark changes when the user's password does. ok is false for strangers.
	Mark(user string) (mark string, ok bool)
}

// Options are what Sessions need. They are made anew for each snapshot.
type Options struct {
	// Store keeps the sessions, Once the lock under which one is renewed.
	Store store.Sessions
	Once  store.Once
	// Seal closes what providers gave.
	Seal *Seal
	// Cookies are the gate's.
	Cookies *Cookies
	// Idle ends a session that is not used, Absolute every one.
	Idle, Absolute time.Duration
	// Refresh is how old groups from a provider may be before it is asked again,
	// MaxGroupAge how old in a browser when it cannot be asked.
	Refresh, MaxGroupAge time.Duration
	// Renewer asks providers; nil: sessions that came from one are refused.
	Renewer Renewer
	// Passwords are the users of the password file; nil: sessions of such users
	// are refused.
	Passwords Passwords
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Sessions begins, checks and ends sessions.
type Sessions struct{ opts Options }

// New returns Sessions. It touches neither network nor disk.
func New(opts Options) *Sessions {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Sessions{opts}
}

// Person is somebody who has just proved who they are.
type Person struct {
	// User and Groups are who it is.
	User   string
	Groups []string
	// Method is how they proved it, for lists.
	Method auth.Method
	// Login is the sign-in at a provider; empty for a password.
	Login store.Login
	// Secrets are kept sealed.
	Secrets Secrets
}

// Begin signs a browser in: with a new cookie always, so that one that was
// planted before the sign-in is worth nothing after it, and in the place of the
// session that the browser had.
func (s *Sessions) Begin(w http.ResponseWriter, r *http.Request, p Person) error {
	value, now := newValue(), s.opts.Now()
	if p.Method == auth.MethodPassword {
		if s.opts.Passwords == nil {
			return fmt.Errorf("begin session: no password file: %w", auth.ErrBadCredentials)
		}
		mark, ok := s.opts.Passwords.Mark(p.User)
		if !ok {
			return fmt.Errorf("begin session: unknown user: %w", auth.ErrBadCredentials)
		}
		p.Secrets.Mark = mark
	}
	record := &store.Session{
		Hash: sha256.Sum256([]byte(value)), ID: rand.Text()[:16],
		User: p.User, Groups: p.Groups, Method: string(p.Method),
		Provider: p.Login.Provider, Subject: p.Login.Subject, SID: p.Login.SID,
		Client: clientName(r), Created: now, LastUsed: now, GroupsRead: now,
	}
	if p.Login.Provider != "" {
		if err := s.stand(r.Context(), p, now); err != nil {
			return fmt.Errorf("begin session: %w", err)
		}
		p.Secrets.RefreshToken = "" // it is with the standing session
	}
	record.Expires = s.end(record)
	var err error
	if record.Sealed, err = s.opts.Seal.closeKept(record.Hash, p.Secrets); err != nil {
		return err
	}
	if err := s.opts.Store.Put(r.Context(), record); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	if old, ok := s.hash(r); ok {
		if err := s.opts.Store.Delete(r.Context(), old); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("end the session before: %w", err)
		}
	}
	http.SetCookie(w, s.opts.Cookies.New(base, value, 0))
	return nil
}

// end is when a session goes if it is not used again.
func (s *Sessions) end(record *store.Session) time.Time {
	idle, absolute := record.LastUsed.Add(s.opts.Idle), record.Created.Add(s.opts.Absolute)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

// hash names the session of a request, if its cookie has the form of one.
func (s *Sessions) hash(r *http.Request) (store.SessionHash, bool) {
	value, ok := s.opts.Cookies.Read(r, base)
	if !ok || len(value) != valueLength {
		return store.SessionHash{}, false
	}
	return sha256.Sum256([]byte(value)), true
}

// clientName keeps what a list may show: short, and text.
func clientName(r *http.Request) string {
	name := r.UserAgent()
	if len(name) > maxClient {
		name = name[:maxClient]
	}
	if !utf8.ValidString(name) {
		return ""
	}
	return name
}

// Ended is a session that End has ended.
type Ended struct {
	// Provider is the name of the one it came from; empty for a password.
	Provider string
	// IDToken is what that provider wants to see at sign-out.
	IDToken string
}

// End signs the browser out; nil if it was not signed in. The cookie goes in any
// case.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request) (*Ended, error) {
	if s.opts.Cookies.sent(r, base) {
		s.opts.Cookies.Expire(w, base)
	}
	hash, ok := s.hash(r)
	if !ok {
		return nil, nil
	}
	record, err := s.opts.Store.Get(r.Context(), hash)
	if err == nil {
		err = s.opts.Store.Delete(r.Context(), hash)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("end session: %w", err)
	}
	var secrets Secrets
	_ = s.opts.Seal.openKept(record, &secrets) // without it the provider asks, which does no harm
	return &Ended{Provider: record.Provider, IDToken: secrets.IDToken}, nil
}

// List returns the sessions of a user, oldest first.
func (s *Sessions) List(ctx context.Context, user string) ([]*store.Session, error) {
	list, err := s.opts.Store.ListOf(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// EndByID ends one session of a user by its public name; it wraps
// store.ErrNotFound if the user has none of that name.
func (s *Sessions) EndByID(ctx context.Context, user, id string) error {
	list, err := s.List(ctx, user)
	if err != nil {
		return err
	}
	for _, record := range list {
		if record.ID == id {
			return s.opts.Store.Delete(ctx, record.Hash)
		}
	}
	return fmt.Errorf("end session %s: %w", id, store.ErrNotFound)
}

// EndLogin ends all sessions that came from a login at a provider.
func (s *Sessions) EndLogin(ctx context.Context, login store.Login) (int, error) {
	return s.opts.Store.DeleteOf(ctx, login)
}
