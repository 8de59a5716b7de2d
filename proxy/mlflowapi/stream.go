package mlflowapi

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"
)

// stream is the rows of one of the caller's patterns, in MLflow's order.
type stream struct {
	clause string   // ours, in MLflow's filter grammar; "": no narrowing
	all    bool     // every row is the stream's own
	prefix string   // rows of the stream begin with it (models: "." reads "/")
	names  []string // or are one of these
	list   bool     // the clause is an IN (…), or is to become one
	offset int      // of the next row to ask for
	chunk  int
	rows   []row
	next   int  // index of the first row that was not taken
	done   bool // MLflow has no more
}

const (
	// namesPerStream bounds a list of exact names, since some searches go in a URL.
	namesPerStream = 50
	// idsPerStream does the same for the ids of exact names.
	idsPerStream = 100
	// maxStreams: who holds more patterns than this is served from one stream
	// of all rows, of which the visible ones are kept.
	maxStreams = 32
)

// nobody is a clause that no name satisfies: names hold no control characters,
// and MLflow still reads and judges the rest of the filter.
const nobody = "name = 'mlgate: nothing'"

// open makes the streams of a scope, from the start or from a page token.
func (p *page) open(ctx context.Context, scope Scope) error {
	p.shape, p.streams = "", p.clauses(scope)
	if len(p.streams) > maxStreams {
		p.shape, p.streams = "\x00all", []*stream{{all: true}}
	}
	if err := p.identify(ctx); err != nil {
		return err
	}
	var err error
	if p.order, err = p.spec.orderOf(p.call.args.get("order_by"), len(p.streams) > 1); err != nil {
		return err
	}
	p.runs = p.kind == Model && strings.Contains(strings.ToLower(p.filter), "run_id")
	offsets, err := p.offsets(scope)
	if err != nil {
		return err
	}
	for i, s := range p.streams {
		s.chunk = min(max(p.want, 0)+1, p.spec.Most)
		if offsets != nil {
			s.offset, s.next = offsets[i], offsets[i]
			s.done = s.done || offsets[i] < 0
		}
	}
	return nil
}

func (p *page) clauses(scope Scope) []*stream {
	if scope.All {
		return []*stream{{all: true}}
	}
	var ss []*stream
	for _, prefix := range scope.Prefixes {
		if p.kind != Model {
			ss = append(ss, &stream{clause: "name LIKE '" + prefix + "%'", prefix: prefix})
			continue
		}
		// "." and "/" are one here, and "_" is LIKE's wildcard for either; but
		// for the first separator, so that cv/* does not walk all of cvx.
		first, rest, _ := strings.Cut(prefix, "/")
		rest = strings.ReplaceAll(rest, "/", "_")
		for _, sep := range [...]string{".", "/"} {
			ss = append(ss, &stream{clause: "name LIKE '" + first + sep + rest + "%'", prefix: first + sep + strings.TrimPrefix(prefix, first+"/")})
		}
	}
	return append(ss, p.exact(scope.Names)...)
}

// exact makes streams for names that stand in the policy as they are. MLflow
// lists experiments by ids and by one name, but not by several names.
func (p *page) exact(names []string) []*stream {
	var ss []*stream
	if p.kind == Model {
		var spelt []string
		for _, n := range names {
			if strings.Count(n, "/") > mostSeparators {
				like := "name LIKE '" + strings.ReplaceAll(n, "/", "_") + "'"
				ss = append(ss, &stream{clause: like, names: []string{n}})
				continue
			}
			spelt = append(spelt, spellings(n)...)
		}
		if !p.lists {
			return append(ss, eachName(spelt)...)
		}
		for part := range slices.Chunk(spelt, namesPerStream) {
			ss = append(ss, &stream{clause: in("name", part), names: part, list: true})
		}
		return ss
	}
	if !p.lists || !p.spec.IDs || p.w.Directory == nil {
		return eachName(names)
	}
	for part := range slices.Chunk(names, idsPerStream) {
		ss = append(ss, &stream{clause: nobody, names: part, list: true})
	}
	return ss
}

// identify turns the streams of exact names into streams of the ids that bear
// them now. A name that nothing bears yet has no place in them.
func (p *page) identify(ctx context.Context) error {
	var names []string
	for _, s := range p.streams {
		if s.list && p.kind == Experiment {
			names = append(names, s.names...)
		}
	}
	if len(names) == 0 {
		return nil
	}
	p.shape = "\x00ids"
	known, err := p.w.Directory.IDs(ctx, names)
	for _, s := range p.streams {
		if s.list {
			s.identify(known)
		}
	}
	return err
}

