package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"mlgate/auth/store"
	"mlgate/auth/store/conformance"
)

func openTemp(t testing.TB, opts Options) (*DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mlgate.db")
	return open(t, path, opts), path
}

func open(t testing.TB, path string, opts Options) *DB {
	t.Helper()
	db, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestTokensKeepTheContract(t *testing.T) {
	t.Parallel()
	conformance.Tokens(t, func(t *testing.T) conformance.Replica[store.Tokens] {
		db, _ := openTemp(t, Options{})
		return db.Tokens
	})
}

func TestKeysKeepTheContract(t *testing.T) {
	t.Parallel()
	conformance.Keys(t, func(t *testing.T) conformance.Replica[store.Keys] {
		db, _ := openTemp(t, Options{})
		return db.Keys
	})
}

func token(id string) *store.Token {
	now := time.Date(2026, 1, 1, 0, 0, 0, 5, time.UTC)
	return &store.Token{ID: id, Owner: "alice", Name: "n", Hash: store.TokenHash{7}, Prefixes: []string{"cv/*"}, Created: now, Expires: now.Add(time.Hour)}
}

func TestEverythingSurvivesAReopen(t *testing.T) {
	t.Parallel()
	db, path := openTemp(t, Options{})
	used := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for _, id := range []string{"a", "b"} {
		if err := db.Tokens().Put(t.Context(), token(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.Tokens().Delete(t.Context(), "b"), db.Tokens().Touch(t.Context(), "a", used)); err != nil {
		t.Fatal(err)
	}
	key, err := db.Keys().Key(t.Context(), "pages", 32)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	db = open(t, path, Options{})
	got, err := db.Tokens().Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash != token("a").Hash || got.Prefixes[0] != "cv/*" || !got.LastUsed.Equal(used) || !got.Created.Equal(token("a").Created) {
		t.Errorf("got %+v, want what was put and the last use", got)
	}
	if _, err := db.Tokens().Get(t.Context(), "b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted token: got %v, want not found", err)
	}
	if again, err := db.Keys().Key(t.Context(), "pages", 32); err != nil || !bytes.Equal(again, key) {
		t.Errorf("key: got %x, %v; want the same as before", again, err)
	}
}

func TestASecondProcessIsToldWhoHoldsTheFile(t *testing.T) {
	t.Parallel()
	_, path := openTemp(t, Options{})
	_, err := Open(path, Options{LockTimeout: 20 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "another mlgate holds "+path) {
		t.Errorf("got %v, want a word about the other mlgate", err)
	}
}

func TestOnlyItsOwnerCanReadTheFile(t *testing.T) {
	t.Parallel()
	db, path := openTemp(t, Options{})
	_ = db.Close()
	for _, mode := range []os.FileMode{0o600, 0o644, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		db = open(t, path, Options{})
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("file of mode %v: got %v, %v; want 0600", mode, info.Mode().Perm(), err)
		}
		_ = db.Close()
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "no", "mlgate.db"), Options{}); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("no folder: got %v", err)
	}
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("garbage "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(garbage, Options{}); err == nil || !strings.Contains(err.Error(), garbage) {
		t.Errorf("garbage: got %v, want an error that names the file", err)
	}
}

func TestOpenRefusesRecordsItWouldMisread(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(tx *bolt.Tx) error{
		"newer layout":  func(tx *bolt.Tx) error { return tx.Bucket(metaBucket()).Put([]byte("layout"), []byte("x")) },
		"unknown limit": putRaw(`{"owner":"a","hash":"` + strings.Repeat("00", 32) + `","only_on_mondays":true}`),
		"short hash":    putRaw(`{"owner":"a","hash":"00"}`),
		"no JSON":       putRaw(`x`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, path := openTemp(t, Options{})
			if err := db.bolt.Update(change); err != nil {
				t.Fatal(err)
			}
			_ = db.Close()
			if db, err := Open(path, Options{}); err == nil {
				_ = db.Close()
				t.Error("got no error")
			}
		})
	}
}

func putRaw(data string) func(tx *bolt.Tx) error {
	return func(tx *bolt.Tx) error { return tx.Bucket(tokensBucket()).Put([]byte("a"), []byte(data)) }
}

func TestTouchWritesToDiskAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	db, _ := openTemp(t, Options{Now: func() time.Time { return now }})
	if err := db.Tokens().Put(t.Context(), token("a")); err != nil {
		t.Fatal(err)
	}
	writes := func() int64 { s := db.bolt.Stats(); return s.TxStats.GetWrite() }
	before := writes()
	touch := func(at time.Time) {
		t.Helper()
		if err := db.Tokens().Touch(t.Context(), "a", at); err != nil {
			t.Fatal(err)
		}
		db.tokens.flushes.Wait()
	}
	for i := range 100 {
		touch(now.Add(time.Duration(i) * time.Millisecond))
	}
	if got := writes(); got != before {
		t.Errorf("within the minute: got %d page writes, want none", got-before)
	}
	now = now.Add(time.Minute)
	touch(now)
	after := writes()
	if after == before {
		t.Error("after a minute nothing was written")
	}
	touch(now.Add(time.Second))
	if got := writes(); got != after {
		t.Error("written again within the next minute")
	}
}

func TestAFailedPutLeavesNothingInMemory(t *testing.T) {
	t.Parallel()
	db, _ := openTemp(t, Options{})
	if err := db.Tokens().Put(t.Context(), token("b")); err != nil {
		t.Fatal(err)
	}
	_ = db.bolt.Close() // the disk is gone
	if err := db.Tokens().Put(t.Context(), token("a")); err == nil {
		t.Fatal("got no error from a closed file")
	}
	if _, err := db.Tokens().Get(context.Background(), "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
	if err := db.Tokens().Delete(t.Context(), "b"); err == nil {
		t.Error("delete: got no error from a closed file")
	}
	if _, err := db.Tokens().Get(t.Context(), "b"); err != nil {
		t.Errorf("a delete that failed took effect in memory: %v", err)
	}
}

func BenchmarkGet(b *testing.B) {
	db, _ := openTemp(b, Options{})
	for i := range 1000 {
		// Straight into memory: 1,000 disk syncs measure nothing here.
		t := token(fmt.Sprint(i))
		db.tokens.byID[t.ID] = t
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := db.Tokens().Get(b.Context(), "500"); err != nil {
			b.Fatal(err)
		}
	}
}
