package policy

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScopes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, policy string
		caller       Caller
		action       Action
		kind         Kind
		want         Scope
	}{
		{"nothing", "", user("u"), Read, Experiment, Scope{}},
		{"everything", "p, any, *, read\np, any, cv/*, edit\np, any, x, edit", user("u"), Read, Experiment, Scope{All: true}},
		{"what is covered goes", "p, any, cv/a/*, read\np, any, cv/*, edit\np, any, cv/b, read\np, any, cv, read\np, any, b, read",
			user("u"), Read, Experiment, Scope{Prefixes: []string{"cv/"}, Names: []string{"b", "cv"}}},
		{"a like beginning is not covered", "p, any, cv/*, read\np, any, cv-2/*, read\np, any, cv/a.b/*, read\np, any, cvx, read", user("u"), Read, Dataset,
			Scope{Prefixes: []string{"cv-2/", "cv/"}, Names: []string{"cvx"}}},
		{"models in '/'-form", "p, any, cv.x/*, read\np, any, model:a.b, read", user("u"), Read, Model, Scope{Prefixes: []string{"cv/x/"}, Names: []string{"a/b"}}},
		{"only what the action covers", "p, any, cv/*, read\np, any, nlp/*, edit", user("u"), Edit, Experiment, Scope{Prefixes: []string{"nlp/"}}},
		{"a deny that cuts in", "p, any, cv/*, read\np, any, cv/s/*, read, deny\np, any, cv/s/t/*, read, deny\np, any, cv/x, read, deny\np, any, nlp/*, read, deny",
			user("u"), Read, Experiment, Scope{Prefixes: []string{"cv/"}, Denies: true, DeniedPrefixes: []string{"cv/s/"}, DeniedNames: []string{"cv/x"}}},
		{"a deny that takes all", "p, any, cv/*, read\np, any, cv/x, read\np, any, *, read, deny", user("u"), Read, Experiment, Scope{}},
		{"a deny that takes one of two", "p, any, cv/a/*, read\np, any, nlp/*, read\np, any, cv/*, read, deny", user("u"), Read, Experiment, Scope{Prefixes: []string{"nlp/"}}},
		{"a deny of a name", "p, any, a, read\np, any, b, read\np, any, b, read, deny", user("u"), Read, Experiment, Scope{Names: []string{"a"}}},
		{"a deny of another action", "p, any, cv/*, read\np, any, cv/s/*, edit, deny", user("u"), Read, Experiment, Scope{Prefixes: []string{"cv/"}}},
		{"a deny cut out of everything", "p, any, *, admin\np, any, s/*, read, deny", user("u"), Manage, Model, Scope{All: true, Denies: true, DeniedPrefixes: []string{"s/"}}},
		{"gateways of an admin", "p, any, *, admin", user("u"), Use, Gateway, Scope{All: true}},
		{"a token's prefixes", "p, any, cv/*, edit\np, any, nlp/a/*, edit\np, any, x, edit", Caller{User: "u", Prefixes: []string{"cv/a/*", "nlp/*", "y", "cv/b"}},
			Read, Experiment, Scope{Prefixes: []string{"cv/a/", "nlp/a/"}, Names: []string{"cv/b"}}},
		{"a token that only reads", "p, any, *, admin", Caller{User: "u", Actions: []string{"read"}}, Read, Experiment, Scope{All: true}},
		{"a token that only reads, writing", "p, any, *, admin", Caller{User: "u", Actions: []string{"read"}}, Edit, Experiment, Scope{}},
		{"a token whose prefix cannot be read", "p, any, *, admin", Caller{User: "u", Prefixes: []string{"cv*"}}, Read, Experiment, Scope{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := mustParse(t, tt.policy).Rights(tt.caller)
			tt.want.Kind = tt.kind
			got := r.Scope(tt.action, tt.kind)
			if diff := cmp.Diff(&tt.want, got, cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if r.Scope(tt.action, tt.kind) != got {
				t.Error("worked out twice")
			}
		})
	}
}

func TestOwnPatternsAreWrittenAsInAPolicy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, policy string
		want         []string
	}{
		{"nothing", "p, user:v, *, edit", nil},
		{"prefixes to edit", "p, user:u, cv/*, edit\np, user:u, shared/*, read\np, user:u, a, manage", []string{"a", "cv/*"}},
		{"prefixes to read", "p, user:u, shared/*, read", []string{"shared/*"}},
		{"kinds", "p, user:u, cv/*, edit\np, user:u, model:score, edit\np, user:u, experiment:cv/x, edit\np, user:u, dataset:d/*, edit", []string{"cv/*", "dataset:d/*", "model:score"}},
		{"dots", "p, user:u, a.b/*, edit", []string{"a.b/*"}},
		{"everything", "p, user:u, *, admin\np, user:u, s/*, read, deny", []string{"*"}},
		{"what is denied", "p, user:u, cv/*, edit\np, user:u, model:cv/*, read, deny", []string{"dataset:cv/*", "experiment:cv/*"}},
		{"a name like a kind", "p, user:u, experiment:model:x, edit\np, user:u, model:model:x, edit\np, user:u, dataset:model:x, edit", []string{"dataset:model:x", "experiment:model:x", "model:model:x"}},
	} {
		if got := mustParse(t, tt.policy).Rights(user("u")).Own(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
