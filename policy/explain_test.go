package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestExplanationReadsFromTheVerdictToTheLine(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `p, role:vision, cv/*, edit
p, role:vision-lead, cv/*, manage
p, role:intern, cv/secret/*, read, deny
g, role:vision-lead, role:vision
g, user:alice, role:vision-lead
g, group:interns, role:intern
`)
	for _, tt := range []struct {
		name   string
		caller Caller
		action Action
		thing  string
		want   string
	}{
		{"allowed through a chain of roles", user("alice"), Edit, "cv/x", `allow: user:alice may edit experiment:cv/x
  because  policy.csv:1: p, role:vision, cv/*, edit
  through  user:alice -> role:vision-lead -> role:vision
  also     policy.csv:2: p, role:vision-lead, cv/*, manage   (user:alice -> role:vision-lead)
`},
		{"denied by a line", user("alice", "interns"), Read, "cv/secret/x", `deny: user:alice (group:interns) may not read experiment:cv/secret/x
  because  policy.csv:3: p, role:intern, cv/secret/*, read, deny
  through  group:interns -> role:intern
  also     policy.csv:1: p, role:vision, cv/*, edit   (user:alice -> role:vision-lead -> role:vision)
  also     policy.csv:2: p, role:vision-lead, cv/*, manage   (user:alice -> role:vision-lead)
`},
		{"denied by silence", user("bob"), Manage, "cv/x", `deny: user:bob may not manage experiment:cv/x
  because  no line speaks of it, and what is not allowed is denied
  others   policy.csv:2: p, role:vision-lead, cv/*, manage
`},
		{"denied by a token", Caller{User: "alice", Actions: []string{"read"}}, Manage, "cv/x", `deny: user:alice may not manage experiment:cv/x
  because  token limit: read only
  also     policy.csv:2: p, role:vision-lead, cv/*, manage   (user:alice -> role:vision-lead)
`},
		{"not signed in", Caller{Anonymous: true}, Admin, "", `deny: a caller who is not signed in may not admin the server as a whole
  because  no line speaks of it, and what is not allowed is denied
`},
	} {
		if got := p.Explain(tt.caller, tt.action, Experiment, tt.thing).String(); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestResourcesThatAreAskedAbout(t *testing.T) {
	t.Parallel()
	three := []Kind{Experiment, Model, Dataset}
	for _, tt := range []struct {
		action   Action
		resource string
		kinds    []Kind
		name     string
		err      string
	}{
		{Read, "cv/x", three, "cv/x", ""},
		{Read, "model:cv.x", []Kind{Model}, "cv.x", ""},
		{Read, "experiment:model:x", []Kind{Experiment}, "model:x", ""},
		{Read, "foo:bar", three, "foo:bar", ""},
		{Read, "it's 100%", three, "it's 100%", ""},
		{Use, "gateway:g", []Kind{Gateway}, "g", ""},
		{Admin, "*", []Kind{Experiment, Model, Dataset, Gateway}, "", ""},
		{Admin, "cv/x", three, "cv/x", ""},
		{Use, "g", nil, "", "write gateway:g"},
		{Read, "", nil, "", "no name"},
		{Read, "model:", nil, "", "no name"},
		{Read, "*", nil, "", "* is no name"},
		{Admin, "model:*", nil, "", "* is no name"},
		{Read, "cv/*", nil, "", "is a pattern"},
		{Read, "modle:cv", nil, "", "write model:cv"},
	} {
		kinds, name, err := ParseResource(tt.action, tt.resource)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s %q: got %v, want %q", tt.action, tt.resource, err, tt.err)
			}
			continue
		}
		if err != nil || !slices.Equal(kinds, tt.kinds) || name != tt.name {
			t.Errorf("%s %q: got %v %q %v", tt.action, tt.resource, kinds, name, err)
		}
	}
}

func TestExplainResourceAsksEachKind(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "p, any, cv/*, read\np, any, model:cv/x, read, deny\n")
	list, err := p.ExplainResource(user("u"), Read, "cv/x")
	if err != nil || len(list) != 3 {
		t.Fatalf("got %v, %v", list, err)
	}
	for _, e := range list {
		if e.Allow != (e.Kind != Model) {
			t.Errorf("%s: got %v", e.Kind, e.Allow)
		}
	}
	if _, err := p.ExplainResource(user("u"), Read, "cv/*"); err == nil {
		t.Error("a pattern was explained")
	}
}

func TestFailuresOfAPolicysTestsReadAsADiff(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "p, role:vision, cv/*, edit\np, any, model:cv/x, read, deny\ng, group:cv-team, role:vision\n")
	passed, failures, err := RunTests(p, "tests.csv", []byte(`user, groups (;), action, resource, allow|deny
# fine
alice, cv-team, edit, experiment:cv/x, allow
user:alice, group:other; group:cv-team, edit, cv/y, allow
alice, cv-team, edit, cv/x, allow
alice, cv-team, edit, cv/y, deny
`))
	if err != nil || passed != 2 || len(failures) != 2 {
		t.Fatalf("got %d, %v, %v", passed, failures, err)
	}
	want := `tests.csv:5: alice, cv-team, edit, cv/x, allow
- want allow
+ got  deny: user:alice (group:cv-team) may not edit model:cv/x
    because  policy.csv:2: p, any, model:cv/x, read, deny
    through  any
    also     policy.csv:1: p, role:vision, cv/*, edit   (group:cv-team -> role:vision)`
	if got := failures[0].String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := failures[1].String(); !strings.HasPrefix(got, "tests.csv:6: alice, cv-team, edit, cv/y, deny\n- want deny\n+ got  allow: ") {
		t.Errorf("got\n%s", got)
	}
}

func TestRefusedTestsOfAPolicy(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "p, any, *, read\n")
	for _, tt := range []struct{ name, line, want string }{
		{"none", "# nothing", "t.csv: the file has no tests"},
		{"fields", "alice, read, cv/x, allow", "t.csv:1: a test has 5 fields, not 4"},
		{"action", "alice,, reed, cv/x, allow", "t.csv:1: unknown action"},
		{"expectation", "alice,, read, cv/x, yes", "t.csv:1: unknown expectation"},
		{"pattern", "alice,, read, cv/*, allow", "t.csv:1: \"cv/*\" is a pattern"},
		{"kind", "alice,, read, models:cv, allow", "t.csv:1: unknown kind"},
		{"use without a kind", "alice,, use, chat, allow", "t.csv:1: use is asked of gateways"},
		{"groups without a user", ", g, read, cv/x, deny", "t.csv:1: groups without a user"},
		{"quote", `alice,, read, "cv/x, allow`, "t.csv:1: a quoted field"},
	} {
		passed, failures, err := RunTests(p, "t.csv", []byte(tt.line))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || passed != 0 || failures != nil {
			t.Errorf("%s: got %d, %v, %v; want %q", tt.name, passed, failures, err, tt.want)
		}
	}
}

func TestADisagreementWithCasbinIsAnErrorAndNoFailure(t *testing.T) {
	t.Parallel()
	p, other := mustParse(t, "p, any, *, read\n"), mustParse(t, "p, any, cv/*, read\n")
	p.casbin = other.casbin
	passed, _, err := RunTests(p, "t.csv", []byte("alice,, read, cv/x, allow\nalice,, read, nlp/x, allow\n"))
	if passed != 1 || err == nil || !strings.HasPrefix(err.Error(), "t.csv:2: casbin and the index judge") {
		t.Errorf("got %d, %v", passed, err)
	}
}
