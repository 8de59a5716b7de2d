package policy

// An index finds the rules that cover a name: one look-up for the whole name
// and one for each '/' in it, whatever the number of rules.
type index struct {
	exact   map[string]*node
	prefix  map[string]*node // keys end in '/'
	all     node
	longest int // bytes of the longest prefix: nothing is looked up beyond
}

// A node holds the rules of one pattern.
type node struct {
	rules []*rule
	// number counts the crowded nodes from 1; 0: few lines are on the pattern, and
	// a decision goes through them.
	number    int
	bySubject map[subjectID][]*rule // of a crowded node
}

// crowded is the number of lines on one pattern from which a caller keeps an
// extract of them: "shared/*" may have a line for each group of a company.
const crowded = 32

// compile builds both indexes and the list of rules by subject. many is crowded,
// but in tests.
func (p *Policy) compile(many int) {
	p.raw, p.model = newIndex(), newIndex()
	p.bySubject = make([][]*rule, len(p.roles.names))
	for i := range p.rules {
		r := &p.rules[i]
		p.bySubject[r.id] = append(p.bySubject[r.id], r)
		if r.kinds.has(Model) {
			p.model.add(r.pattern.slashed(), r)
		}
		if r.kinds&^(1<<Model) != 0 {
			p.raw.add(r.pattern, r)
		}
	}
	p.crowded = p.model.finish(p.raw.finish(0, many), many)
}

func newIndex() index {
	return index{exact: make(map[string]*node), prefix: make(map[string]*node)}
}

func (x *index) add(pat pattern, r *rule) {
	n := &x.all
	switch pat.shape {
	case exact:
		n = nodeAt(x.exact, pat.text)
	case prefix:
		n = nodeAt(x.prefix, pat.text)
		x.longest = max(x.longest, len(pat.text))
	}
	n.rules = append(n.rules, r)
}

func nodeAt(m map[string]*node, key string) *node {
	n := m[key]
	if n == nil {
		n = &node{}
		m[key] = n
	}
	return n
}

// finish numbers the crowded nodes on from n and returns the last number.
func (x *index) finish(n, many int) int {
	n = x.all.finish(n, many)
	for _, at := range x.exact {
		n = at.finish(n, many)
	}
	for _, at := range x.prefix {
		n = at.finish(n, many)
	}
	return n
}

func (n *node) finish(last, many int) int {
	if len(n.rules) < many {
		return last
	}
	n.number = last + 1
	n.bySubject = make(map[subjectID][]*rule)
	for _, r := range n.rules {
		n.bySubject[r.id] = append(n.bySubject[r.id], r)
	}
	return n.number
}

// A verdict holds the first line that allows and the first that denies.
type verdict struct {
	allow, deny *rule
}

func (v *verdict) add(r *rule) {
	at := &v.allow
	if r.deny {
		at = &v.deny
	}
	if *at == nil || r.line < (*at).line {
		*at = r
	}
}

// find gathers what the rules on name say to the holder of h. It keeps no
// reference to name, so that the caller's buffer may stay on the stack.
func (x *index) find(h *holding, a Action, k Kind, name []byte, v *verdict) {
	x.all.weigh(h, a, k, v)
	for i := range min(len(name), x.longest) {
		if name[i] != '/' {
			continue
		}
		if n := x.prefix[string(name[:i+1])]; n != nil {
			n.weigh(h, a, k, v)
		}
	}
	if n := x.exact[string(name)]; n != nil {
		n.weigh(h, a, k, v)
	}
}

func (n *node) weigh(h *holding, a Action, k Kind, v *verdict) {
	if n.number == 0 {
		for _, r := range n.rules {
			if r.speaks.has(a) && r.kinds.has(k) && h.has(r.id) {
				v.add(r)
			}
		}
		return
	}
	e := h.extract(n)[k][a]
	if e.allow != nil {
		v.add(e.allow)
	}
	if e.deny != nil {
		v.add(e.deny)
	}
}
