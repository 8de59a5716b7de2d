package policy

import (
	"slices"
	"strings"
	"sync/atomic"
)

// A Caller is whom a policy speaks of. Actions and Prefixes are the limits of
// an API token: unless empty, they take away all else, and never add. Actions are
// words of a policy ("read"; "edit" includes it), a prefix is written like a
// resource ("cv/*", "model:cv/*"); one that cannot be read permits nothing.
//
// A caller who is Anonymous, or has no User, holds nothing: not even the rights
// of any, which is whoever is signed in.
type Caller struct {
	User      string
	Groups    []string
	Actions   []string
	Prefixes  []string
	Anonymous bool
}

// A Decision is the answer to one question, with the line that gave it. The zero
// value denies. If no line speaks, Rule is "" and Line 0; if a token's limit
// refused what the policy allows, Rule says so and Line is 0.
type Decision struct {
	Allow bool
	Rule  string
	Line  int
}

// Rights is what one caller may do under one policy. The roles are resolved when
// it is made. It does not change and may be used by many goroutines.
type Rights struct {
	policy *Policy
	held   holding
	limits limits
	scopes [actionEnd][kindEnd]atomic.Pointer[Scope]
}

// Rights resolves the roles of a caller.
func (p *Policy) Rights(c Caller) *Rights {
	ids, _ := p.roles.held(p.start(c))
	return &Rights{
		policy: p,
		held:   newHolding(ids, len(p.roles.names), p.crowded),
		limits: newLimits(c),
	}
}

// start lists the subjects that a caller is without any role.
func (p *Policy) start(c Caller) []subjectID {
	if c.Anonymous || c.User == "" {
		return nil
	}
	var ids []subjectID
	add := func(subject string) {
		if id, ok := p.roles.ids[subject]; ok {
			ids = append(ids, id)
		}
	}
	add(userType + c.User)
	for _, g := range c.Groups {
		add(groupType + g)
	}
	add(anySubj)
	return ids
}

// nameBuffer is what a decision keeps on its stack. MLflow's names are shorter:
// 500 characters at most.
const nameBuffer = 512

// Decide says whether the caller may do a to the k of this name. An empty name
// is refused, but with Admin, where it stands for the server as a whole. A line
// that denies wins over all that allow; of several, the first is named.
func (r *Rights) Decide(a Action, k Kind, name string) Decision {
	if !asked(a, k, name) || len(r.held.ids) == 0 {
		return Decision{}
	}
	var stack [nameBuffer]byte
	buf := append(stack[:0], name...)
	index := &r.policy.raw
	if k == Model {
		index = &r.policy.model
		for i, c := range buf {
			if c == '.' {
				buf[i] = '/'
			}
		}
	}
	var v verdict
	index.find(&r.held, a, k, buf, &v)
	switch {
	case v.deny != nil:
		return Decision{Rule: v.deny.text, Line: v.deny.line}
	case v.allow == nil:
		return Decision{}
	case !r.limits.permit(a, k, buf):
		return Decision{Rule: r.limits.text}
	}
	return Decision{Allow: true, Rule: v.allow.text, Line: v.allow.line}
}

// asked refuses questions that are not whole: no action, no kind, no name.
func asked(a Action, k Kind, name string) bool {
	return a != 0 && a < actionEnd && k != 0 && k < kindEnd && (name != "" || a == Admin)
}

// Roles returns the names of the caller's roles, own and inherited, without
// "role:" and sorted.
func (r *Rights) Roles() []string {
	var list []string
	for _, id := range r.held.ids {
		if name, ok := strings.CutPrefix(r.policy.roles.names[id], roleType); ok {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// IsAdmin reports whether the caller may do the server-wide things. A token with
// limits never may, nor may somebody who is denied everything of some kind.
func (r *Rights) IsAdmin() bool {
	for _, k := range kinds() {
		if !r.Decide(Admin, k, "").Allow {
			return false
		}
	}
	return true
}
