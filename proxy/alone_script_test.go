package proxy_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// line is one call of the script that is sent to both islands.
type line struct {
	request
	user    string
	row     *mlflowapi.Endpoint
	theirs  int  // whose things its capitals name
	hers    bool // it names a thing of hers and none of others
	paged   bool // its pages are followed to their end
	stirred bool // it is asked again while others act
}

func newLine(e *mlflowapi.Endpoint, r request, user string, theirs int) line {
	text := r.path + r.body
	return line{request: r, user: user, row: e, theirs: theirs, hers: smalls.MatchString(text) && !capitals.MatchString(text)}
}

// rowOf finds the row of a call.
func rowOf(t *testing.T, table *mlflowapi.Table, r request) *mlflowapi.Endpoint {
	t.Helper()
	path, _, _ := strings.Cut(r.path, "?")
	if !strings.HasPrefix(path, "/") {
		path = api + path
	}
	found, _ := table.Find(r.method, path)
	if found.Endpoint == nil {
		t.Fatalf("%v is no endpoint", r)
	}
	return found.Endpoint
}

var (
	capitals = regexp.MustCompile(`<[A-Z]+>`)
	smalls   = regexp.MustCompile(`<[a-z]+\d?>`)
)

// own is a call about bob's things made into one about hers.
func own(r request) request {
	lower := func(s string) string { return capitals.ReplaceAllStringFunc(s, strings.ToLower) }
	return request{r.method, lower(r.path), lower(r.body)}
}

// nobody's ids, of the forms that MLflow writes.
var absent = strings.NewReplacer(
	"<EXP>", "999999999", "<RUN>", strings.Repeat("0", 32), "<LM>", "m-"+strings.Repeat("0", 32), "<TR>", "tr-"+strings.Repeat("0", 32),
	"<DS>", "d-"+strings.Repeat("0", 32), "<LS>", "ls-"+strings.Repeat("0", 32), "<RQ>", "rq-"+strings.Repeat("0", 32),
	"<ISS>", "iss-"+strings.Repeat("0", 32), "<AS>", "a-"+strings.Repeat("0", 32), "<JUDGE>", "00000000-0000-0000-0000-000000000000",
)

// basesOf are the calls that a row's lines are made from: all that the attack
// tests try on it, and what is asked here beyond that.
func basesOf(t *testing.T, table *mlflowapi.Table) map[*mlflowapi.Endpoint][]request {
	t.Helper()
	bases := map[*mlflowapi.Endpoint][]request{}
	for _, r := range foreign {
		e := rowOf(t, table, r.request)
		bases[e] = append(bases[e], r.request)
	}
	for _, r := range alsoAsked {
		if has(r.method, r.path) {
			e := rowOf(t, table, r)
			bases[e] = append(bases[e], r)
		}
	}
	return bases
}

// readable reports whether a row is one that the script must cover. Direct
// transfers are answered by no store on a disk, as the islands have: of them
// see foreignDirect.
func readable(e *mlflowapi.Endpoint) bool {
	return e.Open() && e.Action == mlflowapi.Read && e.Kind != mlflowapi.Server && !e.Direct
}

// reads are the script's calls that change nothing, in the table's order.
func reads(t *testing.T, table *mlflowapi.Table, others int) (lines []line) {
	t.Helper()
	bases := basesOf(t, table)
	for _, e := range table.Rows() {
		if !readable(e) {
			continue
		}
		for _, base := range bases[e] {
			lines = append(lines, linesOf(e, base, others)...)
		}
	}
	return lines
}

func linesOf(e *mlflowapi.Endpoint, base request, others int) (lines []line) {
	add := func(r request, theirs int) *line {
		lines = append(lines, newLine(e, r, "alice", theirs))
		return &lines[len(lines)-1]
	}
	mine := own(base)
	add(mine, 0).stirred = true
	if smalls.MatchString(mine.path + mine.body) {
		for i := 2; i <= 8; i++ { // what she has more of
			if other := (request{mine.method, numbered(mine.path, i), numbered(mine.body, i)}); other != mine {
				add(other, 0)
			}
		}
	}
	if base != mine {
		add(request{base.method, absent.Replace(base.path), absent.Replace(base.body)}, 0)
		for theirs := range others {
			add(base, theirs)
		}
		if both := beside(base); both != base {
			add(both, 0).paged = hasField(e, "page_token")
			add(both, others-1) // the deleted ones
		}
	}
	for _, v := range variants(e, mine) {
		l := add(v.request, 0)
		l.paged, l.stirred = v.paged, v.stirred
	}
	return lines
}

// session is what a client writes, or tries to: to the other teams' things as
// alice, and to hers as one who manages them.
func session(t *testing.T, table *mlflowapi.Table) (lines []line) {
	t.Helper()
	for _, r := range foreign {
		if e := rowOf(t, table, r.request); e.Action != mlflowapi.Read {
			for theirs := range 2 {
				lines = append(lines, newLine(e, r.request, "alice", theirs))
			}
		}
	}
	for _, r := range foreign {
		if e := rowOf(t, table, r.request); e.Action != mlflowapi.Read {
			r.body = strings.Replace(r.body, `"start_time":1}`, `"start_time":999}`, 1) // no other run began then
			lines = append(lines, newLine(e, own(r.request), "lead", 0))
		}
	}
	return lines
}

