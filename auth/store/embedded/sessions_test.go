package embedded

import (
	"errors"
	"fmt"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"mlgate/auth/store"
	"mlgate/auth/store/conformance"
)

func TestSessionsKeepTheContract(t *testing.T) {
	t.Parallel()
	conformance.Sessions(t, func(t *testing.T) conformance.Replica[store.Sessions] {
		db, _ := openTemp(t, Options{})
		return db.Sessions
	})
}

func TestOnceKeepsTheContract(t *testing.T) {
	t.Parallel()
	conformance.Once(t, func(t *testing.T) conformance.Replica[store.Once] {
		db, _ := openTemp(t, Options{})
		return db.Once
	})
}

func person(n byte, expires time.Time) *store.Session {
	return &store.Session{Hash: store.SessionHash{n}, ID: fmt.Sprint(n), User: "alice", Created: expires.Add(-time.Hour), Expires: expires}
}

func TestSessionsSurviveAReopenAndExpiredOnesLeaveTheFile(t *testing.T) {
	t.Parallel()
	now := time.Now()
	db, path := openTemp(t, Options{Now: func() time.Time { return now }})
	for n, end := range map[byte]time.Duration{1: time.Hour, 2: time.Second} {
		if err := db.Sessions().Put(t.Context(), person(n, now.Add(end))); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(2 * sweepEvery)
	if err := db.Sessions().Put(t.Context(), person(3, now.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	inFile := 0
	_ = db.bolt.View(func(tx *bolt.Tx) error {
		inFile = tx.Bucket(sessionsBucket()).Stats().KeyN
		return nil
	})
	if inFile != 2 {
		t.Errorf("got %d sessions in the file, want the two that live", inFile)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path, Options{Now: func() time.Time { return now }})
	for n, want := range map[byte]error{1: nil, 2: store.ErrNotFound, 3: nil} {
		if _, err := db.Sessions().Get(t.Context(), store.SessionHash{n}); !errors.Is(err, want) {
			t.Errorf("session %d: got %v, want %v", n, err, want)
		}
	}
}

func TestASessionThatCannotBeReadIsGone(t *testing.T) {
	t.Parallel()
	db, path := openTemp(t, Options{})
	err := db.bolt.Update(func(tx *bolt.Tx) error {
		return errors.Join(tx.Bucket(sessionsBucket()).Put([]byte("short"), []byte("{}")),
			tx.Bucket(sessionsBucket()).Put(make([]byte, 32), []byte(`{"user":"alice","limit":"new"}`)))
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	db = open(t, path, Options{})
	if list, err := db.Sessions().ListOf(t.Context(), "alice"); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v; want none", list, err)
	}
}

func TestAFailedSessionWriteLeavesNothingInMemory(t *testing.T) {
	t.Parallel()
	db, _ := openTemp(t, Options{})
	end := time.Now().Add(time.Hour)
	if err := db.Sessions().Put(t.Context(), person(1, end)); err != nil {
		t.Fatal(err)
	}
	_ = db.bolt.Close() // the disk is gone
	if db.Sessions().Put(t.Context(), person(2, end)) == nil || db.Sessions().Delete(t.Context(), store.SessionHash{1}) == nil {
		t.Fatal("got no error from a closed file")
	}
	if _, err := db.Sessions().Get(t.Context(), store.SessionHash{2}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

func TestStrangersCannotFillMemory(t *testing.T) {
	t.Parallel()
	now := time.Now()
	o := &once{now: func() time.Time { return now }, byKey: map[string]dated{}}
	for i := range mostOnce {
		if err := o.Put(t.Context(), fmt.Sprint(i), nil, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if o.Put(t.Context(), "one more", nil, time.Minute) == nil {
		t.Error("one more was kept")
	}
	now = now.Add(time.Hour)
	if err := o.Put(t.Context(), "later", nil, time.Minute); err != nil || len(o.byKey) != 1 {
		t.Errorf("got %v and %d values, want one", err, len(o.byKey))
	}
}
