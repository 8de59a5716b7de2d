package redis

import (
	"errors"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mlgate/auth/store"
)

func sampleSession(n byte, expires time.Time) *store.Session {
	return &store.Session{
		Hash: store.SessionHash{n}, ID: fmt.Sprint(n), User: "alice", Provider: "company", Subject: "sub", SID: fmt.Sprint("sid", n),
		Created: expires.Add(-time.Hour), LastUsed: expires.Add(-time.Hour), Expires: expires,
	}
}

// Somebody who always has a browser signed in must not drag the ended ones along.
func TestWhatListsSessionsForgetsThoseThatEnded(t *testing.T) {
	t.Parallel()
	o := realServer(t)
	now := time.Now()
	o.Now = func() time.Time { return now }
	db := openDB(t, o, false)
	for n := range byte(20) {
		if err := db.Sessions().Put(t.Context(), sampleSession(n+1, now.Add(2*time.Hour))); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	direct := goredis.NewClient(&goredis.Options{Addr: o.Addrs[0]})
	defer direct.Close()
	for _, list := range []string{"sessions:alice", "subject:company\x00sub"} {
		if n, err := direct.ZCard(t.Context(), db.key(list)).Result(); err != nil || n == 0 || n > 4 {
			t.Errorf("%q lists %d sessions, %v; want those of the last hours", list, n, err)
		}
	}
	if list, err := db.Sessions().ListOf(t.Context(), "alice"); err != nil || len(list) != 1 {
		t.Errorf("got %d sessions, %v; want the last one", len(list), err)
	}
}

// A record of a later version is not read here, and does not outlive an import that
// replaces all.
func TestAnImportRemovesSessionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	o := realServer(t)
	db := openDB(t, o, false)
	one := sampleSession(1, time.Now().Add(time.Hour))
	if err := db.Sessions().Put(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	direct := goredis.NewClient(&goredis.Options{Addr: o.Addrs[0]})
	defer direct.Close()
	key := db.key("session:" + one.Hash.String())
	if err := direct.HSet(t.Context(), key, "record", `{"user":"alice","limit":"new"}`).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Sessions().Get(t.Context(), one.Hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want it not found", err)
	}
	if err := db.Import(t.Context(), nil, false); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("got %v, want a refusal", err)
	}
	if err := db.Import(t.Context(), nil, true); err != nil {
		t.Fatal(err)
	}
	if n, err := direct.Exists(t.Context(), key).Result(); err != nil || n != 0 {
		t.Errorf("got %d, %v; want it gone", n, err)
	}
}

// While Redis is away a session that this replica remembers goes on for the grace,
// and others, and one-time values, are refused at once.
func TestSessionsHaveTheGraceToo(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	db := openDB(t, Options{Addrs: []string{s.addr}, Prefix: prefixOf(t), Grace: time.Minute}, true)
	leased(t, db)
	known, unknown := sampleSession(1, time.Now().Add(time.Hour)), sampleSession(2, time.Now().Add(time.Hour))
	for _, one := range []*store.Session{known, unknown} {
		if err := db.Sessions().Put(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := db.Sessions().Get(t.Context(), known.Hash); err != nil {
			t.Fatal(err)
		}
		if _, ok := db.lease.memory.lookup(nameOf(known.Hash)); ok {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the session is not remembered")
		}
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	for range 20 {
		if _, err := db.Sessions().Get(t.Context(), known.Hash); err != nil {
			t.Fatalf("in the grace: %v", err)
		}
		_, get := db.Sessions().Get(t.Context(), unknown.Hash)
		_, list := db.Sessions().ListOf(t.Context(), "alice")
		_, take := db.Once().Take(t.Context(), "k")
		for what, err := range map[string]error{
			"get": get, "list": list, "take": take, "put": db.Once().Put(t.Context(), "k", nil, time.Minute),
			"delete": db.Sessions().Delete(t.Context(), known.Hash), "begin": db.Sessions().Put(t.Context(), sampleSession(3, time.Now().Add(time.Hour))),
		} {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: got %v, want it unavailable", what, err)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}
