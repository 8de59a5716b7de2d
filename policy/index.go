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
	// bySubject is filled where many lines share a pattern, so that a decision
	// goes through the caller's subjects instead.
	bySubject map[subjectID][]*rule
}

// crowded is the number of lines on one pattern from which a node is looked up
// by subject. Up to here a walk over the lines is faster.
const crowded = 64

// compile builds both indexes and the list of rules by subject.
func (p *Policy) compile() {
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
	p.raw.finish()
	p.model.finish()
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

func (x *index) finish() {
	x.all.finish()
	for _, n := range x.exact {
		n.finish()
	}
	for _, n := range x.prefix {
		n.finish()
	}
}

func (n *node) finish() {
	if len(n.rules) < crowded {
		return
	}
	n.bySubject = make(map[subjectID][]*rule)
	for _, r := range n.rules {
		n.bySubject[r.id] = append(n.bySubject[r.id], r)
	}
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
	if n.bySubject == nil || len(h.ids) > len(n.rules) {
		weighAll(n.rules, h, a, k, v)
		return
	}
	for _, id := range h.ids {
		weighAll(n.bySubject[id], h, a, k, v)
	}
}

func weighAll(rules []*rule, h *holding, a Action, k Kind, v *verdict) {
	for _, r := range rules {
		if r.speaks.has(a) && r.kinds.has(k) && h.has(r.id) {
			v.add(r)
		}
	}
}

// A holding is a set of subjects: a caller with all roles.
type holding struct {
	bits []uint64
	ids  []subjectID
}

func newHolding(ids []subjectID, of int) holding {
	h := holding{bits: make([]uint64, (of+63)/64), ids: ids}
	for _, id := range ids {
		h.bits[id/64] |= 1 << (id % 64)
	}
	return h
}

func (h *holding) has(id subjectID) bool {
	i := int(id) / 64
	return i < len(h.bits) && h.bits[i]&(1<<(id%64)) != 0
}
