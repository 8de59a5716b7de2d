package mlflowapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"
)

func searchWorld(t testing.TB, up Upstream, r Rights) *World {
	t.Helper()
	return worldOf(t, newTestTable(t), up, r)
}

func worldOf(t testing.TB, table *Table, up Upstream, r Rights) *World {
	t.Helper()
	seal, err := NewSealer([][]byte{make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	w := &World{Rights: r, Upstream: up, Seal: seal, Known: NewFilterCache(100), Table: table}
	w.Directory, _ = up.(Directory)
	return w
}

type search struct {
	kind    Kind
	filter  string
	orderBy []string
	size    int
}

func (s search) read(w *World, token string) (*Call, error) {
	args := map[string]any{"max_results": s.size}
	if s.filter != "" {
		args["filter"] = s.filter
	}
	if s.orderBy != nil {
		args["order_by"] = s.orderBy
	}
	if token != "" {
		args["page_token"] = token
	}
	if s.kind == Model {
		o := &object{}
		for _, k := range []string{"filter", "page_token"} {
			if v, ok := args[k].(string); ok {
				o.set(k, newString(v))
			}
		}
		o.set("max_results", newString(fmt.Sprint(s.size)))
		list := newList(nil)
		for _, c := range s.orderBy {
			list.list = append(list.list, newString(c))
		}
		o.set("order_by", list)
		m, _ := w.Table.Find("GET", "/api/2.0/mlflow/registered-models/search")
		return m.Read(Incoming{Method: "GET", Query: o.query()})
	}
	b, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	m, _ := w.Table.Find("POST", "/api/2.0/mlflow/experiments/search")
	return m.Read(Incoming{Method: "POST", ContentType: "application/json", Body: b})
}

type searchAnswer struct {
	Experiments []struct{ Name string } `json:"experiments"`
	Models      []struct{ Name string } `json:"registered_models"`
	Next        string                  `json:"next_page_token"`
}

func (s search) page(w *World, token string) (names []string, next string, err error) {
	c, err := s.read(w, token)
	if err != nil {
		return nil, "", err
	}
	a, err := w.SearchPage(context.Background(), c)
	if err != nil {
		return nil, "", err
	}
	if a.Status != 200 {
		return nil, "", fmt.Errorf("status %d: %s", a.Status, a.Body)
	}
	var got searchAnswer
	if err := json.Unmarshal(a.Body, &got, json.MatchCaseInsensitiveNames(true)); err != nil {
		return nil, "", err
	}
	for _, e := range append(got.Experiments, got.Models...) {
		names = append(names, e.Name)
	}
	return names, got.Next, nil
}

// asIfAlone is what MLflow itself would list if it held only what is visible.
func (s search) asIfAlone(m *memoryServer, r Rights) ([]string, error) {
	var rows []memoryRow
	matches, err := m.filter(s.filter)
	if err != nil {
		return nil, err
	}
	for _, row := range m.rows {
		if matches(row) && r.Allows(Read, s.kind, row.Name) {
			rows = append(rows, row)
		}
	}
	if err := m.sort(rows, s.orderBy); err != nil {
		return nil, err
	}
	var names []string
	for _, row := range rows {
		names = append(names, row.Name)
	}
	return names, nil
}

// minimal leaves out what another pattern covers, as a scope's maker promises.
func (r teamRights) minimal() teamRights {
	covered := func(name string, but string) bool {
		return slices.ContainsFunc(r.prefixes, func(p string) bool { return p != but && strings.HasPrefix(name, p) })
	}
	var out teamRights
	for _, p := range r.prefixes {
		if !covered(p, p) && !slices.Contains(out.prefixes, p) {
			out.prefixes = append(out.prefixes, p)
		}
	}
	for _, n := range r.names {
		if !covered(n, "") && !slices.Contains(out.names, n) {
			out.names = append(out.names, n)
		}
	}
	out.denied, out.all = r.denied, r.all
	return out
}

var (
	searchHeads = []string{"cv", "cv_a", "cvXa", "cvx", "nlp", "c"}
	searchTails = []string{"", "a", "b_c", "bXc", "a_", "ax"}
)

func drawRights(t *rapid.T) teamRights {
	prefix := rapid.Custom(func(t *rapid.T) string {
		p := rapid.SampledFrom(searchHeads).Draw(t, "head") + "/"
		if rapid.Bool().Draw(t, "deeper") {
			p += rapid.SampledFrom(searchTails[1:]).Draw(t, "segment") + "/"
		}
		return p
	})
	name := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(append(searchHeads, searchTails[1:]...)), 1, 6).Draw(t, "segments"), "/")
	})
	r := teamRights{
		prefixes: rapid.SliceOfN(prefix, 0, 4).Draw(t, "prefixes"),
		names:    rapid.SliceOfN(name, 0, 4).Draw(t, "names"),
		denied:   rapid.SliceOfN(prefix, 0, 2).Draw(t, "denied"),
	}
	if rapid.IntRange(0, 9).Draw(t, "all") == 0 {
		r.all, r.prefixes, r.names = true, nil, nil
	}
	return r.minimal()
}

