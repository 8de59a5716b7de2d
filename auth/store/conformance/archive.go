package conformance

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"mlgate/auth/store"
)

// Store is a whole backend.
type Store interface {
	store.Archive
	Tokens() store.Tokens
	Sessions() store.Sessions
	Keys() store.Keys
}

// Archive runs the contract of store.Archive. open makes an empty store, and may be
// called twice in a test.
func Archive(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, func(t *testing.T) Store){
		"WhatWasExportedIsThereAfterTheImport":   archiveRound,
		"AnEmptyStoreExportsNothing":             archiveEmpty,
		"AStoreThatHoldsSomethingIsNotWrittenTo": archiveNotEmpty,
		"ReplaceLeavesNothingOfWhatWasThere":     archiveReplace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// filled has two tokens, one of which was used and was ended early, a session, and a key.
func filled(t *testing.T, s Store) []byte {
	t.Helper()
	put(t, s.Tokens(), sample("a", "alice", 1), sample("b", "bob", 2))
	end := sample("b", "bob", 2).Expires.Add(-time.Minute)
	if err := errors.Join(s.Tokens().Touch(t.Context(), "b", end.Add(-time.Minute)), s.Tokens().Expire(t.Context(), "b", end)); err != nil {
		t.Fatal(err)
	}
	keep(t, s.Sessions(), session(1, "alice"))
	return key(t, s.Keys(), "seal", 32)
}

func archiveRound(t *testing.T, open func(t *testing.T) Store) {
	from, to := open(t), open(t)
	seal := filled(t, from)
	items, err := from.Export(t.Context())
	if err != nil || len(items) != 4 {
		t.Fatalf("got %d items, %v; want 4", len(items), err)
	}
	if err := to.Import(t.Context(), items, false); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		want, err := from.Tokens().Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := to.Tokens().Get(t.Context(), id); err != nil || !equal(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		if list, err := to.Tokens().List(t.Context(), want.Owner); err != nil || len(list) != 1 {
			t.Errorf("%s: got %d tokens, %v; want 1", want.Owner, len(list), err)
		}
	}
	wantSession(t, to.Sessions(), session(1, "alice"))
	if list, err := to.Sessions().ListOf(t.Context(), "alice"); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v; want one session", list, err)
	}
	if n, err := to.Sessions().DeleteOf(t.Context(), store.Login{Provider: "company", Subject: "sub-alice"}); n != 1 || err != nil {
		t.Errorf("the login ended %d sessions, %v; want 1", n, err)
	}
	if !bytes.Equal(key(t, to.Keys(), "seal", 32), seal) {
		t.Error("the key is another one")
	}
}

func archiveEmpty(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	if items, err := s.Export(t.Context()); err != nil || len(items) > 0 {
		t.Errorf("got %v, %v", items, err)
	}
	if err := s.Import(t.Context(), nil, false); err != nil {
		t.Error(err)
	}
}

func archiveNotEmpty(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	filled(t, s)
	other := open(t)
	put(t, other.Tokens(), sample("c", "carol", 3))
	items, err := other.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Import(t.Context(), items, false), store.ErrNotEmpty)
	_, err = s.Tokens().Get(t.Context(), "c")
	wantErr(t, err, store.ErrNotFound)
}

func archiveReplace(t *testing.T, open func(t *testing.T) Store) {
	s, other := open(t), open(t)
	old := filled(t, s)
	if _, err := s.Tokens().Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	put(t, other.Tokens(), sample("c", "alice", 3))
	seal := key(t, other.Keys(), "seal", 32)
	items, err := other.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Import(t.Context(), items, true); err != nil {
		t.Fatal(err)
	}
	_, err = s.Tokens().Get(t.Context(), "a")
	wantErr(t, err, store.ErrNotFound)
	wantGone(t, s.Sessions(), session(1, "alice").Hash)
	if list, err := s.Tokens().List(t.Context(), "alice"); err != nil || len(list) != 1 || list[0].ID != "c" {
		t.Errorf("got %v, %v; want the new token alone", list, err)
	}
	if got := key(t, s.Keys(), "seal", 32); bytes.Equal(got, old) || !bytes.Equal(got, seal) {
		t.Error("the old key is still there")
	}
}
