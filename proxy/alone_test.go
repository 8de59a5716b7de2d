package proxy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// accepted are the differences between the islands that stay: a call whose
// text holds all the words may be answered otherwise where others are.
var accepted = []struct{ words, why string }{
	{"logged-models/search metrics.loss", "a search that asks about metrics passes over a model about which a hidden run logged one, since its place would tell the metric's value; see Sift"},
	{"logged-models/search source_run_id", "likewise over a model that a hidden run made"},
	{"logged-models/search modelVersions", "likewise over a model from which a hidden registered model was made"},
}

// isAccepted gives which of [accepted] a line falls under; -1: none.
func isAccepted(l line) int {
	for i, a := range accepted {
		ok := true
		for _, word := range strings.Fields(a.words) {
			ok = ok && strings.Contains(l.String(), word)
		}
		if ok {
			return i
		}
	}
	return -1
}

var (
	madeIDs = regexp.MustCompile(`\b[a-z]{1,3}-[0-9a-f]{32}\b|\b[0-9a-f]{32}\b|\b7[12]\d{7}\b`)
	times   = regexp.MustCompile(`\b1[6-9]\d{11}\b|\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?`)
	// MLflow makes a dataset's digest of the time.
	digests = regexp.MustCompile(`("digest":\s*")[0-9a-f]{8}\b`)
	// A run without a name gets one of chance.
	runNames  = regexp.MustCompile(`"[a-z]+-[a-z]+-\d{1,4}"`)
	bareTimes = regexp.MustCompile(`([:\[,]\s*)<time>`)
	// MLflow shows a span's ids in base64, and makes scorers ids of chance.
	spanIDs = regexp.MustCompile(`("(?:span_id|trace_id|parent_span_id)":\s*")[A-Za-z0-9+/]+={0,2}"`)
	uuids   = regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
	tokens  = regexp.MustCompile(`("(?:next_page_token|nextPageToken)":\s*)"([^"]+)"`)
)

// same writes an answer as it would be if nothing in it were chance: ids that
// the island made are named by the test or counted as they come, times are
// alike, and of a sealed page token only the length is kept. MLflow shows maps
// in an order of chance, so members are sorted, and the layout is told by the
// length.
func (w *island) same(a answer) string {
	text := tokens.ReplaceAllStringFunc(string(a.Body), func(s string) string {
		f := tokens.FindStringSubmatch(s)
		if clear := unbase64(f[2]); strings.HasPrefix(clear, `{"offset`) {
			return f[1] + strconv.Quote(clear)
		}
		return fmt.Sprintf("%s\"<%d sealed>\"", f[1], len(f[2]))
	})
	text = strings.ReplaceAll(text, w.srv.ArtifactDir(), "<store>") // errors of an older MLflow name it
	text = madeIDs.ReplaceAllStringFunc(text, w.name)
	text = digests.ReplaceAllString(times.ReplaceAllString(text, "<time>"), "$1<digest>")
	text = spanIDs.ReplaceAllString(uuids.ReplaceAllStringFunc(text, w.uuid), `$1<span>"`)
	text = runNames.ReplaceAllString(text, `"<run name>"`)
	var b bytes.Buffer
	fmt.Fprintln(&b, a.Status)
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		switch name {
		case "Date", "X-Request-Id", "Etag", "Last-Modified":
			fmt.Fprintln(&b, name)
		case "Content-Length":
			fmt.Fprintln(&b, name, len(text))
		default:
			fmt.Fprintln(&b, name, a.Header[name])
		}
	}
	var doc any
	if json.Unmarshal([]byte(bareTimes.ReplaceAllString(text, `$1"<time>"`)), &doc) == nil {
		if mlflowtest.Backend() != "" {
			sortUnordered(doc)
		}
		if sorted, err := json.MarshalIndent(doc, "", " "); err == nil {
			text = jsonPlaced.Replace(string(sorted))
		}
	}
	b.WriteString(text)
	return b.String()
}

// uuid names a scorer's id.
func (w *island) uuid(id string) string {
	if name, ok := w.names[id]; ok {
		return name
	}
	return "<uuid>"
}

