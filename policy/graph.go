package policy

import (
	"slices"
	"strings"
)

// A subjectID is a subject's place in a graph's list of names.
type subjectID int32

// A graph holds every subject that the file names, and who holds which role.
type graph struct {
	ids   map[string]subjectID
	names []string
	up    [][]subjectID // the roles given to a subject by g lines
}

// newGraph numbers the subjects and refuses roles that hold themselves.
func newGraph(grants []grant, rules []rule, rep *report) graph {
	g := graph{ids: make(map[string]subjectID)}
	for i := range rules {
		rules[i].id = g.add(rules[i].subject)
	}
	g.add(anySubj)
	lines := make(map[[2]subjectID]int, len(grants))
	for _, gr := range grants {
		edge := [2]subjectID{g.add(gr.who), g.add(gr.role)}
		if first, ok := lines[edge]; ok {
			rep.warn(gr.line, "says the same as line %d: remove one", first)
			continue
		}
		lines[edge] = gr.line
		g.up[edge[0]] = append(g.up[edge[0]], edge[1])
	}
	g.checkCycles(lines, rep)
	return g
}

func (g *graph) add(name string) subjectID {
	if id, ok := g.ids[name]; ok {
		return id
	}
	id := subjectID(len(g.names))
	g.ids[name] = id
	g.names = append(g.names, name)
	g.up = append(g.up, nil)
	return id
}

// checkCycles walks depth first with a stack of its own, as a file may nest
// roles deeper than a goroutine's stack should grow.
func (g *graph) checkCycles(lines map[[2]subjectID]int, rep *report) {
	const fresh, open, done = 0, 1, 2
	state := make([]uint8, len(g.names))
	next := make([]int, len(g.names))
	for start := range g.names {
		path := []subjectID{subjectID(start)}
		for len(path) > 0 {
			at := path[len(path)-1]
			state[at] = max(state[at], open)
			if state[at] == done || next[at] == len(g.up[at]) {
				state[at] = done
				path = path[:len(path)-1]
				continue
			}
			to := g.up[at][next[at]]
			next[at]++
			switch state[to] {
			case fresh:
				path = append(path, to)
			case open:
				loop := append(slices.Clone(path[slices.Index(path, to):]), to)
				rep.fault(lines[[2]subjectID{at, to}], "roles hold one another in a circle, %s: remove one of these g lines", g.chain(loop))
			}
		}
	}
}

// chain writes subjects as "user:alice -> role:vision".
func (g *graph) chain(ids []subjectID) string { return strings.Join(g.named(ids), " -> ") }

func (g *graph) named(ids []subjectID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = g.names[id]
	}
	return list
}

// held returns everything that speaks for the subjects in start: themselves and
// all roles above, each with the subject that it was reached from (itself for a
// start). Breadth first, so that the chain to a role is a shortest one.
func (g *graph) held(start []subjectID) (order []subjectID, from map[subjectID]subjectID) {
	from = make(map[subjectID]subjectID, len(start)*2)
	for _, id := range start {
		if _, ok := from[id]; !ok {
			from[id] = id
			order = append(order, id)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, role := range g.up[order[i]] {
			if _, ok := from[role]; !ok {
				from[role] = order[i]
				order = append(order, role)
			}
		}
	}
	return order, from
}

// checkHolders warns of roles that nobody holds. They are no fault: removing the
// last member of a role must leave a policy that still loads.
func (p *Policy) checkHolders(grants []grant, rep *report) {
	var people []subjectID
	for id, name := range p.roles.names {
		if !strings.HasPrefix(name, roleType) {
			people = append(people, subjectID(id))
		}
	}
	_, held := p.roles.held(people)
	useful := p.roles.useful(p.rules)
	warned := make(map[string]bool)
	lonely := func(name string, line int) {
		if _, ok := held[p.roles.ids[name]]; !ok && strings.HasPrefix(name, roleType) && !warned[name] {
			warned[name] = true
			rep.warn(line, "nobody holds %s: give it to somebody by a line g, user:NAME, %s", name, name)
		}
	}
	for i := range p.rules {
		lonely(p.rules[i].subject, p.rules[i].line)
	}
	for _, g := range grants {
		lonely(g.who, g.line)
		if !useful[p.roles.ids[g.role]] && !warned[g.role] {
			warned[g.role] = true
			rep.warn(g.line, "%s brings no rights: no p line names it; is it misspelt?", g.role)
		}
	}
	if len(p.rules) == 0 {
		rep.warn(0, "the file has no p line, so nobody may do anything")
	}
}

// useful marks the subjects that some p line speaks of, directly or by a role.
func (g *graph) useful(rules []rule) []bool {
	down := make([][]subjectID, len(g.names))
	for who, roles := range g.up {
		for _, role := range roles {
			down[role] = append(down[role], subjectID(who))
		}
	}
	marked := make([]bool, len(g.names))
	var queue []subjectID
	mark := func(id subjectID) {
		if !marked[id] {
			marked[id] = true
			queue = append(queue, id)
		}
	}
	for i := range rules {
		mark(rules[i].id)
	}
	for i := 0; i < len(queue); i++ {
		for _, id := range down[queue[i]] {
			mark(id)
		}
	}
	return marked
}
