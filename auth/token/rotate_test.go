package token

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"mlgate/auth/store"
)

func TestRotationKeepsNameOwnerAndLimitsAndLetsTheOldOneGoOnForAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, oldText := w.create(t, as("alice"), Request{Name: "nightly", Lifetime: 40 * time.Hour, Actions: []string{"edit"}, Prefixes: []string{"cv/*"}})
	w.now = w.now.Add(10 * time.Hour)
	made, text, err := w.Rotate(t.Context(), as("alice"), "", old.ID, Rotation{Overlap: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if made.ID == old.ID || made.Owner != "alice" || made.Name != "nightly" || !slices.Equal(made.Actions, old.Actions) ||
		!slices.Equal(made.Prefixes, old.Prefixes) || !made.Expires.Equal(w.now.Add(40*time.Hour)) {
		t.Errorf("got %+v of %+v", made, old)
	}
	for _, text := range []string{oldText, text.Reveal()} {
		if _, err := w.Authenticate(bearer(text)); err != nil {
			t.Errorf("during the overlap: %v", err)
		}
	}
	w.now = w.now.Add(time.Hour)
	refused(t, w, bearer(oldText), "expired")
	if _, err := w.Authenticate(bearer(text.Reveal())); err != nil {
		t.Errorf("the new one after the overlap: %v", err)
	}
}

func TestRotationNeverLengthensTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, text := w.create(t, as("alice"), Request{Lifetime: time.Hour})
	if _, _, err := w.Rotate(t.Context(), as("alice"), "", old.ID, Rotation{Overlap: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	refused(t, w, bearer(text), "expired")
}

func TestATokenCannotLiveForEverByRotatingItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, text := w.create(t, as("alice"), Request{Lifetime: 10 * time.Hour})
	w.now = w.now.Add(9 * time.Hour)
	id, err := w.Authenticate(bearer(text))
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := w.Rotate(t.Context(), Caller{Identity: id}, "", old.ID, Rotation{Lifetime: 10 * time.Hour})
	if err != nil || made.Expires.After(old.Expires) {
		t.Errorf("got %+v, %v; want an end no later than %v", made, err, old.Expires)
	}
}

func TestRotationIsForThoseWhoMayRevokeAndMake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, _ := w.create(t, as("alice"), Request{})
	limited, text := w.create(t, as("alice"), Request{Actions: []string{"read"}})
	id, err := w.Authenticate(bearer(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		by        Caller
		owner, id string
		want      error
	}{
		"another user":            {as("bob"), "", old.ID, ErrNotFound},
		"another user, by name":   {as("bob"), "alice", old.ID, ErrForbidden},
		"an admin, another owner": {admin(), "bob", old.ID, ErrNotFound},
		"nobody":                  {Caller{}, "", old.ID, ErrForbidden},
		"a limited token":         {Caller{Identity: id}, "", old.ID, ErrForbidden},
		"a limited token, itself": {Caller{Identity: id}, "", limited.ID, ErrForbidden},
		"no such token":           {as("alice"), "", "0000000000000000", ErrNotFound},
		"no id":                   {as("alice"), "", "../x", ErrNotFound},
	} {
		if _, _, err := w.Rotate(t.Context(), try.by, try.owner, try.id, Rotation{}); !errors.Is(err, try.want) {
			t.Errorf("%s: got %v, want %v", name, err, try.want)
		}
	}
	if list, err := w.List(t.Context(), as("alice"), ""); err != nil || len(list) != 2 {
		t.Errorf("got %d tokens, %v; want the two that were there", len(list), err)
	}
	if made, _, err := w.Rotate(t.Context(), admin(), "alice", old.ID, Rotation{}); err != nil || made.CreatedBy != "root" || made.Owner != "alice" {
		t.Errorf("an admin: got %+v, %v", made, err)
	}
}

func TestRotationRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, _ := w.create(t, as("alice"), Request{Lifetime: time.Hour})
	for name, how := range map[string]Rotation{
		"overlap backwards": {Overlap: -time.Second}, "overlap of months": {Overlap: maxOverlap + 1},
		"lifetime backwards": {Lifetime: -time.Hour}, "lifetime above the maximum": {Lifetime: 101 * time.Hour},
	} {
		if _, _, err := w.Rotate(t.Context(), as("alice"), "", old.ID, how); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want an invalid request", name, err)
		}
	}
	w.now = w.now.Add(time.Hour)
	if _, _, err := w.Rotate(t.Context(), as("alice"), "", old.ID, Rotation{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("one that ended: got %v, want an invalid request", err)
	}
	if list, err := w.List(t.Context(), as("alice"), ""); err != nil || len(list) != 1 {
		t.Errorf("got %d tokens, %v; want the one", len(list), err)
	}
}

// unending is a store that cannot end tokens.
type unending struct{ store.Tokens }

func (unending) Expire(context.Context, string, time.Time) error { return errors.New("disk full") }

func TestARotationThatFailsHalfWayLeavesTheOldTokenAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, text := w.create(t, as("alice"), Request{})
	w.Service.Store = unending{w.Service.Store}
	if _, _, err := w.Rotate(t.Context(), as("alice"), "", old.ID, Rotation{}); err == nil {
		t.Fatal("got no error")
	}
	if _, err := w.Authenticate(bearer(text)); err != nil {
		t.Errorf("the old token: %v", err)
	}
	if list, err := w.List(t.Context(), as("alice"), ""); err != nil || len(list) != 1 {
		t.Errorf("got %d tokens, %v; want the old one alone", len(list), err)
	}
}

func TestATokenThatLaysUnusedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, never := w.create(t, as("alice"), Request{Name: "never used"})
	_, once := w.create(t, as("alice"), Request{Name: "used"})
	w.now = w.now.Add(maxUnused - time.Hour)
	if _, err := w.Authenticate(bearer(once)); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	refused(t, w, bearer(never), "not used since")
	refused(t, w, bearer(never), "not used since") // a try is no use
	if _, err := w.Authenticate(bearer(once)); err != nil {
		t.Errorf("one that was used: %v", err)
	}
}