func (s *stream) identify(known map[string]string) {
	var ids []string
	for _, n := range s.names {
		if id := known[n]; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if s.done = len(ids) == 0; !s.done {
		s.clause = in("experiment_id", ids)
	}
}

func in(key string, vals []string) string { return key + " IN ('" + strings.Join(vals, "', '") + "')" }

func eachName(names []string) []*stream {
	var ss []*stream
	for _, n := range names {
		ss = append(ss, &stream{clause: "name = '" + n + "'", names: []string{n}})
	}
	return ss
}

// mostSeparators bounds the spellings of a name: every separator doubles them.
const mostSeparators = 4

// spellings are the model names that a policy's name in "/" form may mean:
// older servers take both separators in one name.
func spellings(n string) []string {
	head, tail, more := strings.Cut(n, "/")
	if !more {
		return []string{n}
	}
	var all []string
	for _, t := range spellings(tail) {
		all = append(all, head+"."+t, head+"/"+t)
	}
	return all
}

// owns reports whether a row belongs to this stream: LIKE's wildcard may have
// brought in a row of another one.
func (s *stream) owns(k Kind, name string) bool {
	if s.all {
		return true
	}
	if s.prefix == "" {
		return slices.Contains(s.names, name) || (k == Model && slices.Contains(s.names, strings.ReplaceAll(name, ".", "/")))
	}
	if k == Model { // the first separator is the stream's own, the others read alike
		i := strings.IndexAny(s.prefix, "./")
		return len(name) > i && name[:i+1] == s.prefix[:i+1] &&
			strings.HasPrefix(strings.ReplaceAll(name, ".", "/"), strings.ReplaceAll(s.prefix, ".", "/"))
	}
	return strings.HasPrefix(name, s.prefix)
}

func (s *stream) take() row {
	r := s.rows[0]
	s.rows = s.rows[1:]
	s.next = r.index + 1
	return r
}

// fillAll asks for the first rows of all streams, a few at a time. There are
// fewer streams than a page has fetches.
func (p *page) fillAll(ctx context.Context) error {
	if !slices.ContainsFunc(p.streams, func(s *stream) bool { return !s.done }) { // nothing is visible; MLflow still judges the request
		p.streams = []*stream{{clause: nobody, names: []string{""}, chunk: 1}}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, s := range p.streams {
		if !s.done {
			p.fetches++
			g.Go(func() error { return p.fetch(ctx, s) })
		}
	}
	return g.Wait()
}

// fill asks for more rows while a stream is empty and not at its end.
func (p *page) fill(ctx context.Context, s *stream) error {
	for len(s.rows) == 0 && !s.done && p.fetches < maxFetches {
		p.fetches++
		s.chunk = min(s.chunk*2, p.spec.Most)
		if err := p.fetch(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// fetch asks MLflow for the next rows of a stream and keeps the visible ones.
func (p *page) fetch(ctx context.Context, s *stream) error {
	args := p.call.args.clone()
	args.drop("page_token")
	if f := joined(s.clause, p.filter); f != "" {
		args.set("filter", newString(f))
	}
	args.set("max_results", &value{raw: jsontext.Value(strconv.Itoa(s.chunk)), kind: '0'})
	if s.offset > 0 {
		args.set("page_token", newString(offsetToken(s.offset)))
	}
	a, err := p.w.Upstream.Do(ctx, p.call.request(args, p.call.Params))
	if err != nil {
		return err
	}
	if a.Status != 200 {
		return &upstreamAnswer{hideClause(a, s.clause), a.Status == 400 && s.list}
	}
	raws, next, err := readPage(a.Body, p.spec.List)
	if err != nil {
		return err
	}
	if err := p.keep(ctx, s, raws); err != nil {
		return err
	}
	s.offset += len(raws)
	if s.done = next == "" || len(raws) == 0; s.done && len(s.rows) == 0 {
		s.next = s.offset
	}
	return nil
}

// joined puts our clause before theirs; MLflow knows AND and no brackets.
func joined(ours, theirs string) string {
	switch {
	case ours == "":
		return theirs
	case theirs == "":
		return ours
	default:
		return ours + " AND " + theirs
	}
}

// hideClause answers for MLflow when it refuses the joined filter after it has
// taken theirs alone: its own words would show ours.
func hideClause(a *Answer, clause string) *Answer {
	if clause == "" || a.Status >= 500 {
		return a
	}
	o := &object{}
	o.set("error_code", newString("INVALID_PARAMETER_VALUE"))
	o.set("message", newString("the search could not be answered as it was asked; check filter, order_by and page_token"))
	return &Answer{400, "application/json", o.appendJSON(nil)}
}

// offsetToken is MLflow's own page token (3.17.2, search_utils.py): base64 of
// {"offset": N}.
func offsetToken(n int) string {
	return base64.StdEncoding.EncodeToString([]byte(`{"offset": ` + strconv.Itoa(n) + `}`))
}