// numbered makes a call about her main things into one about her i-th.
func numbered(s string, i int) string {
	return smalls.ReplaceAllStringFunc(s, func(p string) string {
		if name := strings.TrimSuffix(p, ">"); more[name] >= i {
			return fmt.Sprint(name, i, ">")
		}
		return p
	})
}

// more is how many she has of what; see [island.more].
var more = map[string]int{"<exp": 5, "<run": 7, "<lm": 8, "<model": 4, "<tr": 6, "<ds": 4, "<ls": 3, "<rq": 3, "<iss": 3, "<judge": 2}

// beside puts hers next to theirs, wherever there is a list.
func beside(r request) request {
	list := regexp.MustCompile(`\["(<[A-Z]+>)"\]`)
	r.body = list.ReplaceAllStringFunc(r.body, func(s string) string {
		theirs := strings.Trim(s, `[]"`)
		hers := strings.ToLower(theirs)
		return fmt.Sprintf(`["%s","%s","%s"]`, hers, theirs, strings.Replace(hers, ">", "2>", 1))
	})
	for _, arg := range []string{"run_ids=<RUN>", "experiment_ids=<EXP>", "trace_ids=<TR>", "scorer_ids=<JUDGE>"} {
		hers := strings.ToLower(arg)
		r.path = strings.Replace(r.path, arg, hers+"&"+arg+"&"+strings.Replace(hers, ">", "2>", 1), 1)
	}
	// MLflow sorts this answer by the runs' ids, which are chance.
	r.path = strings.Replace(r.path, "get-history-bulk?run_id=<RUN>", "get-history-bulk?run_id=<run>&run_id=<RUN>", 1)
	const location = `{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<EXP>"}}`
	hers := strings.ToLower(`"<EXP>"`)
	r.body = strings.Replace(r.body, location, strings.ReplaceAll(location, `"<EXP>"`, hers)+","+location+","+strings.ReplaceAll(location, `"<EXP>"`, `"<exp2>"`), 1)
	return r
}

// variants ask the same in every way that the row's fields leave open.
func variants(e *mlflowapi.Endpoint, r request) (out []line) {
	add := func(paged bool, name string, val any) {
		out = append(out, line{request: with(r, m{name: val}), paged: paged})
	}
	if hasField(e, "max_results") {
		for _, n := range []any{1, 2, 3} {
			add(hasField(e, "page_token"), "max_results", n)
			out[len(out)-1].stirred = n == 1
		}
		for _, n := range []any{0, -1, 100_000_000, "x"} {
			add(false, "max_results", n)
		}
	}
	if hasField(e, "page_token") {
		for _, token := range []string{"bogus", "eyJvZmZzZXQiOiAxfQ==", "eyJvZmZzZXQiOiAxMDB9"} { // {"offset": 1}, 100
			add(false, "page_token", token)
		}
	}
	for _, name := range []string{"filter", "filter_string"} {
		if hasField(e, name) {
			for _, f := range slices.Concat(filtersOf[e.Name], []string{"bogus = 'x'", "name ===", "name = 'open"}) {
				add(false, name, f)
				out[len(out)-1].request = with(out[len(out)-1].request, m{"max_results": 2})
				out[len(out)-1].paged = hasField(e, "page_token")
			}
		}
	}
	for _, name := range []string{"view_type", "run_view_type"} {
		if hasField(e, name) {
			for _, v := range viewsOf[e.Name] {
				add(true, name, v)
			}
		}
	}
	if hasField(e, "order_by") {
		for _, key := range slices.Concat(ordersOf[e.Name], []any{"bogus"}) {
			add(true, "order_by", []any{key})
			out[len(out)-1].request = with(out[len(out)-1].request, m{"max_results": 2})
		}
	}
	return out
}

// with sets arguments of a call, in its query or in its body.
func with(r request, args m) request {
	if r.method == "GET" {
		path, raw, _ := strings.Cut(r.path, "?")
		q, err := url.ParseQuery(raw)
		if err != nil {
			return r
		}
		for name, val := range args {
			q.Del(name)
			if list, ok := val.([]any); ok {
				for _, v := range list {
					q.Add(name, fmt.Sprint(v))
				}
			} else {
				q.Set(name, fmt.Sprint(val))
			}
		}
		r.path = path + "?" + unplaced.Replace(q.Encode())
		return r
	}
	body := m{}
	if json.Unmarshal([]byte(r.body), &body) != nil {
		return r
	}
	for name, val := range args {
		body[name] = val
	}
	b, err := json.Marshal(body)
	if err != nil {
		return r
	}
	r.body = jsonPlaced.Replace(string(b))
	return r
}

// A placeholder stays one when a call is written anew.
var (
	unplaced   = strings.NewReplacer("%3C", "<", "%3E", ">")
	jsonPlaced = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">")
)

func hasField(e *mlflowapi.Endpoint, name string) bool {
	return slices.Contains(strings.FieldsFunc(e.Fields, func(r rune) bool { return strings.ContainsRune(" []{}", r) }), name)
}
