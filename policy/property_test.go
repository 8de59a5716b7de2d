package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The properties below draw from few words, so that patterns, names and roles
// meet often: that is where index, scope and Casbin could part.

func drawSegment(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "ab", "a.b", "é", "a b", "model:a", "x,y", "#"}).Draw(t, "segment")
}

func drawName(t *rapid.T) string {
	n := rapid.IntRange(1, 4).Draw(t, "depth")
	parts := make([]string, n)
	for i := range parts {
		parts[i] = drawSegment(t)
	}
	name := strings.Join(parts, rapid.SampledFrom([]string{"/", "/", "."}).Draw(t, "separator"))
	return rapid.SampledFrom([]string{"", "", "", "", "/", "."}).Draw(t, "front") + name + rapid.SampledFrom([]string{"", "", "", "", "/", "."}).Draw(t, "back")
}

func drawPattern(t *rapid.T) string {
	switch rapid.IntRange(0, 9).Draw(t, "shape") {
	case 0:
		return "*"
	case 1, 2, 3:
		return drawName(t)
	}
	return drawName(t) + "/*"
}

func drawResource(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "experiment:", "model:", "dataset:", "gateway:"}).Draw(t, "kind") + drawPattern(t)
}

func drawLine(t *rapid.T) string {
	subjects := []string{"user:u", "user:v", "group:g", "group:h", "role:r", "role:s", "role:t", "any"}
	subject := rapid.SampledFrom(subjects).Draw(t, "subject")
	if rapid.IntRange(0, 3).Draw(t, "type") == 0 {
		return joinFields("g", subject, rapid.SampledFrom(subjects[4:7]).Draw(t, "role"))
	}
	a := rapid.SampledFrom([]Action{Read, Edit, Manage, Approve, Use, Admin}).Draw(t, "action")
	resource := drawResource(t)
	switch a {
	case Admin:
		resource = "*"
	case Use:
		resource = "gateway:" + drawPattern(t)
	}
	fields := []string{"p", subject, resource, a.String()}
	if rapid.IntRange(0, 3).Draw(t, "effect") == 0 {
		fields = append(fields, "deny")
	}
	return joinFields(fields...)
}

// drawPolicy drops the lines that Parse refuses until it takes the rest.
func drawPolicy(t *rapid.T) *Policy {
	lines := make([]string, rapid.IntRange(0, 25).Draw(t, "lines"))
	for i := range lines {
		lines[i] = drawLine(t)
	}
	for {
		p, _, err := Parse("policy.csv", []byte(strings.Join(lines, "\n")))
		if err == nil {
			// Few patterns have enough lines to be crowded here: make them so.
			p.compile(rapid.SampledFrom([]int{1, 3, crowded}).Draw(t, "crowded"))
			return p
		}
		var bad []int
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			bad = append(bad, e.(*Fault).Line)
		}
		for i := range lines {
			if slices.Contains(bad, i+1) {
				lines[i] = ""
			}
		}
	}
}

func drawCaller(t *rapid.T) Caller {
	c := Caller{
		User:   rapid.SampledFrom([]string{"u", "v", "g", "role:r", "any", ""}).Draw(t, "user"),
		Groups: rapid.SliceOfN(rapid.SampledFrom([]string{"g", "h", "r", "u", "user:u"}), 0, 3).Draw(t, "groups"),
	}
	c.Anonymous = rapid.IntRange(0, 19).Draw(t, "anonymous") == 0
	return c
}

func drawLimits(t *rapid.T, c Caller) Caller {
	c.Actions = rapid.SliceOfN(rapid.SampledFrom([]string{"read", "edit", "manage", "approve", "use", "nothing"}), 0, 2).Draw(t, "actions")
	c.Prefixes = rapid.SliceOfN(rapid.Custom(drawResource), 0, 3).Draw(t, "prefixes")
	return c
}

// forEachQuestion asks every action and kind about some names.
func forEachQuestion(t *rapid.T, do func(a Action, k Kind, name string)) {
	names := append(rapid.SliceOfN(rapid.Custom(drawName), 1, 3).Draw(t, "names"), "")
	for _, name := range names {
		for _, a := range actions() {
			for _, k := range kinds() {
				do(a, k, name)
			}
		}
	}
}

