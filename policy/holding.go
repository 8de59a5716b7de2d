package policy

import "sync/atomic"

// A holding is a set of subjects: a caller with all roles.
type holding struct {
	bits     []uint64
	ids      []subjectID
	extracts []atomic.Pointer[extract] // of the crowded nodes, when first asked
}

// An extract is what the lines on one pattern say to one caller.
type extract [kindEnd][actionEnd]verdict

func newHolding(ids []subjectID, subjects, crowded int) holding {
	h := holding{bits: make([]uint64, (subjects+63)/64), ids: ids}
	for _, id := range ids {
		h.bits[id/64] |= 1 << (id % 64)
	}
	if len(ids) > 0 { // who holds nothing is never looked up
		h.extracts = make([]atomic.Pointer[extract], crowded)
	}
	return h
}

func (h *holding) has(id subjectID) bool {
	i := int(id) / 64
	return i < len(h.bits) && h.bits[i]&(1<<(id%64)) != 0
}

// extract is worked out once for each crowded node. Two goroutines may both do
// so: they come to the same.
func (h *holding) extract(n *node) *extract {
	at := &h.extracts[n.number-1]
	if e := at.Load(); e != nil {
		return e
	}
	e := &extract{}
	for _, id := range h.ids {
		for _, r := range n.bySubject[id] {
			e.add(r)
		}
	}
	at.Store(e)
	return e
}

func (e *extract) add(r *rule) {
	for _, k := range kinds() {
		for _, a := range actions() {
			if r.kinds.has(k) && r.speaks.has(a) {
				e[k][a].add(r)
			}
		}
	}
}
