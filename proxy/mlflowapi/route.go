package mlflowapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Table finds the row that a request belongs to.
type Table struct {
	rows     []*Endpoint
	root     *node
	releases []release
	at       string // the release whose rows these are; empty: of any
}

// node is one path segment of the table's routes.
type node struct {
	static map[string]*node
	param  *node  // {name}
	rest   *node  // {name...}
	name   string // of the parameter that leads here
	routes []route
}

type route struct {
	endpoint *Endpoint
	template string
}

// Params are the path's own parameters, decoded once.
type Params map[string]string

// Match is a request's row, the template that matched, and the path's parameters.
type Match struct {
	Endpoint *Endpoint
	Template string
	Params   Params
}

func newTable(rows []Endpoint) (*Table, error) {
	t := &Table{root: &node{}}
	for i := range rows {
		e := &rows[i]
		var err error
		if e.fields, err = parseFields(e.Fields); err != nil {
			return nil, fmt.Errorf("endpoint %s: %w", e.Name, err)
		}
		if e.trims, err = compileTrims(e.Trims); err != nil {
			return nil, fmt.Errorf("endpoint %s: %w", e.Name, err)
		}
		t.rows = append(t.rows, e)
		for _, p := range e.Paths {
			if err := t.root.add(p, route{e, p}); err != nil {
				return nil, fmt.Errorf("endpoint %s: %w", e.Name, err)
			}
		}
	}
	slices.SortStableFunc(t.rows, func(a, b *Endpoint) int { return strings.Compare(a.Name, b.Name) })
	return t, nil
}

func (n *node) add(path string, r route) error {
	for seg := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		next := &n.param
		name, isParam := strings.CutPrefix(seg, "{")
		name, isRest := strings.CutSuffix(name, "...}")
		switch {
		case isRest:
			next = &n.rest
		case isParam:
			name = strings.TrimSuffix(name, "}")
		default:
			name = ""
			if n.static == nil {
				n.static = map[string]*node{}
			}
			if n.static[seg] == nil {
				n.static[seg] = &node{}
			}
			n = n.static[seg]
			continue
		}
		if *next == nil {
			*next = &node{name: name}
		}
		n = *next
	}
	for _, have := range n.routes {
		for _, m := range r.endpoint.Methods {
			if have.endpoint.has(m) {
				return fmt.Errorf("%s %s stands in the table twice", m, path)
			}
		}
	}
	n.routes = append(n.routes, r)
	return nil
}

// Rows are all endpoints, by name.
func (t *Table) Rows() []*Endpoint { return t.rows }

// Find gives the row of a method and a path that was percent-decoded once, as
// MLflow's routing does. known tells whether the path exists with another
// method. HEAD is read as GET: Flask answers it wherever it answers GET.
func (t *Table) Find(method, path string) (m Match, known bool) {
	if method == "HEAD" {
		method = "GET"
	}
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return m, false
	}
	m.Endpoint, m.Template, known = t.root.find(method, rest, &m.Params)
	return m, known
}

func (n *node) find(method, path string, params *Params) (e *Endpoint, template string, known bool) {
	seg, rest, more := strings.Cut(path, "/")
	if next := n.static[seg]; next != nil {
		if e, template, known = next.step(method, rest, more, params); e != nil {
			return e, template, true
		}
	}
	if n.param != nil && seg != "" && seg != "." && seg != ".." {
		e, tpl, k := n.param.step(method, rest, more, params)
		known = known || k
		if e != nil {
			params.set(n.param.name, seg)
			return e, tpl, true
		}
	}
	if n.rest != nil && path != "" && !climbs(path) {
		known = known || len(n.rest.routes) > 0
		if e, tpl := n.rest.at(method); e != nil {
			params.set(n.rest.name, path)
			return e, tpl, true
		}
	}
	return nil, "", known
}

// climbs reports whether a path has segments that something between mlgate and
// MLflow may resolve: it would then arrive at another route than was decided.
func climbs(path string) bool {
	for seg := range strings.SplitSeq(path, "/") {
		if seg == "." || seg == ".." {
			return true
		}
	}
	return false
}

func (n *node) step(method, rest string, more bool, params *Params) (*Endpoint, string, bool) {
	if more {
		return n.find(method, rest, params)
	}
	e, tpl := n.at(method)
	return e, tpl, len(n.routes) > 0
}

func (n *node) at(method string) (*Endpoint, string) {
	for _, r := range n.routes {
		if r.endpoint.has(method) {
			return r.endpoint, r.template
		}
	}
	return nil, ""
}

func (p *Params) set(name, val string) {
	if *p == nil {
		*p = Params{}
	}
	(*p)[name] = val
}

// path writes a template with its parameters, percent-encoded, as it goes upstream.
func (m *Match) path() string {
	if len(m.Params) == 0 {
		return m.Template
	}
	var b strings.Builder
	for seg := range strings.SplitSeq(strings.TrimPrefix(m.Template, "/"), "/") {
		b.WriteByte('/')
		name, isParam := strings.CutPrefix(seg, "{")
		if !isParam {
			b.WriteString(seg)
			continue
		}
		if name, isRest := strings.CutSuffix(name, "...}"); isRest {
			b.WriteString(escapePath(m.Params[name]))
		} else {
			b.WriteString(url.PathEscape(m.Params[strings.TrimSuffix(name, "}")]))
		}
	}
	return b.String()
}

// escapePath percent-encodes each segment of a path.
func escapePath(p string) string {
	segs := strings.Split(p, "/")
	for i, s := range segs {
		segs[i] = url.PathEscape(s)
	}
	return strings.Join(segs, "/")
}
