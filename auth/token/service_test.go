package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/auth/store"
	"mlgate/auth/store/embedded"
)

// maxUnused is for how long tokens of these tests may lie unused.
const maxUnused = 50 * time.Hour

// owners is a set of users who can sign in.
type owners map[string]bool

func (o owners) Groups(_ context.Context, user string) ([]string, error) {
	if !o[user] {
		return nil, &auth.Refusal{Why: "its owner can no longer sign in"}
	}
	return nil, nil
}

// world is a service over a real store, with a clock that tests turn.
type world struct {
	Service
	now    time.Time
	owners owners
	*Authenticator
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := embedded.Open(t.TempDir()+"/mlgate.db", embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), owners: owners{"alice": true, "bob": true, "root": true}}
	clock := func() time.Time { return w.now }
	w.Service = Service{
		Store: db.Tokens(), Owners: w.owners, MaxLifetime: 100 * time.Hour, Now: clock,
		CheckAction: func(a string) error {
			if a == "admin" {
				return errors.New("admin is everything")
			}
			return nil
		},
		CheckPrefix: func(p string) error {
			if strings.HasSuffix(p, "**") {
				return errors.New("two stars")
			}
			return nil
		},
	}
	w.Authenticator = NewAuthenticator(Options{Store: db.Tokens(), Owners: w.owners, MaxUnused: maxUnused, Now: clock})
	return w
}

func as(user string) Caller {
	return Caller{Identity: auth.NewIdentity(auth.Identity{User: user, Method: auth.MethodPassword})}
}

func admin() Caller {
	c := as("root")
	c.Admin = true
	return c
}

func (w *world) create(t testing.TB, by Caller, req Request) (*store.Token, string) {
	t.Helper()
	if req.Name == "" {
		req.Name = "ci"
	}
	record, text, err := w.Create(context.Background(), by, req)
	if err != nil {
		t.Fatal(err)
	}
	return record, text.Reveal()
}

func TestCreateKeepsTheLimitsAndOnlyAHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record, text := w.create(t, as("alice"), Request{Name: "nightly", Lifetime: time.Hour, Actions: []string{"read"}, Prefixes: []string{"cv/*"}})
	kept, err := w.Store.Get(t.Context(), record.ID)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Owner != "alice" || kept.CreatedBy != "alice" || kept.Name != "nightly" || !slices.Equal(kept.Actions, []string{"read"}) || kept.Prefixes[0] != "cv/*" ||
		!kept.Created.Equal(w.now) || !kept.Expires.Equal(w.now.Add(time.Hour)) || !kept.LastUsed.IsZero() {
		t.Errorf("got %+v", kept)
	}
	if kept.Hash != hash(text) || strings.Contains(fmt.Sprintf("%+v", kept), text[idEnd:secretEnd]) {
		t.Error("the store holds the token itself, or not its hash")
	}
}

func TestLifetimesDefaultToTheMaximumAndNeverExceedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r, _ := w.create(t, as("alice"), Request{}); !r.Expires.Equal(w.now.Add(100 * time.Hour)) {
		t.Errorf("got %v, want the maximum", r.Expires)
	}
	w.DefaultLifetime = time.Hour
	if r, _ := w.create(t, as("alice"), Request{}); !r.Expires.Equal(w.now.Add(time.Hour)) {
		t.Errorf("got %v, want the default", r.Expires)
	}
	for _, bad := range []time.Duration{-time.Hour, time.Millisecond, 100*time.Hour + 1} {
		if _, _, err := w.Create(t.Context(), as("alice"), Request{Name: "x", Lifetime: bad}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v: got %v, want invalid", bad, err)
		}
	}
	w.MaxLifetime = 0
	if _, _, err := w.Create(t.Context(), as("alice"), Request{Name: "x", Lifetime: time.Hour}); err == nil {
		t.Error("a service without a maximum made a token")
	}
}

func TestATokenMadeWithATokenDoesNotOutliveIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text := w.create(t, as("alice"), Request{Lifetime: time.Hour})
	w.now = w.now.Add(30 * time.Minute)
	id, err := w.Authenticate(bearer(text))
	if err != nil {
		t.Fatal(err)
	}
	child, _ := w.create(t, Caller{Identity: id}, Request{Lifetime: 50 * time.Hour})
	if want := w.now.Add(30 * time.Minute); !child.Expires.Equal(want) {
		t.Errorf("got %v, want its parent's end %v", child.Expires, want)
	}
}

