package mlflowapi

import (
	"encoding/base64"
	"fmt"
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

// dice makes choices of a fuzzer's bytes; 0, and no bytes, is the plain one.
type dice []byte

func (d *dice) roll(n int) int {
	if len(*d) == 0 {
		return 0
	}
	v := int((*d)[0]) % n
	*d = (*d)[1:]
	return v
}

// composer writes requests to a row, plain or of the kinds that somebody may
// read in another way.
type composer struct {
	*dice
}

func asJSONText(s string) string { return string(newString(s).appendJSON(nil)) }

func (c *composer) id(r role) string {
	id := pool[r][c.roll(2)]
	switch c.roll(24) {
	case 11:
		return " " + id
	case 12:
		return "+" + id
	case 13:
		return "0" + id
	case 14:
		return id + "\n"
	case 15:
		return strings.NewReplacer("1", "١", "2", "٢").Replace(id)
	case 16:
		return strings.ToUpper(id)
	case 17:
		return id[:2] + "_" + id[2:]
	case 18:
		return ""
	}
	return id
}

// scalar writes one value that is no message.
func (c *composer) scalar(f *field) string {
	if _, named := pool[f.is]; named {
		id := c.id(f.is)
		switch c.roll(20) {
		case 11:
			return "null"
		case 12:
			return `[` + asJSONText(id) + `]`
		case 13:
			return `{"value":` + asJSONText(id) + `}`
		case 14:
			return asJSONText(asJSONText(id))
		case 15:
			return pool[experimentID][1]
		case 16:
			return pool[experimentID][1] + ".0"
		}
		return asJSONText(id)
	}
	if f.is == newTraceID {
		return asJSONText("tr-" + strings.Repeat("9", 32))
	}
	if f.is == traceEntry && f.any && c.roll(10) < 9 {
		return `{"k":"word"}`
	}
	if f.is == version {
		return asJSONText([]string{"1", "1", "01", " 1", "+1"}[c.roll(5)])
	}
	if n := c.roll(10); n < 8 {
		return plainly(f.name)
	}
	return []string{`"word"`, "1", "true", `"1"`, "null", "NaN", "1e3", "-1", `[]`, `{}`, `"\ud83d\ude00"`, `["word"]`}[c.roll(12)]
}

// plainly is a value that MLflow takes in a field of the name.
func plainly(name string) string {
	switch name {
	case "max_results", "timestamp", "step", "start_time", "end_time", "percentile_value", "time_interval_seconds", "start_time_ms", "end_time_ms":
		return "1"
	case "value": // a text, or a number, of which protobuf takes the text too
		return `"1"`
	case "archive_existing_versions", "ascending":
		return "true"
	case "view_type":
		return `"TRACES"`
	case "run_view_type":
		return `"ALL"`
	case "aggregation_type":
		return `"COUNT"`
	case "type":
		return `"MLFLOW_EXPERIMENT"`
	case "create_time", "last_update_time", "request_time":
		return `"2026-01-02T03:04:05Z"`
	case "execution_duration":
		return `"1s"`
	case "state":
		return `"OK"`
	case "valid":
		return "true"
	case "source_type":
		return `"CODE"`
	case "update_mask":
		return `"rationale"`
	case "status":
		return "1"
	}
	return `"word"`
}

func (c *composer) value(f *field, many bool) string {
	switch {
	case many:
		items := make([]string, []int{1, 2, 3, 0, 1, 2}[c.roll(6)])
		for i := range items {
			items[i] = c.value(f, c.roll(30) == 29)
		}
		return "[" + strings.Join(items, ",") + "]"
	case f.of != nil && c.roll(30) != 29:
		return c.message(f.of)
	}
	return c.scalar(f)
}

func (c *composer) key(f *field) string {
	switch c.roll(20) {
	case 10, 11, 12:
		if f.alias != "" {
			return asJSONText(f.alias)
		}
	case 13:
		return asJSONText(camel(f.name))
	case 14:
		return asJSONText(strings.ToUpper(f.name))
	case 15:
		return fmt.Sprintf(`"\u%04x%s"`, f.name[0], f.name[1:])
	case 16:
		return asJSONText(strings.ReplaceAll(f.name, "_", "-"))
	case 17:
		return asJSONText(f.name + " ")
	}
	return asJSONText(f.name)
}

func camel(s string) string {
	words := strings.Split(s, "_")
	for i := 1; i < len(words); i++ {
		if words[i] != "" {
			words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
		}
	}
	return strings.Join(words, "")
}

// strays are ids where no row has a field for them.
func (c *composer) stray() (string, role) {
	strays := []struct {
		key string
		is  role
	}{
		{"run_id", runID}, {"run_uuid", runID}, {"runId", runID}, {"experiment_id", experimentID}, {"experimentId", experimentID}, {"experiment_ids", experimentID},
		{"model_id", loggedModelID}, {"modelId", loggedModelID}, {"name", modelName}, {"new_name", newModelName}, {"source_run_id", runID}, {"trace_id", traceID},
		{"request_id", traceID}, {"trace_ids", traceID}, {"dataset_id", evalDatasetID}, {"schema_id", labelSchemaID}, {"queue_id", reviewQueueID}, {"issue_id", issueID}, {"runUuid", runID},
	}
	s := strays[c.roll(len(strays))]
	return s.key, s.is
}

// oneof are fields of which MLflow takes one.
var oneof = []string{"feedback", "expectation", "issue"}

func (c *composer) message(fields []field) string {
	var pairs []string
	chosen := oneof[c.roll(len(oneof))]
	for i := range fields {
		f := &fields[i]
		if !f.must && c.roll(4) == 3 || slices.Contains(oneof, f.name) && f.name != chosen && c.roll(30) < 29 {
			continue
		}
		key := c.key(f)
		pairs = append(pairs, key+":"+c.value(f, f.many))
		switch c.roll(16) {
		case 13:
			pairs = append(pairs, key+":"+c.value(f, f.many)) // twice
		case 14:
			pairs = append([]string{c.key(f) + ":" + c.value(f, f.many)}, pairs...)
		case 15:
			if f.alias != "" {
				pairs = append(pairs, asJSONText(f.alias)+":"+c.value(f, f.many))
			}
		}
	}
	for c.roll(6) == 5 {
		key, is := c.stray()
		val := asJSONText(pool[is][1])
		if c.roll(3) == 2 {
			val = "[" + val + "]"
		}
		pairs = append(pairs, asJSONText(key)+":"+val)
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

func (c *composer) body(fields []field) string {
	s := c.message(fields)
	switch c.roll(40) {
	case 30:
		return asJSONText(s)
	case 31:
		return "\ufeff" + s
	case 32:
		return utf16Of(s)
	case 33:
		return utf16Of("\ufeff" + s)
	case 34:
		return s + c.message(fields)
	case 35:
		return "[" + s + "]"
	case 36:
		return ""
	case 37:
		return " \n" + s + "\t"
	case 38:
		return s[:len(s)-1]
	}
	return s
}

func (c *composer) query(fields []field) string {
	var pairs []string
	add := func(key, val string) {
		key, val = url.QueryEscape(key), url.QueryEscape(val)
		if c.roll(10) == 9 && key != "" {
			key = fmt.Sprintf("%%%02x%s", key[0], key[1:])
		}
		pairs = append(pairs, key+"="+val)
	}
	for i := range fields {
		f := &fields[i]
		if !f.must && c.roll(4) == 3 {
			continue
		}
		for range []int{1, 1, 1, 1, 1, 2, 2, 3}[c.roll(8)] {
			key, err := strconv.Unquote(c.key(f))
			if err != nil {
				key = f.name
			}
			if _, named := pool[f.is]; named {
				add(key, c.id(f.is))
			} else {
				add(key, []string{"1", "word", "true", "", "01"}[c.roll(5)])
			}
		}
	}
	for c.roll(6) == 5 {
		key, is := c.stray()
		add(key, pool[is][1])
	}
	return strings.Join(pairs, []string{"&", "&", "&", "&&", ";"}[c.roll(5)])
}

// path fills a template, and lists the parameters.
func (c *composer) path(template string) string {
	segs := strings.Split(template, "/")
	for i, s := range segs {
		name, ok := strings.CutPrefix(s, "{")
		if !ok {
			continue
		}
		segs[i] = "key"
		if is := pathRoles[strings.TrimRight(name, ".}")]; is != plain {
			segs[i] = pool[is][c.roll(2)]
		}
	}
	return strings.Join(segs, "/")
}

// rawRequest is what goes to MLflow's reader.
type rawRequest struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query"`
	Body   string `json:"body"`
	Type   string `json:"type"`
}

// compose makes a request to one of the rows out of a fuzzer's bytes.
func compose(rows []*Endpoint, data []byte) (e *Endpoint, r rawRequest) {
	d := dice(data)
	c := &composer{dice: &d}
	e = rows[(c.roll(256)<<8|c.roll(256))%len(rows)]
	r.Method = e.Methods[c.roll(len(e.Methods))]
	r.Path = c.path(e.Paths[c.roll(len(e.Paths))])
	if e.Args == InQuery {
		r.Query = c.query(e.fields)
		if c.roll(8) == 7 {
			r.Body, r.Type = c.body(e.fields), "application/json"
		}
		return e, r
	}
	r.Body = c.body(e.fields)
	r.Type = []string{"application/json", "application/json", "application/json; charset=utf-8", "application/json; charset=utf-16", "text/plain", ""}[c.roll(6)]
	if c.roll(8) == 7 {
		r.Query = c.query(e.fields)
	}
	return e, r
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

// FuzzMLflowActsOnWhatWasDecided goes on where the test ends.
func FuzzMLflowActsOnWhatWasDecided(f *testing.F) {
	table := newTestTable(f)
	rows, m := readersRows(table), mlflow{mlflowtest.Converse(f, "testdata/reader.py")}
	m.reads(f, rawRequest{Method: "GET", Path: "/"}) // MLflow takes longer to start than a worker may for one input
	for i := range rows {
		f.Add([]byte{byte(i >> 8), byte(i)})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, r := compose(rows, data)
		agree(t, m, table, e, r)
	})
}
