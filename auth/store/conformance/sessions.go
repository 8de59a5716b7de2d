package conformance

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"mlgate/auth/store"
)

// Sessions runs the contract of store.Sessions. open makes an empty store whose
// clock is the real one.
func Sessions(t *testing.T, open func(t *testing.T) Replica[store.Sessions]) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Replica[store.Sessions]){
		"PutThenGetReturnsAllFields":            sessionFields,
		"PutRefusesATakenHashAndNobody":         sessionTaken,
		"GetOfUnknownIsNotFound":                sessionUnknown,
		"ExpiredIsGone":                         sessionExpired,
		"ReplaceTakesOnlyTheNextVersion":        sessionReplace,
		"ReplaceSucceedsOnceOfManyAtATime":      sessionReplaceOnce,
		"ReplaceNeverBringsADeletedSessionBack": sessionReplaceDeleted,
		"ReplaceKeepsPersonAndLogin":            sessionSame,
		"ReplaceMovesTheEnd":                    sessionMoved,
		"DeletedIsGoneAtOnceOnEveryReplica":     sessionDelete,
		"DeleteSucceedsOnceOfManyAtATime":       sessionDeleteOnce,
		"ListIsByUserAndOldestFirst":            sessionList,
		"DeleteOfEndsWhatTheLoginCovers":        sessionDeleteOf,
		"TheCallersSlicesAreNotKept":            sessionSlices,
		"AnEndedContextIsRefused":               sessionContext,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// began is the same in all of a run, so that one session is the same each time it is made.
var began = sync.OnceValue(func() time.Time { return time.Now().Truncate(time.Second).UTC() })

func session(n byte, user string) *store.Session {
	now := began()
	return &store.Session{
		Hash: store.SessionHash{1, n}, ID: "s" + string('a'+rune(n)), User: user, Groups: []string{"cv", "é;,"}, Method: "oidc",
		Provider: "company", Subject: "sub-" + user, SID: "sid" + string('a'+rune(n)), Sealed: []byte{0, 1, 255}, Client: "Firefox",
		Created: now.Add(-time.Hour + time.Duration(n)*time.Second), LastUsed: now, GroupsRead: now.Add(-time.Minute), RenewAt: now.Add(time.Minute), Expires: now.Add(time.Hour),
	}
}

func keep(t *testing.T, s store.Sessions, list ...*store.Session) {
	t.Helper()
	for _, one := range list {
		if err := s.Put(t.Context(), one); err != nil {
			t.Fatalf("put %s: %v", one.ID, err)
		}
	}
}

func wantSession(t *testing.T, s store.Sessions, want *store.Session) {
	t.Helper()
	got, err := s.Get(t.Context(), want.Hash)
	if err != nil {
		t.Fatal(err)
	}
	x, y := *got, *want
	for _, one := range []*store.Session{&x, &y} {
		one.Created, one.LastUsed, one.Expires = one.Created.UTC(), one.LastUsed.UTC(), one.Expires.UTC()
		one.GroupsRead, one.RenewAt = one.GroupsRead.UTC(), one.RenewAt.UTC()
		if len(one.Groups) == 0 {
			one.Groups = nil
		}
		if len(one.Sealed) == 0 {
			one.Sealed = nil
		}
	}
	if !reflect.DeepEqual(x, y) {
		t.Errorf("got %+v, want %+v", x, y)
	}
}

func wantGone(t *testing.T, s store.Sessions, hash store.SessionHash) {
	t.Helper()
	_, err := s.Get(t.Context(), hash)
	wantErr(t, err, store.ErrNotFound)
}

func sessionFields(t *testing.T, replica Replica[store.Sessions]) {
	full, bare := session(1, "alice"), session(2, "bob")
	bare.Groups, bare.Sealed, bare.Provider, bare.Subject, bare.SID, bare.Client = nil, nil, "", "", "", ""
	bare.GroupsRead, bare.RenewAt = time.Time{}, time.Time{}
	keep(t, replica(), full, bare)
	wantSession(t, replica(), full)
	wantSession(t, replica(), bare)
}

func sessionTaken(t *testing.T, replica Replica[store.Sessions]) {
	keep(t, replica(), session(1, "alice"))
	wantErr(t, replica().Put(t.Context(), session(1, "bob")), store.ErrExists)
	wantSession(t, replica(), session(1, "alice"))
	if replica().Put(t.Context(), session(2, "")) == nil {
		t.Error("a session of nobody was kept")
	}
	zero := session(3, "alice")
	zero.Hash = store.SessionHash{}
	if replica().Put(t.Context(), zero) == nil {
		t.Error("a session without hash was kept")
	}
}

func sessionUnknown(t *testing.T, replica Replica[store.Sessions]) {
	wantGone(t, replica(), store.SessionHash{9})
	wantGone(t, replica(), store.SessionHash{})
	wantErr(t, replica().Delete(t.Context(), store.SessionHash{9}), store.ErrNotFound)
	wantErr(t, replica().Replace(t.Context(), session(1, "alice")), store.ErrNotFound)
}

func sessionExpired(t *testing.T, replica Replica[store.Sessions]) {
	old := session(1, "alice")
	old.Expires = time.Now().Add(50 * time.Millisecond)
	keep(t, replica(), old)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := replica().Get(t.Context(), old.Hash); errors.Is(err, store.ErrNotFound) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the session did not expire")
		}
	}
	old.Version++
	wantErr(t, replica().Replace(t.Context(), old), store.ErrNotFound)
	wantErr(t, replica().Delete(t.Context(), old.Hash), store.ErrNotFound)
	if list, err := replica().ListOf(t.Context(), "alice"); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v; want no sessions", list, err)
	}
	keep(t, replica(), session(1, "alice")) // the hash is free again
}

