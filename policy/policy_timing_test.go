package policy

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// sized writes a policy with n p lines: teams with prefixes and names, lines
// that deny, roles, and every fifth line on one pattern that all share.
func sized(n int) []byte {
	var b strings.Builder
	for i := range n {
		team := i / 10
		switch i % 10 {
		case 0, 5:
			fmt.Fprintf(&b, "p, group:g%d, shared/*, read\n", i)
		case 1:
			fmt.Fprintf(&b, "p, role:team%d, team%d/secret/*, edit, deny\n", team, team)
		case 2:
			fmt.Fprintf(&b, "p, role:team%d, model:single%d, edit\n", team, i)
		default:
			fmt.Fprintf(&b, "p, role:team%d, team%d/project%d/*, edit\n", team, team, i)
		}
	}
	for team := range max(n/10, 1) {
		fmt.Fprintf(&b, "g, user:u%d, role:team%d\ng, role:all, role:team%d\n", team, team, team)
	}
	b.WriteString("g, user:boss, role:all\n")
	return []byte(b.String())
}

// deepModel is a name of many segments, which costs the most.
const deepModel = "team0.project3.a.b.c.d.e.f.g.h"

func callers() map[string]Caller {
	many := Caller{User: "u0"}
	for i := range 100 {
		many.Groups = append(many.Groups, fmt.Sprintf("g%d", i*5))
	}
	return map[string]Caller{"one role": {User: "u0"}, "100 groups": many, "all roles": {User: "boss"},
		"nobody": {Anonymous: true},
		"token":  {User: "u0", Prefixes: []string{"team0/*", "shared/*"}}}
}

func TestDecideAllocatesNothing(t *testing.T) {
	p := mustParse(t, string(sized(10_000)))
	for who, c := range callers() {
		r := p.Rights(c)
		for _, name := range []string{"team0/project3/x", "team0/secret/x", "shared/x", "nobody/x", "single2", deepModel} {
			for _, k := range kinds() {
				if n := testing.AllocsPerRun(100, func() { r.Decide(Edit, k, name) }); n != 0 {
					t.Errorf("%s, %s:%s: %v allocations", who, k, name, n)
				}
			}
		}
		s := r.Scope(Read, Experiment)
		if n := testing.AllocsPerRun(100, func() { r.Scope(Read, Experiment); s.Matches("team0/project3/x") }); n != 0 {
			t.Errorf("%s: scope allocates %v", who, n)
		}
	}
}

func TestRightsAreSafeForManyGoroutines(t *testing.T) {
	t.Parallel()
	p := mustParse(t, string(sized(100)))
	r := p.Rights(Caller{User: "u0"})
	var group sync.WaitGroup
	scopes := make([]*Scope, 8)
	for i := range scopes {
		group.Go(func() {
			for range 50 {
				if !r.Decide(Edit, Experiment, "team0/project3/x").Allow {
					t.Error("denied")
				}
				scopes[i] = r.Scope(Edit, Experiment)
				if ok, err := p.Enforce(Caller{User: "u0"}, Edit, Experiment, "team0/project3/x"); !ok || err != nil {
					t.Error(ok, err)
				}
				p.Explain(Caller{User: "u0"}, Edit, Model, deepModel)
			}
		})
	}
	group.Wait()
	for _, s := range scopes {
		if s != scopes[0] {
			t.Error("two scopes for one question")
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		p := mustParse(b, string(sized(n)))
		for _, who := range []string{"one role", "100 groups", "all roles", "token"} {
			r := p.Rights(callers()[who])
			for _, q := range []struct {
				name string
				kind Kind
			}{{"team0/project3/x", Experiment}, {"shared/x", Dataset}, {deepModel, Model}} {
				b.Run(fmt.Sprintf("rules=%d/%s/%s:%s", n, strings.ReplaceAll(who, " ", "-"), q.kind, q.name), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						r.Decide(Edit, q.kind, q.name)
					}
				})
			}
		}
	}
}

func BenchmarkEnforceByCasbin(b *testing.B) {
	p := mustParse(b, string(sized(1_000)))
	for b.Loop() {
		if ok, err := p.Enforce(Caller{User: "u0"}, Edit, Experiment, "team0/project3/x"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	data := sized(10_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Parse("policy.csv", data); err != nil {
			b.Fatal(err)
		}
	}
	runtime.KeepAlive(data)
}

func BenchmarkRights(b *testing.B) {
	p := mustParse(b, string(sized(10_000)))
	for who, c := range callers() {
		b.Run(strings.ReplaceAll(who, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Rights(c)
			}
		})
	}
}

func BenchmarkScope(b *testing.B) {
	p := mustParse(b, string(sized(10_000)))
	for who, c := range callers() {
		b.Run(strings.ReplaceAll(who, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Rights(c).Scope(Read, Experiment)
			}
		})
	}
}
