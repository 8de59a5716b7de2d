package auth

import (
	"testing"
	"time"
)

func TestKeyDiffersByEachPartThatRightsDependOn(t *testing.T) {
	t.Parallel()
	base := Identity{User: "alice", Method: MethodPassword}
	others := map[string]Identity{
		"user":           {User: "bob", Method: MethodPassword},
		"anonymous":      {User: "alice", Method: MethodAnonymous},
		"group":          {User: "alice", Groups: []string{"cv"}},
		"group split":    {User: "alice", Groups: []string{"c", "v"}},
		"group as user":  {User: "alice|g1|2:cv"},
		"action":         {User: "alice", Actions: []string{"read"}},
		"two actions":    {User: "alice", Actions: []string{"read", "edit"}},
		"action's name":  {User: "alice", Prefixes: []string{"read"}},
		"prefix":         {User: "alice", Prefixes: []string{"cv"}},
		"two prefixes":   {User: "alice", Prefixes: []string{"cv", "nlp"}},
		"joined prefix":  {User: "alice", Prefixes: []string{"cv|3:nlp"}},
		"everything set": {User: "alice", Groups: []string{"cv"}, Actions: []string{"read"}, Prefixes: []string{"cv"}},
	}
	seen := map[string]string{NewIdentity(base).Key(): "base"}
	for name, id := range others {
		key := NewIdentity(id).Key()
		if other, dup := seen[key]; dup {
			t.Errorf("%s and %s share the key %q", name, other, key)
		}
		seen[key] = name
	}
}

func TestKeyIgnoresWhatRightsDoNotDependOn(t *testing.T) {
	t.Parallel()
	a := NewIdentity(Identity{User: "alice", Method: MethodPassword, Groups: []string{"a", "b"}, Prefixes: []string{"x/*", "y/*"}})
	b := NewIdentity(Identity{User: "alice", Method: MethodToken, TokenID: "1", Issuer: "i", Subject: "s", Groups: []string{"b", "a", "a"},
		Prefixes: []string{"y/*", "x/*"}, Expires: time.Unix(1, 0)})
	if a.Key() != b.Key() {
		t.Errorf("got %q and %q, want equal keys", a.Key(), b.Key())
	}
	if literal := (&Identity{User: "alice", Groups: []string{"a", "b"}, Prefixes: []string{"x/*", "y/*"}}); literal.Key() != a.Key() {
		t.Errorf("literal: got %q, want %q", literal.Key(), a.Key())
	}
}

func TestKeyDoesNotAllocate(t *testing.T) {
	id := NewIdentity(Identity{User: "alice", Groups: []string{"a"}})
	if n := testing.AllocsPerRun(100, func() { _ = id.Key() }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func TestNewIdentityDoesNotShareSlicesWithItsCaller(t *testing.T) {
	t.Parallel()
	groups, actions, prefixes := []string{"a"}, []string{"read"}, []string{"cv/*"}
	id := NewIdentity(Identity{User: "alice", Groups: groups, Actions: actions, Prefixes: prefixes})
	groups[0], actions[0], prefixes[0] = "admin", "manage", "*"
	if id.Groups[0] != "a" || id.Actions[0] != "read" || id.Prefixes[0] != "cv/*" {
		t.Errorf("identity changed after it was returned: %+v", id)
	}
}

func TestLimited(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id   Identity
		want bool
	}{
		{Identity{User: "a"}, false},
		{Identity{User: "a", Actions: []string{"read"}}, true},
		{Identity{User: "a", Prefixes: []string{"*"}}, true},
	} {
		if got := NewIdentity(tt.id).Limited(); got != tt.want {
			t.Errorf("%+v: got %v, want %v", tt.id, got, tt.want)
		}
	}
}
