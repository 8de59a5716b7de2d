package mlflowapi

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Search says how an endpoint lists things by name, so that a caller's pages
// come back full, in MLflow's order, at a cost that follows what the caller
// may see. The caller's patterns are pushed into MLflow's filter, one stream
// of rows a pattern; the streams are merged, and every row is decided about
// once more by its name.
type Search struct {
	List    string // the answer's member that holds the rows
	Most    int    // MLflow's limit on max_results
	Least   int    // the least max_results that MLflow takes; of none, it takes 0 and -1
	Default int    // what MLflow takes when max_results is absent; 0: it refuses
	Order   []sortKey
	Tie     []sortKey
	Keys    map[string]sortKey // what order_by may name
	IDs     bool               // exact names are asked for by experiment_id IN (…)
}

// maxFetches bounds the upstream calls for one page, the first of each stream
// among them; past it the page comes back short with a token, which every
// client follows.
const maxFetches = 64

// page is one answer of a search while it is put together.
type page struct {
	w       *World
	call    *Call
	spec    *Search
	kind    Kind
	want    int
	fetches int
	filter  string
	runs    bool // the filter asks about run ids, which are trimmed from some rows
	lists   bool // MLflow knows "x IN (…)"
	shape   string
	streams []*stream
	order   []sortKey
}

// Pages reports whether [World.SearchPage] is to answer the caller's calls of
// an endpoint: it is a search, and something is hidden from the caller.
func (w *World) Pages(e *Endpoint) bool {
	if e.Sift != nil || e.Scan != nil {
		return !w.Rights.Scope(Experiment).Free() || !w.Rights.Scope(Model).Free()
	}
	return e.Search != nil && !w.Rights.Scope(e.Kind).Free()
}

// SearchPage answers a search for a caller who may not see everything.
func (w *World) SearchPage(ctx context.Context, c *Call) (*Answer, error) {
	switch {
	case c.Endpoint.Sift != nil:
		return w.siftPage(ctx, c)
	case c.Endpoint.Scan != nil:
		return w.scanPage(ctx, c)
	}
	scope := w.Rights.Scope(c.Endpoint.Kind)
	old := "no lists\x00" + c.Endpoint.Name
	p := &page{w: w, call: c, spec: c.Endpoint.Search, kind: c.Endpoint.Kind, filter: c.args.text("filter"), lists: !w.Known.has(old)}
	if bad, err := p.check(ctx); bad != nil || err != nil {
		return bad, err
	}
	a, err := p.put(ctx, scope)
	var ua *upstreamAnswer
	if errors.As(err, &ua) && ua.list { // a server older than 3.17: ask by one name at a time
		p.lists, p.fetches = false, 0
		if a, err = p.put(ctx, scope); err == nil {
			w.Known.add(old)
		}
	}
	if errors.As(err, &ua) {
		return ua.Answer, nil
	}
	return a, err
}

// put puts the page together.
func (p *page) put(ctx context.Context, scope Scope) (*Answer, error) {
	if err := p.open(ctx, scope); err != nil {
		return nil, err
	}
	rows, err := p.rows(ctx)
	if err != nil {
		return nil, err
	}
	more, err := p.more(ctx)
	if err != nil {
		return nil, err
	}
	token := ""
	if more {
		token = p.token(scope)
	}
	return p.answer(rows, token), nil
}

// upstreamAnswer carries an error answer of MLflow's to the caller.
type upstreamAnswer struct {
	*Answer
	list bool // it was asked with a list, which older servers do not know
}

func (*upstreamAnswer) Error() string { return "upstream refused" }

// check lets MLflow judge the caller's own arguments, without ours beside
// them: its answer to a bad filter must not show our clauses, and a filter
// that is bad alone must not become good by being joined.
func (p *page) check(ctx context.Context) (*Answer, error) {
	n, ok := p.size()
	if ok {
		p.want = n
		if p.filter == "" && p.call.args.get("order_by") == nil {
			return nil, nil
		}
	}
	probe := p.call.args.clone()
	probe.drop("page_token")
	if ok {
		probe.set("max_results", &value{raw: jsontext.Value("1"), kind: '0'})
	}
	key := p.call.Endpoint.Name + "\x00" + probe.query()
	if ok && p.w.Known.has(key) {
		return nil, nil
	}
	a, err := p.w.Upstream.Do(ctx, p.call.request(probe, p.call.Params))
	if err != nil {
		return nil, err
	}
	if a.Status != 200 {
		return a, nil
	}
	if !ok {
		if p.want, ok = p.oddSize(); !ok {
			return nil, Bad("Invalid value for parameter 'max_results'")
		}
		return nil, nil
	}
	p.w.Known.add(key)
	return nil, nil
}

