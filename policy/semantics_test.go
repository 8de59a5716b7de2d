package policy

import (
	"slices"
	"strings"
	"testing"
)

// A question is one call of Decide, written "user[;group…] action kind:name".
func ask(t testing.TB, p *Policy, q string) Decision {
	t.Helper()
	c, a, k, name := question(t, q)
	return p.Rights(c).Decide(a, k, name)
}

func question(t testing.TB, q string) (Caller, Action, Kind, string) {
	t.Helper()
	f := strings.SplitN(q, " ", 3)
	kind, name, _ := strings.Cut(f[2], ":")
	who := strings.Split(f[0], ";")
	a, err := ParseAction(f[1])
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParseKind(kind)
	if err != nil {
		t.Fatal(err)
	}
	return Caller{User: who[0], Groups: who[1:]}, a, k, name
}

// verdict is the word that tables use.
func (d Decision) verdict() string {
	if d.Allow {
		return "allow"
	}
	return "deny"
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, policy string
		allow, deny  []string
	}{
		{"nothing is allowed by default", "",
			nil, []string{"u read experiment:cv/x", "u admin experiment:x", "u use gateway:x"}},
		{"a prefix covers what lies below, at every depth, and not itself", "p, user:u, cv/*, read",
			[]string{"u read experiment:cv/x", "u read experiment:cv/x/y", "u read dataset:cv/x", "u read model:cv/x"},
			[]string{"u read experiment:cv", "u read experiment:cvx/y", "u read experiment:CV/x", "u read experiment:a/cv/x", "u read experiment:/cv/x", "u read gateway:cv/x"}},
		{"a name covers itself only", "p, user:u, cv, read",
			[]string{"u read experiment:cv"}, []string{"u read experiment:cv/x", "u read experiment:cvx", "u read experiment:c"}},
		{"star covers every name, but no gateway", "p, user:u, *, manage",
			[]string{"u manage experiment:x", "u read model:a.b/c", "u edit dataset:é"},
			[]string{"u read gateway:x", "u use gateway:x", "u approve model:x", "u admin experiment:x"}},
		{"a kind covers that kind only", "p, user:u, model:cv/*, edit",
			[]string{"u edit model:cv/x"}, []string{"u read experiment:cv/x", "u read dataset:cv/x", "u read gateway:cv/x"}},
		{"models read dot as slash, others do not", "p, user:u, cv/*, read",
			[]string{"u read model:cv.x", "u read model:cv.x.y", "u read model:cv/x.y"},
			[]string{"u read experiment:cv.x", "u read dataset:cv.x", "u read model:cv", "u read model:cvx"}},
		{"patterns of models read dot as slash", "p, user:u, cv.x/*, read\np, user:u, a.b, read",
			[]string{"u read model:cv.x.y", "u read model:cv/x/y", "u read experiment:cv.x/y", "u read model:a/b", "u read experiment:a.b"},
			[]string{"u read experiment:cv/x/y", "u read experiment:a/b", "u read model:cv.x"}},
		{"only known kinds are split off", "p, user:u, foo:bar, read\np, user:u, experiment:model:x, read\np, user:u, cv/a:b, read",
			[]string{"u read experiment:foo:bar", "u read model:foo:bar", "u read experiment:model:x", "u read dataset:cv/a:b"},
			[]string{"u read experiment:bar", "u read model:x", "u read experiment:b", "u read model:model:x"}},
		{"read", "p, user:u, x, read", []string{"u read model:x"}, []string{"u edit model:x", "u approve model:x", "u manage model:x", "u admin model:x"}},
		{"edit carries read", "p, user:u, x, edit", []string{"u read model:x", "u edit model:x"}, []string{"u manage model:x", "u approve model:x"}},
		{"manage carries edit, and not approve", "p, user:u, x, manage", []string{"u read model:x", "u edit model:x", "u manage model:x"}, []string{"u approve model:x", "u admin model:x"}},
		{"approve carries read only", "p, user:u, x, approve", []string{"u read model:x", "u approve model:x"}, []string{"u edit model:x", "u manage model:x"}},
		{"use carries nothing else", "p, user:u, gateway:g/*, use", []string{"u use gateway:g/x"}, []string{"u read gateway:g/x", "u use gateway:g", "u use model:g/x"}},
		{"manage of a gateway is no use of it", "p, user:u, gateway:g, manage", []string{"u edit gateway:g"}, []string{"u use gateway:g"}},
		{"admin carries everything everywhere", "p, user:u, *, admin",
			[]string{"u admin experiment:x", "u read gateway:g", "u use gateway:g", "u approve model:a.b", "u manage dataset:d"}, []string{"v read experiment:x"}},
		{"a denied read denies all", "p, user:u, *, admin\np, user:u, x, read, deny\np, user:u, gateway:x, read, deny",
			[]string{"u read model:y", "u admin model:y"},
			[]string{"u read model:x", "u edit model:x", "u manage model:x", "u approve model:x", "u admin model:x", "u use gateway:x"}},
		{"a denied edit leaves read and approve", "p, user:u, *, admin\np, user:u, x, edit, deny",
			[]string{"u read model:x", "u approve model:x"}, []string{"u edit model:x", "u manage model:x", "u admin model:x"}},
		{"a denied manage leaves edit", "p, user:u, *, admin\np, user:u, x, manage, deny",
			[]string{"u read model:x", "u edit model:x", "u approve model:x"}, []string{"u manage model:x", "u admin model:x"}},
		{"a denied approve denies itself", "p, user:u, *, admin\np, user:u, *, approve, deny",
			[]string{"u read model:x", "u manage model:x", "u admin model:x"}, []string{"u approve model:x"}},
		{"a denied use denies itself", "p, user:u, *, admin\np, user:u, gateway:*, use, deny",
			[]string{"u read gateway:x", "u admin gateway:x"}, []string{"u use gateway:x"}},
		{"a denied admin denies itself, for gateways too", "p, user:u, *, admin\np, user:u, *, admin, deny",
			[]string{"u manage model:x", "u use gateway:x"}, []string{"u admin model:x", "u admin gateway:x"}},
		{"deny wins whatever the order", "p, any, cv/x, read, deny\np, user:u, cv/*, edit\np, user:u, cv/x, edit",
			[]string{"u edit model:cv/y"}, []string{"u read model:cv/x", "u edit model:cv.x"}},
		{"a deny below an allow, and an allow below a deny", "p, any, cv/*, read\np, any, cv/a/*, read, deny\np, any, cv/a/b/*, manage",
			[]string{"u read dataset:cv/a", "u read dataset:cv/b"}, []string{"u read dataset:cv/a/x", "u read dataset:cv/a/b/x"}},
		{"a deny of a role over an allow of a user", "p, user:u, x, edit\np, role:r, x, read, deny\ng, group:g, role:r",
			[]string{"u read model:x"}, []string{"u;g read model:x"}},
		{"a deny of a group over an allow of a role", "p, role:r, x, edit\np, group:g, x, edit, deny\ng, user:u, role:r",
			[]string{"u edit model:x", "u;g read model:x"}, []string{"u;g edit model:x"}},
		{"a deny of all over an admin", "p, user:u, *, admin\np, any, x, read, deny",
			[]string{"u read model:y"}, []string{"u read model:x"}},
		{"a deny of one kind leaves the others", "p, any, x, read\np, any, model:x, read, deny",
			[]string{"u read experiment:x"}, []string{"u read model:x"}},
		{"a deny without a kind leaves gateways", "p, user:u, *, admin\np, user:u, *, read, deny",
			[]string{"u use gateway:x"}, []string{"u read model:x"}},
		{"roles hold roles", "p, role:a, x, read\ng, role:b, role:a\ng, role:c, role:b\ng, group:g, role:c",
			[]string{"u;g read model:x", "u;z;g read model:x"}, []string{"u read model:x", "g read model:x"}},
		{"roles do not flow down", "p, role:c, x, read\ng, role:c, role:b\ng, user:u, role:b", nil, []string{"u read model:x"}},
		{"a role given to all", "p, role:a, x, read\ng, any, role:a", []string{"u read model:x"}, nil},
		{"deep roles", "p, role:0, x, read\n" + deepRoles(40), []string{"u read model:x"}, []string{"v read model:x"}},
		{"a user named like a group or role has nothing of it",
			"p, group:g, x, read\np, role:r, x, read\np, any, y, read\np, user:v, x, read\ng, group:g, role:r",
			nil, []string{"g read model:x", "group:g read model:x", "r read model:x", "role:r read model:x", "any read model:x", "user:v read model:x",
				"u;v read model:x", "u;user:v read model:x", "u;role:r read model:x", "u;r read model:x", "u;group:g read model:x"}},
		{"names are compared byte for byte", "p, user:u, été, read",
			[]string{"u read model:été"}, []string{"u read model:e\u0301te\u0301", "u read model:Été", "U read model:été"}},
		{"names that cannot be patterns lie below a prefix", "p, user:u, cv/*, read",
			[]string{`u read experiment:cv/a'b"c%d\e*`, "u read experiment:cv/", "u read experiment:cv//x"}, nil},
		{"long names", "p, user:u, cv/*, read", []string{"u read model:cv." + strings.Repeat("x.", 2000)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := mustParse(t, tt.policy)
			for want, list := range map[string][]string{"allow": tt.allow, "deny": tt.deny} {
				for _, q := range list {
					d := ask(t, p, q)
					if d.verdict() != want {
						t.Errorf("%s: got %+v, want %s", q, d, want)
					}
					c, a, k, name := question(t, q)
					if casbin, err := p.Enforce(c, a, k, name); err != nil || casbin != d.Allow {
						t.Errorf("%s: casbin says %v, %v", q, casbin, err)
					}
					if s := p.Rights(c).Scope(a, k); s.Matches(name) != d.Allow {
						t.Errorf("%s: scope %+v says %v", q, s, s.Matches(name))
					}
					if e := p.Explain(c, a, k, name); e.Decision != d {
						t.Errorf("%s: explained as %+v", q, e.Decision)
					}
				}
			}
		})
	}
}