func drawServer(t *rapid.T, k Kind, r teamRights) *memoryServer {
	seps := []string{"/"}
	if k == Model {
		seps = []string{".", "/"}
	}
	sep := rapid.SampledFrom(seps)
	m := &memoryServer{kind: k, old: rapid.Bool().Draw(t, "old")}
	seen := map[string]bool{}
	for i := range rapid.IntRange(0, 60).Draw(t, "rows") {
		name := rapid.SampledFrom(searchHeads).Draw(t, "head")
		for range rapid.IntRange(0, 3).Draw(t, "depth") {
			name += sep.Draw(t, "sep") + rapid.SampledFrom(searchTails).Draw(t, "tail")
		}
		if len(r.names) > 0 && rapid.IntRange(0, 3).Draw(t, "named") == 0 {
			name = ""
			for j, seg := range strings.Split(rapid.SampledFrom(r.names).Draw(t, "name"), "/") {
				if j > 0 {
					name += sep.Draw(t, "sep")
				}
				name += seg
			}
		}
		if !seen[name] {
			seen[name] = true
			clock := rapid.Int64Range(1, 9)
			m.rows = append(m.rows, memoryRow{i, name, clock.Draw(t, "created"), clock.Draw(t, "updated")})
		}
	}
	return m
}

func drawSearch(t *rapid.T, k Kind) search {
	orders := [][]string{nil, {"name ASC"}, {"name DESC"}, {"last_update_time DESC"}, {"creation_time ASC", "name DESC"}}
	if k == Model {
		orders = [][]string{nil, {"name ASC"}, {"name DESC"}, {"last_updated_timestamp DESC"}}
	}
	return search{
		kind:    k,
		filter:  rapid.SampledFrom([]string{"", "", "name LIKE '%a%'", "name LIKE 'cv%' AND name LIKE '%x'"}).Draw(t, "filter"),
		orderBy: rapid.SampledFrom(orders).Draw(t, "order"),
		size:    rapid.IntRange(1, 7).Draw(t, "size"),
	}
}

// The one promise of searches: page by page, the caller gets what a server
// would list that holds nothing else.
func TestSearchPagesAreThoseOfAServerThatHoldsNothingElse(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{Experiment, Model} {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			table := newTestTable(t)
			rapid.Check(t, func(rt *rapid.T) {
				r := drawRights(rt)
				m := drawServer(rt, k, r)
				s := drawSearch(rt, k)
				want, err := s.asIfAlone(m, r)
				if err != nil {
					rt.Fatal(err)
				}
				checkPages(rt, worldOf(t, table, m, r), m, s, want)
			})
		})
	}
}

func checkPages(t *rapid.T, w *World, m *memoryServer, s search, want []string) {
	var got []string
	token := ""
	for {
		before := m.calls
		names, next, err := s.page(w, token)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, names...)
		if len(got) > len(want) || (next != "") != (len(got) < len(want)) || (next != "" && len(names) != s.size) {
			t.Fatalf("page %v, next %t; in all %v of %v", names, next != "", got, want)
		}
		if n := m.calls - before; n > maxFetches+1 {
			t.Fatalf("%d calls for one page", n)
		}
		if next == "" {
			break
		}
		token = next
	}
	if !slices.Equal(got, want) {
		t.Fatalf("listed %v\nwant   %v", got, want)
	}
}