// size reads max_results; false: MLflow is to say what is wrong with it.
func (p *page) size() (int, bool) {
	s, ok := p.call.args.spelling("max_results")
	if !ok {
		return p.spec.Default, p.spec.Default > 0
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && p.fits(n) && strconv.Itoa(n) == s
}

func (p *page) fits(n int) bool { return n >= p.spec.Least && n <= p.spec.Most }

// oddSize reads a max_results that MLflow has taken though it is spelt in
// another way: "+5", 5.0, 1e1.
func (p *page) oddSize() (int, bool) {
	s, _ := p.call.args.spelling("max_results")
	n, ok := wholeNumber(s)
	return n, ok && p.fits(n)
}

func wholeNumber(s string) (int, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1e9 {
		return 0, false
	}
	return int(f), true
}

// rows takes the page's rows off the streams, in MLflow's order.
func (p *page) rows(ctx context.Context) ([]jsontext.Value, error) {
	if err := p.fillAll(ctx); err != nil {
		return nil, err
	}
	rows := make([]jsontext.Value, 0, max(0, min(p.want, 1000)))
	for len(rows) < p.want {
		s, err := p.first(ctx)
		if err != nil {
			return nil, err
		}
		if s == nil {
			break
		}
		rows = append(rows, s.take().raw)
	}
	return rows, nil
}

// more reports whether another visible row lies behind the page.
func (p *page) more(ctx context.Context) (bool, error) {
	s, err := p.first(ctx)
	if err != nil {
		return false, err
	}
	if s != nil || p.want < 0 { // asked for less than nothing, MLflow always has more
		return true, nil
	}
	for _, s := range p.streams { // the bound on fetches was reached
		if !s.done {
			return true, nil
		}
	}
	return false, nil
}

// first is the stream whose next row comes first; nil: no rows are left.
func (p *page) first(ctx context.Context) (*stream, error) {
	var best *stream
	for _, s := range p.streams {
		if err := p.fill(ctx, s); err != nil {
			return nil, err
		}
		if len(s.rows) > 0 && (best == nil || s.rows[0].before(&best.rows[0], p.order)) {
			best = s
		}
		if len(s.rows) == 0 && !s.done { // out of fetches: what follows it is not known
			return nil, nil
		}
	}
	return best, nil
}

func (p *page) answer(rows []jsontext.Value, token string) *Answer {
	o := &object{}
	if len(rows) > 0 {
		items := make([]*value, len(rows))
		for i, r := range rows {
			items[i] = &value{raw: r, kind: '0'}
		}
		o.set(p.spec.List, newList(items))
	}
	if token != "" {
		o.set("next_page_token", newString(token))
	}
	return &Answer{200, "application/json", o.appendJSON(nil)}
}

// row is one row of a search, and what sorts it.
type row struct {
	raw   jsontext.Value
	index int // in its stream, counted by MLflow
	keys  []sortValue
}

// rowNames is what decides about a row.
type rowNames struct {
	Name  string `json:"name"`
	RunID string `json:"run_id"`
	ok    bool
}

// keep adds those of MLflow's rows that are the stream's own and visible. What
// a row is about is decided once more, by the name that it bears now.
func (p *page) keep(ctx context.Context, s *stream, raws []jsontext.Value) error {
	seen, kept := sight{}, make([]rowNames, len(raws))
	for i, raw := range raws {
		n := &kept[i]
		if err := json.Unmarshal(raw, n); err != nil {
			return err
		}
		if n.ok = s.owns(p.kind, n.Name) && p.w.Rights.Allows(Read, p.kind, n.Name); n.ok && p.runs && n.RunID != "" {
			seen[sighted{runID, n.RunID}] = false
		}
	}
	if len(seen) > 0 {
		if err := p.w.look(ctx, seen); err != nil {
			return err
		}
	}
	for i, n := range kept {
		if visible, asked := seen[sighted{runID, n.RunID}]; n.ok && (visible || !asked) {
			s.rows = append(s.rows, row{raws[i], s.offset + i, sortValues(raws[i], p.order)})
		}
	}
	return nil
}