func deepRoles(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("g, role:" + strings.Repeat("i", i+1) + ", role:" + map[bool]string{true: "0", false: strings.Repeat("i", i)}[i == 0] + "\n")
	}
	return b.String() + "g, user:u, role:" + strings.Repeat("i", n) + "\n"
}

func TestWhoIsNotSignedInHoldsNothing(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "p, any, *, admin\np, group:g, *, admin\np, role:r, *, admin\ng, any, role:r\np, user:u, *, admin\n")
	for _, c := range []Caller{{}, {Anonymous: true}, {Groups: []string{"g"}}, {User: "u", Groups: []string{"g"}, Anonymous: true}} {
		r := p.Rights(c)
		for _, a := range actions() {
			for _, k := range kinds() {
				if d := r.Decide(a, k, "x"); d != (Decision{}) {
					t.Errorf("%+v %s %s: got %+v", c, a, k, d)
				}
				if s := r.Scope(a, k); !s.None() || s.Matches("x") {
					t.Errorf("%+v %s %s: got scope %+v", c, a, k, s)
				}
			}
		}
		if r.IsAdmin() || r.Roles() != nil || r.Own() != nil {
			t.Errorf("%+v: admin %v, roles %v, own %v", c, r.IsAdmin(), r.Roles(), r.Own())
		}
	}
}