func TestIndexAgreesWithCasbin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawCaller(t)
		r := p.Rights(c)
		forEachQuestion(t, func(a Action, k Kind, name string) {
			want, err := p.Enforce(c, a, k, name)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Decide(a, k, name); got.Allow != want {
				t.Fatalf("%+v %s %s:%s: got %+v, casbin says %v\n%s", c, a, k, name, got, want, rewrite(p))
			}
		})
	})
}

func TestScopeAgreesWithDecide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawLimits(t, drawCaller(t))
		r := p.Rights(c)
		forEachQuestion(t, func(a Action, k Kind, name string) {
			s := r.Scope(a, k)
			checkMinimal(t, s)
			if name == "" {
				return
			}
			if got, want := s.Matches(name), r.Decide(a, k, name).Allow; got != want {
				t.Fatalf("%+v %s %s:%s: scope %+v says %v, the decision is %v\n%s", c, a, k, name, s, got, want, rewrite(p))
			}
		})
	})
}

// checkMinimal holds a scope to its promises: sorted, nothing covered twice.
func checkMinimal(t *rapid.T, s *Scope) {
	for _, list := range [][]string{s.Prefixes, s.Names, s.DeniedPrefixes, s.DeniedNames} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Fatalf("%+v: not sorted, or a double", s)
		}
	}
	apart := func(prefixes, names []string) {
		for i, p := range prefixes {
			for _, q := range append(slices.Delete(slices.Clone(prefixes), i, i+1), names...) {
				if strings.HasPrefix(q, p) {
					t.Fatalf("%+v: %q is covered by %q", s, q, p)
				}
			}
			if !strings.HasSuffix(p, "/") {
				t.Fatalf("%+v: prefix %q has no '/' at its end", s, p)
			}
		}
	}
	apart(s.Prefixes, s.Names)
	apart(s.DeniedPrefixes, s.DeniedNames)
	if s.All && len(s.Prefixes)+len(s.Names) > 0 {
		t.Fatalf("%+v: all, and more", s)
	}
	if s.Denies != (len(s.DeniedPrefixes)+len(s.DeniedNames) > 0) || s.None() && s.Denies {
		t.Fatalf("%+v: denies is %v", s, s.Denies)
	}
	allowed := patternSet{s.All, s.Prefixes, s.Names}
	for _, d := range append(slices.Clone(s.DeniedPrefixes), s.DeniedNames...) {
		if !allowed.all && !coveredBy(s.Prefixes, d) {
			t.Fatalf("%+v: denied %q cuts into nothing", s, d)
		}
	}
}

func TestTokenLimitsOnlyTakeAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawCaller(t)
		limited := drawLimits(t, c)
		whole, less := p.Rights(c), p.Rights(limited)
		forEachQuestion(t, func(a Action, k Kind, name string) {
			with, without := less.Decide(a, k, name), whole.Decide(a, k, name)
			if with.Allow && !without.Allow {
				t.Fatalf("%+v %s %s:%s: got %+v, without limits %+v", limited, a, k, name, with, without)
			}
			if len(limited.Actions) > 0 && with.Allow && !included(limited.Actions, a) {
				t.Fatalf("%+v %s %s:%s: outside its actions got %+v", limited, a, k, name, with)
			}
			if len(limited.Prefixes) > 0 && with.Allow && !inLimits(limited.Prefixes, k, name) {
				t.Fatalf("%+v %s %s:%s: outside its prefixes got %+v", limited, a, k, name, with)
			}
			if without.Allow && !with.Allow && !strings.HasPrefix(with.Rule, "token limit: ") {
				t.Fatalf("%+v %s %s:%s: got %+v, want the limit named", limited, a, k, name, with)
			}
			if ok, err := p.Enforce(limited, a, k, name); err != nil || ok != with.Allow {
				t.Fatalf("%+v %s %s:%s: got %+v, casbin with limits %v, %v", limited, a, k, name, with, ok, err)
			}
		})
		if less.IsAdmin() && !whole.IsAdmin() {
			t.Fatalf("%+v: a token is more admin than its owner", limited)
		}
	})
}

