package redis

import (
	"os"
	"regexp"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"mlgate/auth/store"
	"mlgate/auth/store/conformance"
)

// What the operator's page gives the account is enough for everything.
func TestTheAccountOfTheDocsIsEnough(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/replicas.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```text acl\nuser (.*?)\n```").FindSubmatch(page)
	if found == nil {
		t.Fatal("no account in docs/replicas.md")
	}
	s := startServer(t)
	direct := goredis.NewClient(&goredis.Options{Addr: s.addr})
	defer direct.Close()
	args := []any{"acl", "setuser"}
	for _, word := range strings.Fields(strings.Replace(string(found[1]), "PASSWORD", "pw", 1)) {
		args = append(args, word)
	}
	if err := direct.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	if err := direct.Do(t.Context(), "acl", "setuser", "default", "off").Err(); err != nil {
		t.Fatal(err)
	}
	o := Options{Addrs: []string{s.addr}, Credentials: func() (string, string, error) { return "mlgate", "pw", nil }}
	one, other := openDB(t, o, true), openDB(t, o, true)
	if err := one.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	deletions(t, 3, one, other)
	conformance.Archive(t, func(t *testing.T) conformance.Store {
		o := o
		o.Prefix = "mlgate:" + newMark() + ":"
		return openDB(t, o, false)
	})
	conformance.Sessions(t, func(t *testing.T) conformance.Replica[store.Sessions] {
		o := o
		o.Prefix = "mlgate:" + newMark() + ":"
		return func() store.Sessions { return openDB(t, o, false).Sessions() }
	})
	conformance.Once(t, func(t *testing.T) conformance.Replica[store.Once] {
		o := o
		o.Prefix = "mlgate:" + newMark() + ":"
		return func() store.Once { return openDB(t, o, false).Once() }
	})
	put(t, one, "a")
	if _, err := one.Keys().Key(t.Context(), "k", 32); err != nil {
		t.Error(err)
	}
	if _, err := one.Tokens().List(t.Context(), "alice"); err != nil {
		t.Error(err)
	}
	refused := openDB(t, Options{Addrs: []string{s.addr}, Prefix: "other:", Credentials: o.Credentials}, false)
	if err := refused.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), store.ErrUnavailable.Error()) {
		t.Errorf("another prefix: got %v, want a refusal", err)
	}
}