func TestHalfAQuestionIsDenied(t *testing.T) {
	t.Parallel()
	r := mustParse(t, "p, any, *, admin\n").Rights(user("u"))
	for _, d := range []Decision{
		r.Decide(0, Model, "x"), r.Decide(actionEnd, Model, "x"), r.Decide(255, Model, "x"),
		r.Decide(Read, 0, "x"), r.Decide(Read, kindEnd, "x"), r.Decide(Read, 255, "x"), r.Decide(Read, Model, ""),
	} {
		if d != (Decision{}) {
			t.Errorf("got %+v, want a denial", d)
		}
	}
	for _, s := range []*Scope{r.Scope(0, Model), r.Scope(Read, 0), r.Scope(255, Model), r.Scope(Read, 255), nil} {
		if !s.None() || s.Matches("x") {
			t.Errorf("got %+v, want nothing", s)
		}
	}
}

func TestTheDecidingLineIsTheFirstThatSpeaks(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "# c\np, any,  *,  read\np, user:u, cv/*, edit\np, any, cv/x, manage, deny\np, user:u, cv/x, edit, deny\n")
	for q, want := range map[string]Decision{
		"u read experiment:cv/x":   {true, "p, any,  *,  read", 2},
		"u edit experiment:cv/y":   {true, "p, user:u, cv/*, edit", 3},
		"u edit experiment:cv/x":   {false, "p, user:u, cv/x, edit, deny", 5},
		"u manage experiment:cv/x": {false, "p, any, cv/x, manage, deny", 4},
		"v edit experiment:cv/y":   {},
	} {
		if got := ask(t, p, q); got != want {
			t.Errorf("%s: got %+v, want %+v", q, got, want)
		}
	}
}