func TestSearchTokensAreForTheirSearchAndRightsAlone(t *testing.T) {
	t.Parallel()
	m := &memoryServer{kind: Experiment}
	for i := range 9 {
		m.rows = append(m.rows, memoryRow{i, fmt.Sprintf("cv/%d", i), 1, 1})
	}
	w := searchWorld(t, m, teamRights{prefixes: []string{"cv/"}})
	s := search{kind: Experiment, size: 2}
	_, token, err := s.page(w, "")
	if err != nil || token == "" {
		t.Fatal(token, err)
	}
	bent := "A" + token[1:]
	if bent == token {
		bent = "B" + token[1:]
	}
	other := searchWorld(t, m, teamRights{prefixes: []string{"cv/", "nlp/"}})
	models := searchWorld(t, m, teamRights{prefixes: []string{"cv/"}})
	for name, try := range map[string]func() error{
		"other rights":   func() error { _, _, err := s.page(other, token); return err },
		"other endpoint": func() error { _, _, err := search{kind: Model, size: 2}.page(models, token); return err },
		"bent":           func() error { _, _, err := s.page(w, bent); return err },
		"MLflow's own":   func() error { _, _, err := s.page(w, offsetToken(3)); return err },
	} {
		var own *Error
		if err := try(); !errors.As(err, &own) || own.Status != 400 {
			t.Errorf("%s: got %v, want a 400", name, err)
		}
	}
}

func TestSearchOfNothingAsksOnlyAboutNothing(t *testing.T) {
	t.Parallel()
	m := &memoryServer{kind: Experiment, rows: []memoryRow{{1, "cv/a", 1, 1}, {2, "nlp/b", 1, 1}}}
	names, next, err := search{kind: Experiment, size: 5}.page(searchWorld(t, m, teamRights{}), "")
	if err != nil || len(names) > 0 || next != "" {
		t.Fatal(names, next, err)
	}
	for _, f := range m.seen {
		if f != nobody {
			t.Errorf("asked %q", f)
		}
	}
}

// A bad filter gets MLflow's own words, and never ours beside them.
func TestSearchErrorsShowNothingOfOurClauses(t *testing.T) {
	t.Parallel()
	m := &memoryServer{kind: Experiment, rows: []memoryRow{{1, "cv/a", 1, 1}}}
	_, _, err := search{kind: Experiment, size: 5, filter: "bogus"}.page(searchWorld(t, m, teamRights{prefixes: []string{"cv/"}}), "")
	if err == nil || !strings.Contains(err.Error(), "Invalid clause(s) in filter string: bogus") || strings.Contains(err.Error(), "cv/") {
		t.Errorf("got %v", err)
	}
}

// A page that would take too many calls comes short, with a token that goes on.
func TestSearchPagesThatCostTooMuchComeShortAndGoOn(t *testing.T) {
	t.Parallel()
	few := teamRights{prefixes: []string{"c_v/"}}
	many := teamRights{names: []string{"alone"}}
	for i := range 200 {
		many.prefixes = append(many.prefixes, fmt.Sprintf("team%03d/", i))
	}
	for name, c := range map[string]struct {
		rights  teamRights
		own     string
		foreign string
	}{
		"LIKE brings all of them":  {few, "c_v.%06d", "cUv.%06d"},
		"more patterns than calls": {many, "team199.%06d", "alone.%06d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, want := &memoryServer{kind: Model}, []string(nil)
			for i := range 7000 {
				name := fmt.Sprintf(c.foreign, i)
				if i%3000 == 7 {
					name = fmt.Sprintf(c.own, i)
					want = append(want, name)
				}
				m.rows = append(m.rows, memoryRow{i, name, 1, 1})
			}
			w, s := searchWorld(t, m, c.rights), search{kind: Model, size: 3}
			row, _ := w.Table.Find("GET", "/api/2.0/mlflow/registered-models/search")
			row.Endpoint.Search.Most = 100 // of a table of the test's own
			got, short := pagesWithin(t, w, m, s)
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("listed %v, want %v", got, want)
			}
			if !short {
				t.Error("no page came short: the test proves nothing")
			}
		})
	}
}

// pagesWithin walks all pages, none of which may take more calls than it may.
func pagesWithin(t *testing.T, w *World, m *memoryServer, s search) (got []string, short bool) {
	t.Helper()
	for token := ""; ; {
		before := m.calls
		names, next, err := s.page(w, token)
		if err != nil {
			t.Fatal(err)
		}
		if n := m.calls - before; n > maxFetches+1 {
			t.Fatalf("%d calls for one page", n)
		}
		got = append(got, names...)
		if token = next; token == "" {
			return got, short
		}
		short = short || len(names) < s.size
	}
}
