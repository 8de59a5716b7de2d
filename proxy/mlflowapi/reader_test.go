package mlflowapi

import (
	_ "embed"
	"encoding/base64"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/go-json-experiment/json"

	"mlgate/proxy/mlflowtest"
)

// pool holds an id or a name of hers and one of theirs, of each role. They
// stand in no request but where an id may stand, so that wherever one is found
// in what MLflow reads, MLflow may act on it.
var pool = map[role][2]string{
	experimentID: {"11111", "22222"}, experimentName: {"cv/mine", "nlp/theirs"}, newExperimentName: {"cv/new", "nlp/new"},
	runID: {strings.Repeat("1", 32), strings.Repeat("2", 32)}, modelName: {"cv.mine", "nlp.theirs"}, newModelName: {"cv.new", "nlp.new"},
	loggedModelID: {"m-" + strings.Repeat("3", 32), "m-" + strings.Repeat("4", 32)},
	traceID:       {"tr-" + strings.Repeat("5", 32), "tr-" + strings.Repeat("6", 32)},
	evalDatasetID: {"d-" + strings.Repeat("7", 32), "d-" + strings.Repeat("8", 32)},
	labelSchemaID: {"ls-" + strings.Repeat("a", 32), "ls-" + strings.Repeat("b", 32)},
	reviewQueueID: {"rq-" + strings.Repeat("c", 32), "rq-" + strings.Repeat("d", 32)},
	issueID:       {"iss-" + strings.Repeat("e", 32), "iss-" + strings.Repeat("f", 32)},
}

// pooled reads a value as MLflow's stores do, which know many spellings of a
// number, and reports whether it is one of the pool's.
func pooled(s string) (string, bool) {
	n := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r) && r > unicode.MaxASCII:
			for zero := r; ; zero-- {
				if !unicode.IsDigit(zero - 1) {
					return '0' + (r-zero)%10
				}
			}
		case unicode.IsSpace(r), r == '_' && !strings.ContainsFunc(s, unicode.IsLetter):
			return -1
		}
		return r
	}, s)
	n = strings.TrimLeft(strings.TrimPrefix(n, "+"), "0")
	for _, ids := range pool {
		for _, id := range ids {
			if s == id || n == id {
				return id, true
			}
		}
	}
	return "", false
}

// pooledIn lists what of the pool stands in what was read.
func pooledIn(v any) (found []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, item := range v {
			found = append(found, pooledIn(item)...)
		}
	case []any:
		for _, item := range v {
			found = append(found, pooledIn(item)...)
		}
	case string:
		if id, ok := pooled(v); ok {
			found = append(found, id)
		}
	case float64:
		if id, ok := pooled(strconv.FormatFloat(v, 'f', -1, 64)); ok {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// rawRequest is what goes to MLflow's reader.
type rawRequest struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query"`
	Body   string `json:"body"`
	Type   string `json:"type"`
}

// readersRows are the rows whose arguments both read: not those of the gateway,
// whose bodies are a provider's affair but for one name, nor GraphQL's, which has
// a reader of its own.
func readersRows(table *Table) (rows []*Endpoint) {
	for _, e := range table.Rows() {
		if e.Open() && (e.Args == InQuery || e.Args == InBody) && len(e.fields) > 0 && e.Special != GraphQL && e.Kind != Server && e.Kind != Gateway {
			rows = append(rows, e)
		}
	}
	return rows
}

// mlflow is MLflow's own reader.
type mlflow struct{ *mlflowtest.Conversation }

// reading is what MLflow's handler gets to act on.
type reading struct {
	Read    any            `json:"read"`
	Path    map[string]any `json:"path"`
	Refused bool           `json:"refused"`
}

func (r reading) names() []string { return pooledIn([]any{r.Read, r.Path}) }

func (m mlflow) reads(t testing.TB, r rawRequest) (got reading) {
	t.Helper()
	r.Body = base64.StdEncoding.EncodeToString([]byte(r.Body))
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := m.Ask(line)
	if err == nil {
		err = json.Unmarshal(answer, &got)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return got
}

// decided is what of the pool a call was decided about.
func (c *Call) decided() []string {
	var found []any
	for _, t := range c.Targets {
		found = append(found, t.ID, t.Name)
	}
	for _, l := range c.lists {
		for _, v := range l.list.items() {
			found = append(found, v.str)
		}
	}
	return pooledIn(found)
}

// agree fails the test where mlgate takes a request and MLflow then acts on
// other things than were decided about; read: MLflow read it too.
func agree(t testing.TB, m mlflow, table *Table, e *Endpoint, r rawRequest) (read bool) {
	t.Helper()
	path, err := url.PathUnescape(r.Path)
	if err != nil {
		return false
	}
	c, err := readAt(table, r.Method, path, r.Query, r.Type, r.Body)
	if err != nil || c.Endpoint != e || c.Refused != nil {
		return false
	}
	decided := c.decided()
	sent := c.Request()
	ours := rawRequest{sent.Method, sent.Path, sent.Query, string(sent.Body), "application/json"}
	got := m.reads(t, ours)
	if got.Refused {
		return false
	}
	if names := got.names(); !c.covers(names) {
		t.Errorf("%s: MLflow reads %v, decided about %v:\nsent      %+v\nforwarded %+v\nread      %+v", e.Name, names, decided, r, ours, got)
	}
	if client := m.reads(t, r); !client.Refused {
		if names := client.names(); !c.decidedAbout(names) {
			t.Errorf("%s: MLflow would have read %v, and of the same request %v is forwarded:\nsent      %+v\nforwarded %+v\nread      %+v", e.Name, names, decided, r, ours, client)
		}
	}
	return true
}

// covers reports whether MLflow acts on nothing but what was decided about, and
// knows of every list that shrinks: without it, it would give everybody's. It
// may read less, since it keeps what it has of a message in which it then finds
// an error: of such a list too, if not all.
func (c *Call) covers(names []string) bool {
	if !c.decidedAbout(names) {
		return false
	}
	known := map[role]bool{}
	for _, l := range c.lists {
		for _, v := range l.list.items() {
			if id, ok := pooled(v.str); ok {
				known[l.is] = known[l.is] || slices.Contains(names, id)
			}
		}
	}
	for _, ok := range known {
		if !ok {
			return false
		}
	}
	return true
}

func (c *Call) decidedAbout(names []string) bool {
	decided := c.decided()
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(decided, n) })
}

