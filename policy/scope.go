package policy

// A Scope is everything of one kind that a caller may do one thing to, as the
// filter of a list needs it: All, or what begins with one of Prefixes or is one
// of Names, less what begins with one of DeniedPrefixes or is one of
// DeniedNames. Nothing in a list is covered by something else in it, and the
// lists are sorted. A prefix ends in '/'.
//
// For models every name is in '/'-form: '.' reads '/'. Matches sees to that for
// the name that it is given.
//
// A Scope is shared: its slices must not be changed.
type Scope struct {
	Kind           Kind
	All            bool
	Prefixes       []string
	Names          []string
	Denies         bool // some denied name or prefix cuts into the rest
	DeniedPrefixes []string
	DeniedNames    []string
}

// None reports whether the scope holds nothing. A list then needs no upstream.
func (s *Scope) None() bool {
	return s == nil || !s.All && len(s.Prefixes) == 0 && len(s.Names) == 0
}

// Matches reports whether the scope holds the name. It agrees with Decide.
func (s *Scope) Matches(name string) bool {
	if s == nil || name == "" {
		return false
	}
	if s.Kind == Model {
		name = slash(name)
	}
	allowed := patternSet{s.All, s.Prefixes, s.Names}
	if !allowed.matches(name) {
		return false
	}
	denied := patternSet{false, s.DeniedPrefixes, s.DeniedNames}
	return !denied.matches(name)
}

// Scope returns what the caller may do a to, among the things of kind k. It is
// worked out once and then kept.
func (r *Rights) Scope(a Action, k Kind) *Scope {
	if a == 0 || a >= actionEnd || k == 0 || k >= kindEnd {
		return &Scope{}
	}
	at := &r.scopes[a][k]
	if s := at.Load(); s != nil {
		return s
	}
	at.CompareAndSwap(nil, r.scope(a, k))
	return at.Load()
}

// scope gathers the patterns of all lines that speak, and nets them.
func (r *Rights) scope(a Action, k Kind) *Scope {
	var allow, deny []pattern
	for _, id := range r.held.ids {
		for _, rule := range r.policy.bySubject[id] {
			if !rule.speaks.has(a) || !rule.kinds.has(k) {
				continue
			}
			if p := forKind(rule.pattern, k); rule.deny {
				deny = append(deny, p)
			} else {
				allow = append(allow, p)
			}
		}
	}
	allowed, denied := r.limits.narrow(a, k, minimal(allow)), minimal(deny)
	allowed = allowed.without(&denied)
	denied = minimal(denied.within(&allowed))
	return &Scope{
		Kind: k, All: allowed.all, Prefixes: allowed.prefixes, Names: allowed.names,
		Denies: !denied.empty(), DeniedPrefixes: denied.prefixes, DeniedNames: denied.names,
	}
}

// narrow takes from a set what a token's limits take.
func (l *limits) narrow(a Action, k Kind, s patternSet) patternSet {
	switch {
	case !l.byDoing && !l.byName:
		return s
	case a == Admin, l.byDoing && !l.actions.has(a):
		return patternSet{}
	case !l.byName:
		return s
	}
	only := minimal(l.patterns(k))
	return s.intersect(&only)
}