func next(s *store.Session) *store.Session {
	n := *s
	n.Version++
	return &n
}

func sessionReplace(t *testing.T, replica Replica[store.Sessions]) {
	one, other := replica(), replica()
	first := session(1, "alice")
	keep(t, one, first)
	second := next(first)
	second.Groups, second.Sealed = []string{"nlp"}, []byte("other")
	if err := other.Replace(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	wantSession(t, one, second)
	wantErr(t, one.Replace(t.Context(), second), store.ErrChanged) // the version of the kept one
	stale := next(first)
	stale.Groups = []string{"stale"}
	wantErr(t, one.Replace(t.Context(), stale), store.ErrChanged)
	wantSession(t, other, second)
}

func sessionReplaceOnce(t *testing.T, replica Replica[store.Sessions]) {
	first := session(1, "alice")
	keep(t, replica(), first)
	oneSucceeds(t, replica, store.ErrChanged, func(s store.Sessions) error { return s.Replace(t.Context(), next(first)) })
}

func sessionReplaceDeleted(t *testing.T, replica Replica[store.Sessions]) {
	for i := range byte(20) {
		one, other, first := replica(), replica(), session(i, "alice")
		keep(t, one, first)
		var wg sync.WaitGroup
		wg.Go(func() { _ = other.Replace(t.Context(), next(first)) })
		wg.Go(func() {
			if err := one.Delete(t.Context(), first.Hash); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		wantGone(t, other, first.Hash)
	}
}

func sessionSame(t *testing.T, replica Replica[store.Sessions]) {
	first := session(1, "alice")
	keep(t, replica(), first)
	for what, change := range map[string]func(*store.Session){
		"user": func(s *store.Session) { s.User = "bob" }, "provider": func(s *store.Session) { s.Provider = "x" },
		"subject": func(s *store.Session) { s.Subject = "x" }, "sid": func(s *store.Session) { s.SID = "x" },
	} {
		other := next(first)
		change(other)
		if replica().Replace(t.Context(), other) == nil {
			t.Errorf("another %s was taken", what)
		}
	}
	wantSession(t, replica(), first)
}

func sessionMoved(t *testing.T, replica Replica[store.Sessions]) {
	first := session(1, "alice")
	first.Expires = time.Now().Add(300 * time.Millisecond)
	keep(t, replica(), first)
	moved := next(first)
	moved.Expires = time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	if err := replica().Replace(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(first.Expires) + 50*time.Millisecond)
	wantSession(t, replica(), moved)
	if list, err := replica().ListOf(t.Context(), "alice"); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v; want the moved session", list, err)
	}
	if n, err := replica().DeleteOf(t.Context(), store.Login{Provider: "company", Subject: "sub-alice"}); n != 1 || err != nil {
		t.Errorf("got %d, %v; want the moved session deleted by its login", n, err)
	}
}

func sessionDelete(t *testing.T, replica Replica[store.Sessions]) {
	one, other, first := replica(), replica(), session(1, "alice")
	keep(t, one, first)
	wantSession(t, other, first)
	if err := one.Delete(t.Context(), first.Hash); err != nil {
		t.Fatal(err)
	}
	wantGone(t, other, first.Hash)
	if list, err := other.ListOf(t.Context(), "alice"); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v; want no sessions", list, err)
	}
}

func sessionDeleteOnce(t *testing.T, replica Replica[store.Sessions]) {
	first := session(1, "alice")
	keep(t, replica(), first)
	oneSucceeds(t, replica, store.ErrNotFound, func(s store.Sessions) error { return s.Delete(t.Context(), first.Hash) })
}

func sessionList(t *testing.T, replica Replica[store.Sessions]) {
	keep(t, replica(), session(3, "alice"), session(1, "alice"), session(9, "alice2"), session(2, "alice"))
	list, err := replica().ListOf(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	var order []byte
	for _, s := range list {
		order = append(order, s.Hash[1])
	}
	if !reflect.DeepEqual(order, []byte{1, 2, 3}) {
		t.Errorf("got %v, want 1, 2, 3", order)
	}
}

func sessionDeleteOf(t *testing.T, replica Replica[store.Sessions]) {
	elsewhere := session(5, "alice")
	elsewhere.Provider = "other"
	password := session(6, "alice")
	password.Provider, password.Subject, password.SID = "", "", ""
	keep(t, replica(), session(1, "alice"), session(2, "alice"), session(3, "alice"), session(4, "bob"), elsewhere, password)
	one := session(1, "alice")
	for _, c := range []struct {
		login store.Login
		want  int
	}{
		{store.Login{}, 0}, {store.Login{Provider: "company"}, 0}, {store.Login{Subject: "sub-alice"}, 0},
		{store.Login{Provider: "company", SID: "nobody's"}, 0},
		{store.Login{Provider: "company", Subject: "sub-bob", SID: one.SID}, 0},
		{store.Login{Provider: "company", Subject: "sub-alice", SID: one.SID}, 1},
		{store.Login{Provider: "company", SID: session(2, "alice").SID}, 1},
		{store.Login{Provider: "company", Subject: "sub-alice"}, 1},
		{store.Login{Provider: "company", Subject: "sub-alice"}, 0},
	} {
		if n, err := replica().DeleteOf(t.Context(), c.login); n != c.want || err != nil {
			t.Errorf("%+v: got %d, %v; want %d", c.login, n, err, c.want)
		}
	}
	for i := range byte(3) {
		wantGone(t, replica(), store.SessionHash{1, i + 1})
	}
	wantSession(t, replica(), session(4, "bob"))
	wantSession(t, replica(), elsewhere)
	wantSession(t, replica(), password)
}

func sessionSlices(t *testing.T, replica Replica[store.Sessions]) {
	s := session(1, "alice")
	keep(t, replica(), s)
	s.Groups[0], s.Sealed[0] = "admin", 7
	wantSession(t, replica(), session(1, "alice"))
}

func sessionContext(t *testing.T, replica Replica[store.Sessions]) {
	first := session(1, "alice")
	keep(t, replica(), first)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := replica()
	_, get := s.Get(ctx, first.Hash)
	_, list := s.ListOf(ctx, "alice")
	_, of := s.DeleteOf(ctx, store.Login{Provider: "company", Subject: "sub-alice"})
	for name, err := range map[string]error{
		"put": s.Put(ctx, session(2, "alice")), "get": get, "list": list, "of": of,
		"replace": s.Replace(ctx, next(first)), "delete": s.Delete(ctx, first.Hash),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
	wantSession(t, s, first)
}
