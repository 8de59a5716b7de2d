package token

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mlgate/auth"
	"mlgate/auth/store"
)

// Errors of Service; each answer wraps one of them, or is the store's own.
var (
	// ErrForbidden means that the caller may not do this.
	ErrForbidden = errors.New("not permitted")
	// ErrInvalid means that the request cannot be carried out as given.
	ErrInvalid = errors.New("invalid request")
	// ErrNotFound means that there is no such token, or none that the caller
	// may know of.
	ErrNotFound = errors.New("no such token")
)

// Bounds on what a token may carry.
const (
	maxName     = 100
	maxPrefixes = 50
	maxTokens   = 200 // unexpired ones of one owner
	minLifetime = time.Second
	// keepExpired is how long expired tokens still show in lists.
	keepExpired = 30 * 24 * time.Hour
)

// Service makes, lists and revokes tokens. Its fields are its configuration;
// it holds no state of its own, so it is made anew for each snapshot.
type Service struct {
	// Store keeps the tokens.
	Store store.Tokens
	// Owners says who may own tokens.
	Owners Owners
	// MaxLifetime bounds every token's life; it must be positive.
	MaxLifetime time.Duration
	// DefaultLifetime is for those who ask for none; MaxLifetime if zero.
	DefaultLifetime time.Duration
	// CheckAction and CheckPrefix say what is wrong with an action or a pattern.
	// The rules are the policy's, which this package does not know; nil refuses
	// all.
	CheckAction func(action string) error
	CheckPrefix func(pattern string) error
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Rand is the source of tokens; crypto/rand.Reader if nil.
	Rand io.Reader
}

// Caller is who asks.
type Caller struct {
	// Identity is who they are. A limited one (actions, prefixes) may list
	// its owner's tokens and revoke itself, nothing else: a token must not beget
	// or end tokens of wider rights than its own. Nor may one made with a token
	// outlive it.
	Identity *auth.Identity
	// Admin lets them act for other users.
	Admin bool
}

// Request describes a token to make.
type Request struct {
	// Owner is whose token it is to be; empty: the caller's.
	Owner string
	// Name is how its owner will know it.
	Name string
	// Lifetime is how long it lives; zero: the default.
	Lifetime time.Duration
	// Actions and Prefixes narrow it.
	Actions  []string
	Prefixes []string
}