func TestRolesAreOwnAndInherited(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "p, role:b, x, read\ng, user:u, role:c\ng, role:c, role:b\ng, group:g, role:a\ng, any, role:z\ng, user:v, role:q\n")
	if got := p.Rights(user("u", "g", "unknown")).Roles(); !slices.Equal(got, []string{"a", "b", "c", "z"}) {
		t.Errorf("got %q", got)
	}
}

func TestIsAdmin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, policy string
		caller       Caller
		want         bool
	}{
		{"by a role", "p, role:a, *, admin\ng, group:g, role:a", user("u", "g"), true},
		{"manage of everything is not enough", "p, user:u, *, manage", user("u"), false},
		{"a secret kept from an admin", "p, user:u, *, admin\np, user:u, s/*, read, deny", user("u"), true},
		{"an admin who may not approve", "p, user:u, *, admin\np, user:u, *, approve, deny", user("u"), true},
		{"an admin who is denied all models", "p, user:u, *, admin\np, user:u, model:*, read, deny", user("u"), false},
		{"denied admin", "p, user:u, *, admin\np, any, *, admin, deny", user("u"), false},
		{"a token that only reads", "p, user:u, *, admin", Caller{User: "u", Actions: []string{"read"}}, false},
		{"a token with a prefix", "p, user:u, *, admin", Caller{User: "u", Prefixes: []string{"*"}}, false},
	} {
		if got := mustParse(t, tt.policy).Rights(tt.caller).IsAdmin(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestTokenLimits(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "p, user:u, cv/*, manage\np, user:u, model:cv.x/*, approve\np, user:u, gateway:g, use\np, user:u, cv/s, read, deny\n")
	for _, tt := range []struct {
		name     string
		caller   Caller
		question string
		want     Decision
	}{
		{"none", user("u"), "manage experiment:cv/a", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"reading", Caller{Actions: []string{"read"}}, "read experiment:cv/a", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"writing", Caller{Actions: []string{"read"}}, "edit experiment:cv/a", Decision{Rule: "token limit: read only"}},
		{"invoking", Caller{Actions: []string{"read"}}, "use gateway:g", Decision{Rule: "token limit: read only"}},
		{"editing by a token for edits", Caller{Actions: []string{"edit"}}, "edit experiment:cv/a", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"reading by a token for edits", Caller{Actions: []string{"edit"}}, "read experiment:cv/a", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"deleting by a token for edits", Caller{Actions: []string{"edit"}}, "manage experiment:cv/a", Decision{Rule: "token limit: edit only"}},
		{"approving by a token for approvals", Caller{Actions: []string{"approve"}}, "approve model:cv.x.y", Decision{true, "p, user:u, model:cv.x/*, approve", 2}},
		{"editing by a token for approvals", Caller{Actions: []string{"approve", "use"}}, "edit model:cv.x.y", Decision{Rule: "token limit: approve and use only"}},
		{"invoking by a token for it", Caller{Actions: []string{"approve", "use"}}, "use gateway:g", Decision{true, "p, user:u, gateway:g, use", 3}},
		{"an action that nobody knows", Caller{Actions: []string{"write"}}, "read experiment:cv/a", Decision{Rule: "token limit: write only"}},
		{"inside", Caller{Prefixes: []string{"cv/a/*"}}, "manage experiment:cv/a/b", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"beside", Caller{Prefixes: []string{"cv/a/*", "cv/b/*"}}, "manage experiment:cv/a", Decision{Rule: "token limit: only cv/a/*, cv/b/*"}},
		{"both", Caller{Prefixes: []string{"cv/a/*"}, Actions: []string{"read"}}, "read experiment:cv/b", Decision{Rule: "token limit: read only; only cv/a/*"}},
		{"a gateway is named outright", Caller{Prefixes: []string{"*"}}, "use gateway:g", Decision{Rule: "token limit: only *"}},
		{"a gateway is named", Caller{Prefixes: []string{"gateway:*"}}, "use gateway:g", Decision{true, "p, user:u, gateway:g, use", 3}},
		{"one kind", Caller{Prefixes: []string{"model:cv/*"}}, "read experiment:cv/a", Decision{Rule: "token limit: only model:cv/*"}},
		{"models with dots", Caller{Prefixes: []string{"cv/a/*"}}, "edit model:cv.a.b", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"a limit with dots", Caller{Prefixes: []string{"cv.a/*"}}, "edit model:cv.a.b", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"a limit with dots is another experiment", Caller{Prefixes: []string{"cv.a/*"}}, "edit experiment:cv/a/b", Decision{Rule: "token limit: only cv.a/*"}},
		{"a name", Caller{Prefixes: []string{"cv/a"}}, "edit model:cv.a", Decision{true, "p, user:u, cv/*, manage", 1}},
		{"a longer name", Caller{Prefixes: []string{"cv/a"}}, "edit model:cv.ab", Decision{Rule: "token limit: only cv/a"}},
		{"a limit that cannot be read", Caller{Prefixes: []string{"cv*"}}, "read experiment:cv/a", Decision{Rule: "token limit: only cv*"}},
		{"what the policy denies", Caller{Prefixes: []string{"nlp/*"}}, "read experiment:cv/s", Decision{Rule: "p, user:u, cv/s, read, deny", Line: 4}},
		{"what the policy does not name", Caller{Prefixes: []string{"nlp/*"}}, "read experiment:nlp/a", Decision{}},
	} {
		tt.caller.User = "u"
		_, a, k, name := question(t, "u "+tt.question)
		if got := p.Rights(tt.caller).Decide(a, k, name); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestValidatePrefixRefusesWhatPoliciesRefuse(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"cv/*", "model:cv/*", "*", "cv"} {
		if err := ValidatePrefix(ok); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	for _, bad := range []string{"", "cv*", "cv/", "models:cv/*", "cv'/*", "cv/../*"} {
		if err := ValidatePrefix(bad); err == nil || !strings.HasPrefix(err.Error(), "token limit: ") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func TestWordsOfActionsAndKindsReadBack(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		if got, err := ParseAction(a.String()); err != nil || got != a {
			t.Errorf("%s: got %s, %v", a, got, err)
		}
	}
	for _, k := range kinds() {
		if got, err := ParseKind(k.String()); err != nil || got != k {
			t.Errorf("%s: got %s, %v", k, got, err)
		}
	}
	if Action(0).String() != "action(0)" || Kind(9).String() != "kind(9)" {
		t.Errorf("got %s, %s", Action(0), Kind(9))
	}
}
