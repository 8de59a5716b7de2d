package redis

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"mlgate/auth/store"
)

// bounded is longer than any one call may take, on a machine that is busy.
const bounded = 5 * opTimeout

func within(t *testing.T, what string, f func() error) error {
	t.Helper()
	began := time.Now()
	err := f()
	if took := time.Since(began); took > bounded {
		t.Errorf("%s took %v", what, took)
	}
	return err
}

func TestARedisThatIsGoneIsSaidSoAndHeals(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]struct{ off, on func(*testing.T, *server) }{
		"killed":  {func(t *testing.T, s *server) { s.kill(t) }, func(t *testing.T, s *server) { s.start(t) }},
		"stopped": {func(t *testing.T, s *server) { s.signal(t, syscall.SIGSTOP) }, func(t *testing.T, s *server) { s.signal(t, syscall.SIGCONT) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, "--appendonly", "yes", "--appendfsync", "always")
			db := openDB(t, Options{Addrs: []string{s.addr}}, true)
			put(t, db, "a")
			get(t, db, "a")
			cut.off(t, s)
			tokens := db.Tokens()
			waitFor(t, "refusal", func() bool {
				return errors.Is(within(t, "get", func() error { _, err := tokens.Get(t.Context(), "a"); return err }), store.ErrUnavailable)
			})
			for what, call := range map[string]func() error{
				"put":    func() error { return tokens.Put(t.Context(), sample("b")) },
				"list":   func() error { _, err := tokens.List(t.Context(), "alice"); return err },
				"delete": func() error { return tokens.Delete(t.Context(), "a") },
				"touch":  func() error { return tokens.Touch(t.Context(), "a", time.Now()) },
				"key":    func() error { _, err := db.Keys().Key(t.Context(), "k", 32); return err },
				"ping":   func() error { return db.Ping(t.Context()) },
			} {
				if err := within(t, what, call); !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: got %v, want unavailable", what, err)
				}
			}
			waitFor(t, "word of it", func() bool { return !db.Health().Reachable })
			cut.on(t, s)
			waitFor(t, "the token", func() bool { _, err := tokens.Get(t.Context(), "a"); return err == nil })
			waitFor(t, "word of it", func() bool { return db.Health().Reachable })
		})
	}
}

func TestAGraceLetsKnownTokensGoOnForSoLong(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	const grace = 3 * time.Second
	db := openDB(t, Options{Addrs: []string{s.addr}, Grace: grace}, true)
	put(t, db, "known")
	put(t, db, "unknown")
	get(t, db, "known")
	began := time.Now()
	s.kill(t)
	waitFor(t, "word of it", func() bool { return !db.Health().Reachable })
	if !db.Health().Serving && time.Since(began) < grace-leaseLength {
		t.Error("got no grace")
	}
	if _, err := db.Tokens().Get(t.Context(), "unknown"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("unknown: got %v, want unavailable", err)
	}
	if _, err := db.Tokens().Get(t.Context(), "known"); err != nil && time.Since(began) < grace-leaseLength {
		t.Errorf("known: got %v, want the token", err)
	}
	waitFor(t, "end of the grace", func() bool {
		_, err := db.Tokens().Get(t.Context(), "known")
		return errors.Is(err, store.ErrUnavailable)
	})
	if passed := time.Since(began); passed < grace-leaseLength {
		t.Errorf("over after %v", passed)
	}
	if db.Health().Serving {
		t.Error("said to serve still")
	}
}

func TestAStoreThatWasNeverThereIsNoErrorAtFirst(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.kill(t)
	db := openDB(t, Options{Addrs: []string{s.addr}}, true)
	waitFor(t, "word of it", func() bool { return !db.Health().Reachable })
	s.start(t)
	waitFor(t, "word of it", func() bool { return db.Health().Reachable })
	put(t, db, "a")
}

func TestARevocationSurvivesAFailover(t *testing.T) {
	t.Parallel()
	o, primary, _ := startSentinels(t)
	one, other := openDB(t, o, true), openDB(t, o, true)
	put(t, one, "a")
	put(t, one, "b")
	get(t, other, "a")
	if err := one.Tokens().Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if err := one.client.Do(t.Context(), "wait", 1, 1000).Err(); err != nil {
		t.Fatal(err)
	}
	primary.kill(t)
	waitFor(t, "the other server", func() bool {
		return within(t, "delete", func() error { return one.Tokens().Delete(t.Context(), "a") }) == nil
	})
	gone(t, other, "a")
	gone(t, other, "b")
}