// Whatever is taken here, MLflow's own handlers read what was decided about and
// nothing else, in every open row; most rows are read at all.
func TestMLflowActsOnWhatWasDecided(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	rows, m := readersRows(table), mlflow{mlflowtest.Converse(t, "testdata/reader.py")}
	read := map[*Endpoint]int{}
	rng := rand.New(rand.NewPCG(4, 2))
	for i, e := range rows {
		for n := 0; n < 40 || read[e] == 0 && n < 400; n++ {
			data := []byte{byte(i >> 8), byte(i)}
			for range n % 40 * 4 {
				b := byte(rng.Uint32())
				if rng.IntN(6) > 0 {
					b %= 10 // rather plain
				}
				data = append(data, b)
			}
			got, r := compose(rows, data)
			if got != e {
				t.Fatalf("composed %s, want %s", got.Name, e.Name)
			}
			if agree(t, m, table, e, r) {
				read[e]++
			}
		}
	}
	for _, e := range rows {
		if read[e] == 0 {
			t.Errorf("%v %s: no request was taken by both", e.Methods, e.Name)
		}
	}
}

// An assessment may name another trace than the one it is made in: it is left
// out of what is forwarded, and MLflow writes the right one over it.
func TestAnAssessmentsOwnWordOfItsTraceIsNotActedOn(t *testing.T) {
	t.Parallel()
	table, m := newTestTable(t), mlflow{mlflowtest.Converse(t, "testdata/reader.py")}
	hers, theirs := pool[traceID][0], pool[traceID][1]
	for path, body := range map[string]string{
		"/api/3.0/mlflow/traces/" + hers + "/assessments": `{"assessment":{"trace_id":"` + theirs + `"}}`,
		"/api/3.0/mlflow/traces": `{"trace":{"trace_info":{"trace_id":"tr-` + strings.Repeat("9", 32) + `","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"` + pool[experimentID][0] + `"}},` +
			`"assessments":[{"trace_id":"` + theirs + `"}]}}}`,
	} {
		r := rawRequest{Method: "POST", Path: path, Body: body, Type: "application/json"}
		c, err := readAt(table, r.Method, r.Path, "", r.Type, r.Body)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !agree(t, m, table, c.Endpoint, r) {
			t.Errorf("%s: not taken by both", path)
		}
	}
}

// A metric of a batch may name a run of its own: it is left out of what is forwarded,
// and MLflow passes it over.
func TestAMetricsOwnWordOfItsRunIsNotActedOn(t *testing.T) {
	t.Parallel()
	table, m := newTestTable(t), mlflow{mlflowtest.Converse(t, "testdata/reader.py")}
	r := rawRequest{Method: "POST", Path: "/api/2.0/mlflow/runs/log-batch", Type: "application/json",
		Body: `{"run_id":"` + pool[runID][0] + `","metrics":[{"key":"k","value":1,"timestamp":1,"run_id":"` + pool[runID][1] + `"}]}`}
	c, err := readAt(table, r.Method, r.Path, "", r.Type, r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(c.Request().Body), pool[runID][1]) {
		t.Errorf("forwarded: %s", c.Request().Body)
	}
	if !agree(t, m, table, c.Endpoint, r) {
		t.Error("not taken by both")
	}
}

// found are the inputs that hours of fuzzing found interesting, a Go string a line.
//
//go:embed testdata/reader.corpus
var found string

// FuzzMLflowActsOnWhatWasDecided goes on where the test ends.
func FuzzMLflowActsOnWhatWasDecided(f *testing.F) {
	table := newTestTable(f)
	rows, m := readersRows(table), mlflow{mlflowtest.Converse(f, "testdata/reader.py")}
	m.reads(f, rawRequest{Method: "GET", Path: "/"}) // MLflow takes longer to start than a worker may for one input
	for i := range rows {
		f.Add([]byte{byte(i >> 8), byte(i)})
	}
	for line := range strings.Lines(found) {
		data, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			f.Fatalf("%v: %s", err, line)
		}
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, r := compose(rows, data)
		agree(t, m, table, e, r)
	})
}