func TestCreateRefusesWhatIsNoNameOrPattern(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, req := range map[string]Request{
		"no name":          {},
		"blanks":           {Name: " ci"},
		"control":          {Name: "c\ni"},
		"not UTF-8":        {Name: "\xff"},
		"long":             {Name: strings.Repeat("x", 101)},
		"a pasted token":   {Name: "mlg_0123"},
		"bad prefix":       {Name: "ci", Prefixes: []string{"cv/*", "cv**"}},
		"prefix not NFC":   {Name: "ci", Prefixes: []string{"u\u0308/*"}},
		"too many":         {Name: "ci", Prefixes: make([]string, 51)},
		"unknown owner":    {Name: "ci", Owner: "carol"},
		"owner of no name": {Name: "ci", Owner: "*"},
	} {
		if _, _, err := w.Create(t.Context(), admin(), req); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
	w.CheckPrefix = nil
	if _, _, err := w.Create(t.Context(), as("alice"), Request{Name: "ci", Prefixes: []string{"cv/*"}}); err == nil {
		t.Error("a pattern passed that nobody checked")
	}
}

func TestOnlyAdminsActForOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record, _ := w.create(t, as("alice"), Request{})
	ctx := t.Context()
	if _, _, err := w.Create(ctx, as("bob"), Request{Name: "x", Owner: "alice"}); !errors.Is(err, ErrForbidden) {
		t.Errorf("create: got %v, want forbidden", err)
	}
	if _, err := w.List(ctx, as("bob"), "alice"); !errors.Is(err, ErrForbidden) {
		t.Errorf("list: got %v, want forbidden", err)
	}
	if err := w.Revoke(ctx, as("bob"), "alice", record.ID); !errors.Is(err, ErrForbidden) {
		t.Errorf("revoke as alice: got %v, want forbidden", err)
	}
	if err := w.Revoke(ctx, as("bob"), "", record.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoke: got %v, want the answer to an unknown id", err)
	}
	made, _ := w.create(t, admin(), Request{Owner: "alice"})
	if made.Owner != "alice" || made.CreatedBy != "root" {
		t.Errorf("got %+v, want alice's token by root", made)
	}
	if list, err := w.List(ctx, admin(), "alice"); err != nil || len(list) != 2 {
		t.Errorf("got %d tokens, %v; want 2", len(list), err)
	}
	if err := w.Revoke(ctx, admin(), "bob", record.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoke alice's as bob's: got %v, want not found", err)
	}
	if err := errors.Join(w.Revoke(ctx, admin(), "alice", record.ID), w.Revoke(ctx, admin(), "", made.ID)); err != nil {
		t.Error(err)
	}
	if list, err := w.List(ctx, as("alice"), ""); err != nil || len(list) != 0 {
		t.Errorf("got %d tokens, %v; want none", len(list), err)
	}
}

func TestAnonymousCallersHaveNoTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, by := range []Caller{{}, {Admin: true}, {Identity: auth.Anonymous()}, {Identity: auth.Anonymous(), Admin: true}} {
		_, _, createErr := w.Create(t.Context(), by, Request{Name: "x", Owner: "alice"})
		_, listErr := w.List(t.Context(), by, "alice")
		for _, err := range []error{createErr, listErr, w.Revoke(t.Context(), by, "", strings.Repeat("0", idLength))} {
			if !errors.Is(err, ErrForbidden) {
				t.Errorf("got %v, want forbidden", err)
			}
		}
	}
}

func TestALimitedTokenMayOnlyListAndRevokeItself(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]Request{
		"actions": {Actions: []string{"manage"}}, "prefixes": {Prefixes: []string{"*"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			other, _ := w.create(t, as("alice"), Request{})
			own, text := w.create(t, as("alice"), limits)
			id, err := w.Authenticate(bearer(text))
			if err != nil {
				t.Fatal(err)
			}
			by := Caller{Identity: id, Admin: true}
			if _, _, err := w.Create(t.Context(), by, Request{Name: "x"}); !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "limited to actions") {
				t.Errorf("create: got %v, want forbidden and why", err)
			}
			if err := w.Revoke(t.Context(), by, "", other.ID); !errors.Is(err, ErrForbidden) {
				t.Errorf("revoke another: got %v, want forbidden", err)
			}
			if list, err := w.List(t.Context(), by, ""); err != nil || len(list) != 2 {
				t.Errorf("list: got %d, %v; want 2", len(list), err)
			}
			if err := w.Revoke(t.Context(), by, "", own.ID); err != nil {
				t.Errorf("revoke itself: %v", err)
			}
		})
	}
}

func TestRevokeOfUnknownAndMalformedIDsIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"", "x", strings.Repeat("0", idLength), strings.Repeat("u", idLength), "../" + strings.Repeat("0", 13)} {
		if err := w.Revoke(t.Context(), as("alice"), "", id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: got %v, want not found", id, err)
		}
	}
}

func TestOwnersCannotHoardAndOldTokensGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := w.Service
	full.Store = hoard{Tokens: w.Store, n: maxTokens, expires: w.now.Add(time.Hour)}
	if _, _, err := full.Create(t.Context(), as("alice"), Request{Name: "x"}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "revoke some") {
		t.Errorf("got %v, want a refusal that says what to do", err)
	}
	old, _ := w.create(t, as("alice"), Request{Lifetime: time.Hour})
	w.now = w.now.Add(2 * time.Hour)
	w.create(t, as("alice"), Request{})
	if list, err := w.List(t.Context(), as("alice"), ""); err != nil || len(list) != 2 {
		t.Errorf("just expired: got %d tokens, %v; want both listed", len(list), err)
	}
	w.now = w.now.Add(31 * 24 * time.Hour)
	w.create(t, as("alice"), Request{})
	if _, err := w.Store.Get(t.Context(), old.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want the long expired token gone", err)
	}
}

// hoard says that everybody has n tokens.
type hoard struct {
	store.Tokens
	n       int
	expires time.Time
}

func (h hoard) List(context.Context, string) ([]*store.Token, error) {
	list := make([]*store.Token, h.n)
	for i := range list {
		list[i] = &store.Token{Expires: h.expires}
	}
	return list, nil
}