// sortUnordered sorts the lists that MLflow reads in no order: SQLite gives them
// as they were written, other databases as it happens.
func sortUnordered(doc any) {
	switch doc := doc.(type) {
	case []any:
		for _, v := range doc {
			sortUnordered(v)
		}
	case m:
		for name, v := range doc {
			sortUnordered(v)
			if list, ok := v.([]any); ok && (name == "tags" || name == "latest_versions" || name == "params" || name == "metrics" || name == "aliases" || name == "model_versions") {
				slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
		}
	}
}

func (w *island) name(id string) string {
	if w.foreign(id) {
		return id
	}
	if _, ok := w.names[id]; !ok {
		w.names[id] = "<made>" // errors of MLflow's database show ids that it made for nothing, now one more, now one less
	}
	return w.names[id]
}

// foreign reports whether an id is one that alice knows from elsewhere.
func (w *island) foreign(id string) bool {
	return strings.Trim(id, "trdlsqima-0") == "" || slices.ContainsFunc(w.others, func(s side) bool {
		return slices.Contains([]string{s.exp, s.run, s.lm, s.tr, s.as, s.ds, s.record, s.ls, s.rq, s.iss, s.judge}, id)
	})
}

// ask sends a line.
func (w *island) ask(t *testing.T, l line) answer {
	t.Helper()
	theirs := w.others[l.theirs]
	secret := strings.NewReplacer("<SECRET>", theirs.secret)
	path, body := w.text(secret.Replace(l.path), theirs), w.text(secret.Replace(l.body), theirs)
	if !strings.HasPrefix(path, "/") {
		path = api + path
	}
	if body == "" {
		return w.gate.do(t, l.user, l.method, path, nil)
	}
	return w.gate.do(t, l.user, l.method, path, body)
}

// islands are asked the same, one after the other.
type islands struct {
	crowded, lonely *island
	between         func() // what happens on the crowded one before each call
	counted         map[*mlflowapi.Endpoint]bool
	asked           int
}

// ask compares what a line and the pages behind it are answered.
func (i *islands) ask(t *testing.T, l line) {
	t.Helper()
	for page := 0; ; page++ {
		i.between()
		i.asked++
		there := make(chan answer, 1)
		go func() {
			defer close(there)
			there <- i.crowded.ask(t, l)
		}()
		a := i.lonely.ask(t, l)
		c := <-there
		got, want := i.crowded.same(c), i.lonely.same(a)
		if got != want && isAccepted(l) < 0 {
			t.Errorf("%s as team %d, page %d, is answered otherwise among others (-alone +crowded):\n%s", l, l.theirs, page, cmp.Diff(want, got))
			return
		}
		if l.hers && !i.counted[l.row] && c.Status/100 == 2 && a.Status/100 == 2 && i.lonely.tells(t, l, a) {
			i.counted[l.row] = true
		}
		next, alone := tokens.FindSubmatch(c.Body), tokens.FindSubmatch(a.Body)
		if !l.paged || next == nil || alone == nil || l.method == "POST" && l.path == gql {
			return
		}
		if page == 60 {
			t.Errorf("%s: no end of pages", l)
			return
		}
		i.crowded.more["<token>"], i.lonely.more["<token>"] = string(next[2]), string(alone[2])
		l.request = with(l.request, m{"page_token": "<token>"})
		if l.method == "GET" {
			i.crowded.more["<token>"], i.lonely.more["<token>"] = escape(string(next[2])), escape(string(alone[2]))
		}
	}
}

// tells reports whether an answer about hers says something of hers, and not
// what it would say of what nobody holds.
func (w *island) tells(t *testing.T, l line, a answer) bool {
	body := string(a.Body)
	for id := range w.names {
		if strings.Contains(body, id) {
			return true
		}
	}
	if strings.Contains(body, w.mine.secret) || strings.Contains(body, w.mine.name) || strings.Contains(body, w.mine.model) {
		return true
	}
	upper := func(s string) string { return smalls.ReplaceAllStringFunc(s, strings.ToUpper) }
	none := l
	none.path, none.body = absent.Replace(upper(l.path)), absent.Replace(upper(l.body))
	return none != l && w.same(w.ask(t, none)) != w.same(a)
}

// Whatever alice asks, a server on which there are others answers as one on
// which there is nobody else: in what she reads, while others act between her
// calls, and in what she writes.
func TestAnswersAreTheSameWhoeverElseIsThere(t *testing.T) {
	t.Parallel()
	crowded, lonely := twoIslands(t)
	both := &islands{crowded, lonely, func() {}, map[*mlflowapi.Endpoint]bool{}, 0}
	script := reads(t, here, len(crowded.others))
	for _, l := range script {
		both.ask(t, l)
	}
	for _, e := range here.Rows() {
		if readable(e) && !both.counted[e] {
			t.Errorf("%v %s: no call of the script about alice's own things gets a 2xx that tells of them on both islands: add one to alsoAsked or to foreign…", e.Methods, e.Name)
		}
	}
	t.Logf("%d calls compared", both.asked)

	both.between = func() { crowded.stir(t) }
	for _, l := range script {
		if l.stirred {
			both.ask(t, l)
		}
	}
	both.between = func() {}
	t.Logf("%d calls compared, the last of them while others acted", both.asked)

	for _, l := range session(t, here) {
		both.ask(t, l)
	}
	for _, l := range script {
		if l.hers && l.stirred {
			both.ask(t, l)
		}
	}
	t.Logf("%d calls compared, the last of them with hers among them", both.asked)
}
