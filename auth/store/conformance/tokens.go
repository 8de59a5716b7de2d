package conformance

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlgate/auth/store"
)

// Replica returns one more handle on the same kept state, as another replica
// would hold it. Backends for one replica return the same handle again.
type Replica[S any] func() S

// Tokens runs the contract of store.Tokens. open makes an empty store.
func Tokens(t *testing.T, open func(t *testing.T) Replica[store.Tokens]) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Replica[store.Tokens]){
		"PutThenGetReturnsAllFields":        putThenGet,
		"PutRefusesATakenID":                putTaken,
		"PutRefusesEmptyIDAndOwner":         putEmpty,
		"GetOfUnknownIsNotFound":            getUnknown,
		"ListIsByOwnerAndOldestFirst":       listByOwner,
		"DeletedIsGoneAtOnceOnEveryReplica": deleteEverywhere,
		"DeleteSucceedsOnceOfManyAtATime":   deleteOnce,
		"ExpireBringsTheEndForwardOnly":     expire,
		"TouchShowsAndNeverRunsBackwards":   touch,
		"TouchNeverBringsADeletedTokenBack": touchDeleted,
		"ConcurrentUseLosesNothing":         concurrent,
		"AnEndedContextIsRefused":           endedContext,
		"TheCallersSlicesAreNotKept":        callersSlices,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func sample(id, owner string, age int) *store.Token {
	created := time.Date(2026, 1, 2, 3, 4, age, 0, time.UTC)
	return &store.Token{
		ID: id, Owner: owner, Name: "ci " + id, Hash: store.TokenHash{1, 2, byte(age)}, Actions: []string{"read", "use"},
		Prefixes: []string{"cv/*", "nlp/é"}, CreatedBy: "admin", Created: created, Expires: created.Add(time.Hour),
	}
}

func put(t *testing.T, s store.Tokens, tokens ...*store.Token) {
	t.Helper()
	for _, token := range tokens {
		if err := s.Put(t.Context(), token); err != nil {
			t.Fatalf("put %s: %v", token.ID, err)
		}
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want %v", got, want)
	}
}

func equal(a, b *store.Token) bool {
	x, y := *a, *b
	for _, token := range []*store.Token{&x, &y} {
		token.Created, token.Expires, token.LastUsed = token.Created.UTC(), token.Expires.UTC(), token.LastUsed.UTC()
		if len(token.Prefixes) == 0 {
			token.Prefixes = nil
		}
		if len(token.Actions) == 0 {
			token.Actions = nil
		}
	}
	return reflect.DeepEqual(x, y)
}

func putThenGet(t *testing.T, replica Replica[store.Tokens]) {
	full, bare := sample("a", "alice", 1), sample("b", "bob", 2)
	bare.Prefixes, bare.Actions = nil, nil
	put(t, replica(), full, bare)
	for _, want := range []*store.Token{full, bare} {
		got, err := replica().Get(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func putTaken(t *testing.T, replica Replica[store.Tokens]) {
	put(t, replica(), sample("a", "alice", 1))
	wantErr(t, replica().Put(t.Context(), sample("a", "bob", 2)), store.ErrExists)
	got, err := replica().Get(t.Context(), "a")
	if err != nil || got.Owner != "alice" {
		t.Errorf("got %+v, %v; want alice's token untouched", got, err)
	}
	if list, err := replica().List(t.Context(), "bob"); err != nil || len(list) != 0 {
		t.Errorf("got %d tokens of bob, %v; want none", len(list), err)
	}
}

func putEmpty(t *testing.T, replica Replica[store.Tokens]) {
	if replica().Put(t.Context(), sample("", "alice", 1)) == nil {
		t.Error("a token without id was kept")
	}
	if replica().Put(t.Context(), sample("a", "", 1)) == nil {
		t.Error("a token without owner was kept")
	}
}

func getUnknown(t *testing.T, replica Replica[store.Tokens]) {
	for _, id := range []string{"a", "", "\x00", "../a", "a*"} {
		_, err := replica().Get(t.Context(), id)
		wantErr(t, err, store.ErrNotFound)
	}
	wantErr(t, replica().Delete(t.Context(), "a"), store.ErrNotFound)
	wantErr(t, replica().Touch(t.Context(), "a", time.Now()), store.ErrNotFound)
}

func listByOwner(t *testing.T, replica Replica[store.Tokens]) {
	put(t, replica(), sample("c", "alice", 3), sample("a", "alice", 1), sample("x", "alice2", 1), sample("b", "alice", 2))
	list, err := replica().List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, token := range list {
		ids = append(ids, token.ID)
	}
	if want := []string{"a", "b", "c"}; !reflect.DeepEqual(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
	if none, err := replica().List(t.Context(), "carol"); err != nil || len(none) != 0 {
		t.Errorf("got %v, %v; want no tokens and no error", none, err)
	}
}

func deleteEverywhere(t *testing.T, replica Replica[store.Tokens]) {
	one, other := replica(), replica()
	put(t, one, sample("a", "alice", 1))
	if _, err := other.Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := one.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	_, err := other.Get(t.Context(), "a")
	wantErr(t, err, store.ErrNotFound)
	if list, err := other.List(t.Context(), "alice"); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v; want no tokens", list, err)
	}
}

func deleteOnce(t *testing.T, replica Replica[store.Tokens]) {
	put(t, replica(), sample("a", "alice", 1))
	oneSucceeds(t, replica, store.ErrNotFound, func(s store.Tokens) error { return s.Delete(t.Context(), "a") })
}

// oneSucceeds tries something on eight replicas at once: one may succeed, and the
// others are told the error.
func oneSucceeds[S any](t *testing.T, replica Replica[S], others error, try func(S) error) {
	t.Helper()
	var succeeded atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		s := replica()
		wg.Go(func() {
			err := try(s)
			if err == nil {
				succeeded.Add(1)
				return
			}
			wantErr(t, err, others)
		})
	}
	wg.Wait()
	if n := succeeded.Load(); n != 1 {
		t.Errorf("got %d that succeeded, want 1", n)
	}
}

func expire(t *testing.T, replica Replica[store.Tokens]) {
	token := sample("a", "alice", 1)
	put(t, replica(), token)
	used, early := token.Created.Add(time.Minute), token.Expires.Add(-time.Minute)
	if err := replica().Touch(t.Context(), "a", used); err != nil {
		t.Fatal(err)
	}
	for _, end := range []time.Time{token.Expires.Add(time.Hour), early, token.Expires} {
		if err := replica().Expire(t.Context(), "a", end); err != nil {
			t.Fatal(err)
		}
	}
	want := *token
	want.Expires, want.LastUsed = early, used
	if got, err := replica().Get(t.Context(), "a"); err != nil || !equal(got, &want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if list, err := replica().List(t.Context(), "alice"); err != nil || len(list) != 1 || !equal(list[0], &want) {
		t.Errorf("got %+v, %v; want %+v", list, err, want)
	}
	wantErr(t, replica().Expire(t.Context(), "b", early), store.ErrNotFound)
}

func touch(t *testing.T, replica Replica[store.Tokens]) {
	s := replica()
	put(t, s, sample("a", "alice", 1))
	late := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for _, used := range []time.Time{late, late.Add(-time.Hour)} {
		if err := s.Touch(t.Context(), "a", used); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	want := sample("a", "alice", 1)
	want.LastUsed = late
	if !equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func touchDeleted(t *testing.T, replica Replica[store.Tokens]) {
	for i := range 20 {
		id := fmt.Sprint("t", i)
		one, other := replica(), replica()
		put(t, one, sample(id, "alice", 1))
		var wg sync.WaitGroup
		wg.Go(func() { _ = other.Touch(t.Context(), id, time.Now()) })
		wg.Go(func() {
			if err := one.Delete(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		_, err := other.Get(t.Context(), id)
		wantErr(t, err, store.ErrNotFound)
	}
}

func concurrent(t *testing.T, replica Replica[store.Tokens]) {
	const n = 8
	var wg sync.WaitGroup
	for i := range n {
		s := replica()
		wg.Go(func() {
			id := fmt.Sprint("t", i)
			if err := s.Put(t.Context(), sample(id, "alice", i)); err != nil {
				t.Error(err)
			}
			_ = s.Touch(t.Context(), id, time.Now())
			if _, err := s.Get(t.Context(), id); err != nil {
				t.Error(err)
			}
			_, _ = s.List(t.Context(), "alice")
		})
	}
	wg.Wait()
	if list, err := replica().List(t.Context(), "alice"); err != nil || len(list) != n {
		t.Errorf("got %d tokens, %v; want %d", len(list), err, n)
	}
}

func endedContext(t *testing.T, replica Replica[store.Tokens]) {
	put(t, replica(), sample("a", "alice", 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := replica()
	_, getErr := s.Get(ctx, "a")
	_, listErr := s.List(ctx, "alice")
	for name, err := range map[string]error{
		"put": s.Put(ctx, sample("b", "alice", 1)), "get": getErr, "list": listErr,
		"delete": s.Delete(ctx, "a"), "touch": s.Touch(ctx, "a", time.Now()),
		"expire": s.Expire(ctx, "a", time.Now()),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Errorf("an ended context changed something: %v", err)
	}
}

func callersSlices(t *testing.T, replica Replica[store.Tokens]) {
	token := sample("a", "alice", 1)
	put(t, replica(), token)
	token.Prefixes[0], token.Actions[0] = "*", "manage"
	got, err := replica().Get(t.Context(), "a")
	if err != nil || got.Prefixes[0] != "cv/*" || got.Actions[0] != "read" {
		t.Errorf("got %+v, %v; want the limits as they were put", got, err)
	}
}