// Create makes a token. The returned secret is shown once: it is kept nowhere.
func (s Service) Create(ctx context.Context, by Caller, req Request) (*store.Token, auth.Secret, error) {
	owner, err := s.mayAct(by, req.Owner)
	if err == nil && by.Identity.Limited() {
		err = errLimited
	}
	if err != nil {
		return nil, auth.Secret{}, err
	}
	if err := s.check(&req); err != nil {
		return nil, auth.Secret{}, err
	}
	if err := s.makeRoom(ctx, owner); err != nil {
		return nil, auth.Secret{}, err
	}
	id, text, err := generate(s.rand())
	if err != nil {
		return nil, auth.Secret{}, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	record := &store.Token{
		ID: id, Owner: owner, Name: req.Name, Hash: hash(text.Reveal()),
		Actions: req.Actions, Prefixes: req.Prefixes, CreatedBy: by.Identity.User,
		Created: now, Expires: earlier(now.Add(req.Lifetime), by.Identity.Expires),
	}
	if err := s.Store.Put(ctx, record); err != nil {
		return nil, auth.Secret{}, fmt.Errorf("keep token: %w", err)
	}
	return record, text, nil
}

// earlier returns the earlier time; a zero limit is none.
func earlier(t, limit time.Time) time.Time {
	if !limit.IsZero() && limit.Before(t) {
		return limit
	}
	return t
}

// List returns the tokens of owner (empty: the caller), oldest first, the
// expired ones of the last weeks with them.
func (s Service) List(ctx context.Context, by Caller, owner string) ([]*store.Token, error) {
	owner, err := s.mayAct(by, owner)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.List(ctx, owner)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return list, nil
}

// Revoke ends the token with this id; it fails at the next request everywhere.
// With owner given, the token must be theirs. To who is no admin, others'
// tokens do not exist.
func (s Service) Revoke(ctx context.Context, by Caller, owner, id string) error {
	if _, err := s.mayAct(by, owner); err != nil {
		return err
	}
	if by.Identity.Limited() && by.Identity.TokenID != id {
		return errLimited
	}
	if _, err := s.find(ctx, by, owner, id); err != nil {
		return err
	}
	err := s.Store.Delete(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

// find returns the token with this id, if it is one that a caller who passed
// mayAct may know of.
func (s Service) find(ctx context.Context, by Caller, owner, id string) (*store.Token, error) {
	if checkID(id) != nil {
		return nil, ErrNotFound
	}
	record, err := s.Store.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("look up token: %w", err)
	}
	if owner != "" && record.Owner != owner || !by.Admin && record.Owner != by.Identity.User {
		return nil, ErrNotFound
	}
	return record, nil
}

// mayAct returns the owner on whose tokens the caller may act.
func (s Service) mayAct(by Caller, owner string) (string, error) {
	switch {
	case by.Identity == nil || by.Identity.User == "" || by.Identity.Method == auth.MethodAnonymous:
		return "", fmt.Errorf("%w: sign in first: tokens belong to a user", ErrForbidden)
	case owner == "" || owner == by.Identity.User:
		return by.Identity.User, nil
	case !by.Admin:
		return "", fmt.Errorf("%w: only an admin may manage other users' tokens", ErrForbidden)
	}
	return owner, nil
}

var errLimited = fmt.Errorf("%w: a token that is limited to actions or prefixes may neither create tokens nor revoke others: "+
	"use your password, or a token without limits", ErrForbidden)

// check refuses what cannot be made and fills in the defaults.
func (s Service) check(req *Request) error {
	if req.Lifetime == 0 {
		req.Lifetime = s.DefaultLifetime
	}
	if req.Lifetime == 0 {
		req.Lifetime = s.MaxLifetime
	}
	switch {
	case s.MaxLifetime <= 0:
		return errors.New("token service without a maximum lifetime")
	case req.Lifetime < minLifetime:
		return fmt.Errorf("%w: ttl must be at least %v", ErrInvalid, minLifetime)
	case req.Lifetime > s.MaxLifetime:
		return fmt.Errorf("%w: ttl is longer than the %v that auth.tokens.max_lifetime allows", ErrInvalid, s.MaxLifetime)
	}
	if err := checkTokenName(req.Name); err != nil {
		return err
	}
	if err := s.checkActions(req); err != nil {
		return err
	}
	return s.checkPrefixes(req)
}

func checkTokenName(name string) error {
	switch {
	case name == "" || strings.TrimSpace(name) != name:
		return fmt.Errorf("%w: name must not be empty, nor begin or end with a blank", ErrInvalid)
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("%w: name is longer than %d characters", ErrInvalid, maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: name holds a control character", ErrInvalid)
	case strings.Contains(name, auth.TokenPrefix):
		// Names show in lists and logs; this one looks like a pasted token.
		return fmt.Errorf("%w: name must not contain %q: is that a token?", ErrInvalid, auth.TokenPrefix)
	}
	return nil
}

func (s Service) checkActions(req *Request) error {
	for _, action := range req.Actions {
		if s.CheckAction == nil {
			return errors.New("token service without a check of actions")
		}
		if err := s.CheckAction(action); err != nil {
			return fmt.Errorf("%w: actions: %w", ErrInvalid, err)
		}
	}
	req.Actions = slices.Compact(slices.Sorted(slices.Values(req.Actions)))
	return nil
}

func (s Service) checkPrefixes(req *Request) error {
	if len(req.Prefixes) > maxPrefixes {
		return fmt.Errorf("%w: more than %d prefixes", ErrInvalid, maxPrefixes)
	}
	for _, pattern := range req.Prefixes {
		if !norm.NFC.IsNormalString(pattern) {
			return fmt.Errorf("%w: prefix %q is not in Unicode's composed form (NFC)", ErrInvalid, pattern)
		}
		if s.CheckPrefix == nil {
			return errors.New("token service without a check of prefixes")
		}
		if err := s.CheckPrefix(pattern); err != nil {
			return fmt.Errorf("%w: prefix %q: %w", ErrInvalid, pattern, err)
		}
	}
	req.Prefixes = slices.Clone(req.Prefixes)
	return nil
}

// makeRoom drops what expired long ago, then refuses owners who hoard: the
// store must not grow because a script makes a token a run.
func (s Service) makeRoom(ctx context.Context, owner string) error {
	if _, err := s.Owners.Groups(ctx, owner); errors.Is(err, auth.ErrBadCredentials) {
		return fmt.Errorf("%w: no user %q: tokens are for users with a password, for those who signed in at the company, and for service accounts", ErrInvalid, owner)
	} else if err != nil {
		return err
	}
	list, err := s.Store.List(ctx, owner)
	if err != nil {
		return fmt.Errorf("list tokens: %w", err)
	}
	now, live := s.now(), 0
	for _, t := range list {
		switch {
		case now.Before(t.Expires):
			live++
		case now.Sub(t.Expires) > keepExpired:
			if err := s.Store.Delete(ctx, t.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("drop expired token: %w", err)
			}
		}
	}
	if live >= maxTokens {
		return fmt.Errorf("%w: %q has %d tokens already: revoke some first", ErrInvalid, owner, live)
	}
	return nil
}

func (s Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s Service) rand() io.Reader {
	if s.Rand == nil {
		return rand.Reader
	}
	return s.Rand
}