// included reports whether one of the words of actions includes a.
func included(words []string, a Action) bool {
	for _, w := range words {
		if wide, err := ParseAction(w); err == nil && granted(wide).has(a) {
			return true
		}
	}
	return false
}

// inLimits reads limits the slow and plain way.
func inLimits(prefixes []string, k Kind, name string) bool {
	for _, s := range prefixes {
		if _, _, err := parseResource(s); err != nil {
			continue
		}
		if ok, err := casbinCovers(s, "limit", k.String(), name); err == nil && ok.(bool) {
			return true
		}
	}
	return false
}

func TestExplanationAgreesWithDecideAndItsChainHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawLimits(t, drawCaller(t))
		r := p.Rights(c)
		forEachQuestion(t, func(a Action, k Kind, name string) {
			e, d := p.Explain(c, a, k, name), r.Decide(a, k, name)
			if e.Decision != d {
				t.Fatalf("%+v %s %s:%s: got %+v, explained as %+v", c, a, k, name, d, e.Decision)
			}
			checkChain(t, p, c, e)
		})
	})
}

func checkChain(t *rapid.T, p *Policy, c Caller, e Explanation) {
	if (len(e.Chain) > 0) != (e.Line != 0) {
		t.Fatalf("line %d with chain %q", e.Line, e.Chain)
	}
	decided := e.Line == 0
	for _, l := range e.Lines {
		decided = decided || l.Number == e.Line
		if l.Allow != !strings.HasSuffix(l.Text, "deny") {
			t.Fatalf("%+v: wrong effect", l)
		}
		first := l.Chain[0]
		if first != "any" && first != "user:"+c.User && !slices.Contains(c.Groups, strings.TrimPrefix(first, "group:")) {
			t.Fatalf("chain %q does not begin with the caller", l.Chain)
		}
		for i := range l.Chain[1:] {
			if !slices.Contains(p.roles.up[p.roles.ids[l.Chain[i]]], p.roles.ids[l.Chain[i+1]]) {
				t.Fatalf("chain %q: no g line for step %d", l.Chain, i)
			}
		}
		if l.Chain[len(l.Chain)-1] != l.Subject {
			t.Fatalf("chain %q does not end in %s", l.Chain, l.Subject)
		}
	}
	if !decided {
		t.Fatalf("line %d decided, but is not among those that speak", e.Line)
	}
}

func TestOwnPatternsAreWhatMayBeEdited(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawLimits(t, drawCaller(t))
		r := p.Rights(c)
		own, a := r.Own(), Edit
		if !slices.IsSorted(own) {
			t.Fatalf("%q is not sorted", own)
		}
		if r.own(Edit) == nil {
			a = Read
		}
		for _, k := range [3]Kind{Experiment, Model, Dataset} {
			var list []pattern
			for _, o := range own {
				if res := readOwn(o); res.kinds.has(k) {
					list = append(list, forKind(res.pattern, k))
				}
			}
			got, want := minimal(list), r.patterns(a, k)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s: own %q covers %+v, the scope is %+v\n%s", k, own, got, want, rewrite(p))
			}
		}
	})
}

// readOwn reads a pattern without judging it: a model "a." is shown as "a/",
// which no policy may hold.
func readOwn(s string) resource {
	res := resource{kinds: kindless}
	if word, tail, ok := strings.Cut(s, ":"); ok {
		if k, err := ParseKind(word); err == nil {
			res.kinds, s = 1<<k, tail
		}
	}
	base, star := strings.CutSuffix(s, "*")
	switch {
	case s == "*":
		res.pattern = pattern{shape: all}
	case star:
		res.pattern = pattern{prefix, base}
	default:
		res.pattern = pattern{exact, s}
	}
	return res
}

// rewrite writes a policy anew, from what was read.
func rewrite(p *Policy) string {
	var b strings.Builder
	for i := range p.rules {
		r := &p.rules[i]
		fields := []string{"p", r.subject, r.object(), r.action.String()}
		if r.deny {
			fields = append(fields, "deny")
		}
		b.WriteString(joinFields(fields...) + "\n")
	}
	for who, roles := range p.roles.up {
		for _, role := range roles {
			b.WriteString(joinFields("g", p.roles.names[who], p.roles.names[role]) + "\n")
		}
	}
	return b.String()
}
