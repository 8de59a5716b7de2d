package proxy_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/rand"
	hexdigits "encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	otel "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"mlgate/proxy"
	"mlgate/proxy/mlflowtest"
)

// oneSpan is a batch of one root span in OTLP's JSON.
func oneSpan(trace string) string {
	return `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"` + trace + `","spanId":"00f067aa0ba902b7","name":"s","startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001000000000"}]}]}]}`
}

var foreignOTLP = []reach{
	{request{"POST", "/v1/traces?X-Mlflow-Experiment-Id=<EXP>", oneSpan("<fresh>")}, 404},
	{request{"POST", "/v1/traces?X-Mlflow-Experiment-Id=<EXP>&X-Mlflow-Run-Id=<RUN>", oneSpan("<fresh>")}, 404},
	{request{"POST", "/v1/traces?X-Mlflow-Experiment-Id=<EXP>", `{"resourceSpans":[{}]}`}, 404},
}

// newTraceID is the hex of a trace that nobody has made.
func newTraceID() string { return fmt.Sprintf("%x", rand.Text()[:16]) }

// spans is a batch in protobuf: one span with these attributes (name, value, …)
// in each trace. A span's id is made of its name.
func spans(name string, traces []string, attributes ...string) *collector.ExportTraceServiceRequest {
	var list []*otel.Span
	for _, t := range traces {
		id, err := hexdigits.DecodeString(t)
		if err != nil {
			panic(err)
		}
		list = append(list, &otel.Span{
			TraceId: id, SpanId: []byte((name + "........")[:8]), Name: name, Attributes: pairs(attributes),
			StartTimeUnixNano: 1_700_000_000_000_000_000, EndTimeUnixNano: 1_700_000_001_000_000_000,
		})
	}
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*otel.ResourceSpans{{ScopeSpans: []*otel.ScopeSpans{{Spans: list}}}}}
}

func pairs(attributes []string) (list []*common.KeyValue) {
	for i := 0; i+1 < len(attributes); i += 2 {
		list = append(list, &common.KeyValue{Key: attributes[i], Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: attributes[i+1]}}})
	}
	return list
}

func asProto(t *testing.T, req *collector.ExportTraceServiceRequest) []byte {
	t.Helper()
	b, err := proto.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// export sends a batch as a user; header holds what is not as usual.
func (g *gate) export(t *testing.T, user, exp string, body []byte, header http.Header) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", g.URL+"/v1/traces", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if exp != "" {
		req.Header.Set("X-Mlflow-Experiment-Id", exp)
	}
	for name, vals := range header {
		req.Header[name] = vals
	}
	req.SetBasicAuth(user, user)
	resp, err := noRedirect.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, b}
}

// packed is a body in one of the encodings that MLflow unpacks.
func packed(t *testing.T, encoding string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		w, _ = flate.NewWriter(&b, flate.BestCompression)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rowsOf are the rows of MLflow's that mention a trace, table by table.
func rowsOf(t *testing.T, srv *mlflowtest.Server, traces ...string) mlflowtest.Snapshot {
	t.Helper()
	return srv.Snapshot(t).Mentioning(traces...)
}

// generation is MLflow's count of how often the spans of a trace were written.
var generation = regexp.MustCompile(`"db_payload_generation": \d+`)

var (
	asJSON    = http.Header{"Content-Type": {"application/json"}}
	asGzip    = http.Header{"Content-Encoding": {"gzip"}}
	asDeflate = http.Header{"Content-Encoding": {"deflate"}}
)

// MLflow adds a span to a trace wherever that lies.
func TestNoSpanGoesIntoAForeignTrace(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	check, fresh := unmoved(t, srv, theirs), newTraceID()
	foreign, own := strings.TrimPrefix(theirs.tr, "tr-"), strings.TrimPrefix(mine.tr, "tr-")
	inject := asProto(t, spans("inject", []string{foreign}))
	gzipJSON := asJSON.Clone()
	gzipJSON.Set("Content-Encoding", "gzip")
	for name, c := range map[string]struct {
		body   []byte
		header http.Header
		want   int
	}{
		"protobuf":                         {inject, nil, 404},
		"gzip":                             {packed(t, "gzip", inject), asGzip, 404},
		"deflate":                          {packed(t, "zlib", inject), asDeflate, 404},
		"raw deflate":                      {packed(t, "flate", inject), asDeflate, 404},
		"JSON":                             {[]byte(oneSpan(foreign)), asJSON, 404},
		"JSON in capitals":                 {[]byte(oneSpan(strings.ToUpper(foreign))), asJSON, 404},
		"JSON, gzip":                       {packed(t, "gzip", []byte(oneSpan(foreign))), gzipJSON, 404},
		"JSON, escaped":                    {[]byte(strings.Replace(oneSpan(foreign), `"traceId":"`, `"tr\u0061ceId":"\u00`+hexdigits.EncodeToString([]byte(foreign[:1])), 1)), asJSON, 400},
		"beside her own":                   {asProto(t, spans("inject", []string{own, foreign})), nil, 404},
		"before her own":                   {asProto(t, spans("inject", []string{foreign, own})), nil, 404},
		"beside a new one":                 {asProto(t, spans("inject", []string{fresh, foreign})), nil, 404},
		"with a run of hers":               {inject, http.Header{"X-Mlflow-Run-Id": {mine.run}}, 404},
		"as part of a message given twice": {append(asProto(t, spans("first", []string{own})), inject...), nil, 404},
		"as a field given twice":           {twice(t, own, foreign), nil, 404},
	} {
		a := g.export(t, "alice", mine.exp, c.body, c.header)
		if a.Status != c.want {
			t.Errorf("%s: got %d %s, want %d", name, a.Status, a.Body, c.want)
		}
		theirs.unleaked(t, theirs.tr, a)
	}
	check()
	if rows := rowsOf(t, srv, fresh, `"inject"`).Rows; len(rows) > 0 {
		t.Errorf("a part of a refused batch was written: %v", rows)
	}
	if a := g.export(t, "bob", theirs.exp, inject, nil); a.Status != 200 {
		t.Errorf("bob himself: got %d %s", a.Status, a.Body)
	}
}

// twice is a span with two trace ids, of which readers take the last.
func twice(t *testing.T, first, last string) []byte {
	t.Helper()
	span := asProto(t, spans("inject", []string{first}))
	inner, _ := hexdigits.DecodeString(last)
	for range 3 { // resource spans, scope spans, spans
		_, _, n := protowire.ConsumeTag(span)
		span, _ = protowire.ConsumeBytes(span[n:])
	}
	span = protowire.AppendBytes(protowire.AppendTag(bytes.Clone(span), 1, protowire.BytesType), inner)
	for _, num := range []protowire.Number{2, 2, 1} {
		span = protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), span)
	}
	return span
}

// MLflow pads short ids, takes long ones, and reads JSON's names in two ways.
func TestSpansAreReadInOneWayOnly(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	check, foreign, own := unmoved(t, srv, theirs), strings.TrimPrefix(theirs.tr, "tr-"), strings.TrimPrefix(mine.tr, "tr-")
	for name, body := range map[string][]byte{
		"short":      asProto(t, spans("x", []string{own[:30]})),
		"long":       asProto(t, spans("x", []string{"00" + foreign})),
		"zero":       asProto(t, spans("x", []string{strings.Repeat("0", 32)})),
		"none":       asProto(t, spans("x", []string{""})),
		"cut":        asProto(t, spans("x", []string{own}))[:40],
		"not OTLP":   []byte("no protobuf"),
		"JSON":       []byte(oneSpan(own)), // not said to be
		"span of 16": asProto(t, &collector.ExportTraceServiceRequest{ResourceSpans: []*otel.ResourceSpans{{ScopeSpans: []*otel.ScopeSpans{{Spans: []*otel.Span{{TraceId: make([]byte, 16), SpanId: make([]byte, 16)}}}}}}}),
	} {
		if a := g.export(t, "alice", mine.exp, body, nil); a.Status != 400 {
			t.Errorf("%s: got %d %s, want 400", name, a.Status, a.Body)
		}
	}
	json := func(old, with string) []byte { return []byte(strings.Replace(oneSpan(own), old, with, 1)) }
	for name, body := range map[string][]byte{
		"two ids":           json(`"name"`, `"traceId":"`+foreign+`","name"`),
		"both spellings":    json(`"name"`, `"trace_id":"`+foreign+`","name"`),
		"two lists":         json(`"scopeSpans"`, `"scope_spans":[],"scopeSpans"`),
		"two resourceSpans": json(`{"resourceSpans"`, `{"resource_spans":[],"resourceSpans"`),
		"doubled unknown":   json(`"name"`, `"z":1,"z":2,"name"`),
		"base64":            json(own, "S/kvNXe0TaajzpKdDg5HNg=="),
		"short":             json(own, own[:30]),
		"odd":               json(own, own[:31]),
		"no hex":            json(own, strings.Repeat("z", 32)),
		"a list":            append([]byte{'['}, append([]byte(oneSpan(own)), ']')...),
		"two documents":     []byte(oneSpan(own) + oneSpan(foreign)),
		"a string":          []byte(`"{}"`),
		"UTF-16":            {0xff, 0xfe, '{', 0, '}', 0},
		"nothing":           nil,
	} {
		if a := g.export(t, "alice", mine.exp, body, asJSON); a.Status != 400 {
			t.Errorf("JSON, %s: got %d %s, want 400", name, a.Status, a.Body)
		}
	}
	check()
}

func TestTheHeadersOfSpansAreReadInOneWayOnly(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	check, id := unmoved(t, srv, theirs), newTraceID()
	body := asProto(t, spans("header", []string{id}))
	const exp, run = "X-Mlflow-Experiment-Id", "X-Mlflow-Run-Id"
	for _, c := range []struct {
		name   string
		header http.Header
		want   int
	}{
		{"none", http.Header{}, 400},
		{"empty", http.Header{exp: {""}}, 400},
		{"twice", http.Header{exp: {mine.exp, theirs.exp}}, 400},
		{"twice the same", http.Header{exp: {mine.exp, mine.exp}}, 400},
		{"in two cases", http.Header{exp: {mine.exp}, "x-mlflow-experiment-id": {theirs.exp}}, 400},
		{"joined", http.Header{exp: {mine.exp + ", " + theirs.exp}}, 400},
		{"underscore", http.Header{exp: {theirs.exp[:1] + "_" + theirs.exp}}, 400},
		{"zero", http.Header{exp: {"0" + theirs.exp}}, 400},
		{"plus", http.Header{exp: {"+" + theirs.exp}}, 400},
		{"Arabic digits", http.Header{exp: {"٢"}}, 400},
		{"foreign", http.Header{exp: {theirs.exp}}, 404},
		{"none such", http.Header{exp: {"900000000000001"}}, 404},
		{"the default", http.Header{exp: {"0"}}, 403},
		{"foreign run", http.Header{exp: {mine.exp}, run: {theirs.run}}, 404},
		{"no such run", http.Header{exp: {mine.exp}, run: {strings.Repeat("0", 32)}}, 404},
		{"two runs", http.Header{exp: {mine.exp}, run: {mine.run, theirs.run}}, 400},
		{"run in capitals", http.Header{exp: {mine.exp}, run: {strings.ToUpper(theirs.run)}}, 400},
		{"run with dashes", http.Header{exp: {mine.exp}, run: {theirs.run[:8] + "-" + theirs.run[8:]}}, 400},
		{"workspace", http.Header{exp: {mine.exp}, "X-Mlflow-Workspace": {"other"}}, 200},
		{"other names of them", http.Header{exp: {mine.exp}, "X_mlflow_experiment_id": {theirs.exp}, "X_mlflow_run_id": {theirs.run}}, 200},
	} {
		a := g.export(t, "alice", "", body, c.header)
		if a.Status != c.want {
			t.Errorf("%s: got %d %s, want %d", c.name, a.Status, a.Body, c.want)
		}
		theirs.unleaked(t, fmt.Sprint(c.header), a)
		if at := rowsOf(t, srv, "tr-"+id).Rows["trace_info"]; (len(at) > 0) != (a.Status == 200) {
			t.Errorf("%s: MLflow holds %v", c.name, at)
		}
		if c.want == 200 {
			id = newTraceID()
			body = asProto(t, spans("header", []string{id}))
		}
	}
	check()
}

// A trace keeps its place, whatever experiment the header names.
func TestSpansDoNotMoveTheirTrace(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	other := srv.CreateExperiment(t, mlflowtest.Name(t, "cv/other"))
	own := strings.TrimPrefix(mine.tr, "tr-")
	if a := g.export(t, "alice", other, asProto(t, spans("more", []string{own})), nil); a.Status != 200 {
		t.Errorf("her own trace: got %d %s", a.Status, a.Body)
	}
	rows := rowsOf(t, srv, mine.tr).Rows
	if len(rows["trace_info"]) != 1 || len(rows["spans"]) != 2 { // one was planted
		t.Errorf("MLflow holds %v", rows)
	}
	for _, table := range []string{"trace_info", "spans"} {
		for _, row := range rows[table] {
			if !strings.Contains(row, `"experiment_id": `+mine.exp+",") {
				t.Errorf("%s: the trace has moved: %s", table, row)
			}
		}
	}
	// What she only reads stays as it is, and she is told why.
	check := unmoved(t, srv, theirs)
	a := g.export(t, "both", mine.exp, asProto(t, spans("more", []string{strings.TrimPrefix(theirs.tr, "tr-")})), nil)
	if a.Status != 403 || !strings.Contains(string(a.Body), `may not edit experiment`) {
		t.Errorf("a trace that she may only read: got %d %s", a.Status, a.Body)
	}
	check()
	if a := g.export(t, "viewer", mine.exp, asProto(t, spans("more", []string{newTraceID()})), nil); a.Status != 403 {
		t.Errorf("a reader: got %d %s", a.Status, a.Body)
	}
}

// Attributes become tags of the trace, and some tags say where MLflow reads it
// from: with them she would read bob's spans and files, or the server's own.
func TestNoAttributeSaysWhereATraceIsReadFrom(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	id := newTraceID()
	place := "mlflow-artifacts:/" + theirs.exp + "/traces/" + theirs.tr + "/artifacts"
	try := func(name string, req *collector.ExportTraceServiceRequest) {
		t.Helper()
		if a := g.export(t, "alice", mine.exp, asProto(t, req), nil); a.Status != 403 {
			t.Errorf("%s: got %d %s, want 403", name, a.Status, a.Body)
		}
	}
	for _, key := range []string{
		"mlflow.artifactLocation", "mlflow.trace.archiveLocation", "mlflow.trace.spansLocation", "mlflow.trace.archivalFailure",
		"MLflow.ArtifactLocation", " mlflow.artifactLocation", "mlflow.artifactLocation ",
		"mlflow.user", "mlgate.user", "MLGATE.x", "mlgate.approved_by",
	} {
		try("span "+key, spans("a", []string{id}, "harmless", "1", "mlflow.traceTag."+key, place))
		child := spans("a", []string{id}, "mlflow.traceTag."+key, place)
		child.ResourceSpans[0].ScopeSpans[0].Spans[0].ParentSpanId = make([]byte, 8) // a root to MLflow
		try("child "+key, child)
		if !strings.HasPrefix(key, "mlflow.") {
			of := spans("a", []string{id})
			of.ResourceSpans[0].Resource = &resource.Resource{Attributes: pairs([]string{key, place})}
			try("resource "+key, of)
		}
	}
	body := strings.Replace(oneSpan(id), `"name"`, `"attributes":[{"key":"mlflow.traceTag.mlflow.artifactLocation","value":{"stringValue":"`+place+`"}}],"name"`, 1)
	if a := g.export(t, "alice", mine.exp, []byte(body), asJSON); a.Status != 403 {
		t.Errorf("JSON: got %d %s", a.Status, a.Body)
	}
	if rows := rowsOf(t, srv, id).Rows; len(rows) > 0 {
		t.Errorf("MLflow holds %v", rows)
	}
	good := spans("a", []string{id}, "mlflow.traceTag.team", "vision", "mlflow.traceTag.mlflow.traceName", "named", "session.id", "s1", "user.id", "customer")
	good.ResourceSpans[0].Resource = &resource.Resource{Attributes: pairs([]string{"service.name", "shop", "mlflow.artifactLocation", place})}
	if a := g.export(t, "alice", mine.exp, asProto(t, good), nil); a.Status != 200 {
		t.Errorf("harmless attributes: got %d %s", a.Status, a.Body)
	}
	tags := fmt.Sprint(rowsOf(t, srv, id).Rows["trace_tags"])
	for _, want := range []string{`"value": "vision"`, `"value": "shop"`} {
		if !strings.Contains(tags, want) {
			t.Errorf("no %s in %s", want, tags)
		}
	}
	if strings.Contains(tags, place) {
		t.Errorf("the trace is read from bob's folder: %s", tags)
	}
}

func TestPackedSpansAreBounded(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	exp := srv.CreateExperiment(t, mlflowtest.Name(t, "cv/packed"))
	good := asProto(t, spans("ok", []string{newTraceID()}))
	bomb := packed(t, "gzip", make([]byte, 65<<20))
	empty := bytes.Repeat([]byte{0x0a, 0x00}, 3<<20) // attributes of no bytes, which take much memory
	empty = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), empty)
	empty = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), empty)
	for _, c := range []struct {
		name, encoding string
		body           []byte
		want           int
	}{
		{"gzip", "gzip", packed(t, "gzip", good), 200},
		{"in capitals", "GZIP", packed(t, "gzip", good), 200},
		{"deflate", "deflate", packed(t, "zlib", good), 200},
		{"raw deflate", "deflate", packed(t, "flate", good), 200},
		{"identity", "identity", good, 200},
		{"bomb", "gzip", bomb, 413},
		{"bomb of bombs", "gzip", packed(t, "gzip", bomb), 400},
		{"raw bomb", "deflate", packed(t, "flate", make([]byte, 65<<20)), 413},
		{"many empty messages", "gzip", packed(t, "gzip", empty), 400},
		{"cut", "gzip", packed(t, "gzip", good)[:30], 400},
		{"wrong checksum", "gzip", spoiled(packed(t, "gzip", good)), 400},
		{"something behind it", "deflate", append(packed(t, "zlib", good), good...), 400},
		{"not packed", "gzip", good, 400},
		{"twice packed", "gzip, gzip", packed(t, "gzip", packed(t, "gzip", good)), 400},
		{"zstd", "zstd", good, 400},
	} {
		if a := g.export(t, "alice", exp, c.body, http.Header{"Content-Encoding": {c.encoding}}); a.Status != c.want {
			t.Errorf("%s: got %d %s, want %d", c.name, a.Status, a.Body, c.want)
		}
	}
	for _, c := range []http.Header{
		{"Content-Encoding": {"identity", "gzip"}}, {"Content-Type": {"text/plain"}}, {"Content-Type": {"application/x-www-form-urlencoded"}},
	} {
		if a := g.export(t, "alice", exp, good, c); a.Status != 400 {
			t.Errorf("%v: got %d %s, want 400", c, a.Status, a.Body)
		}
	}
}

func spoiled(b []byte) []byte {
	b[len(b)-8] ^= 1
	return b
}

// The row says that sending a batch twice does no more than once.
func TestSpansSentTwiceAreThereOnce(t *testing.T) {
	t.Parallel()
	srv, g, mine, _ := twoTeams(t)
	id := newTraceID()
	req := spans("root", []string{id}, "mlflow.chat.tokenUsage", `{"input_tokens":3,"output_tokens":4,"total_tokens":7}`, "mlflow.traceTag.a", "b", "session.id", "s")
	child := spans("child", []string{id}, "user.id", "u")
	child.ResourceSpans[0].ScopeSpans[0].Spans[0].ParentSpanId = []byte("root....")
	req.ResourceSpans = append(req.ResourceSpans, child.ResourceSpans...)
	header := http.Header{"X-Mlflow-Run-Id": {mine.run}}
	var before mlflowtest.Snapshot
	for i := range 3 {
		if a := g.export(t, "alice", mine.exp, asProto(t, req), header); a.Status != 200 {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
		now := rowsOf(t, srv, id)
		for j, row := range now.Rows["trace_info"] { // counts the writes
			now.Rows["trace_info"][j] = generation.ReplaceAllString(row, "")
		}
		if d := before.Diff(now); i > 0 && d != "" {
			t.Errorf("the %d. time changes something:\n%s", i+1, d)
		}
		before = now
	}
	if len(before.Rows["spans"]) != 2 || len(before.Rows["entity_associations"]) != 1 {
		t.Errorf("MLflow holds %v", before.Rows)
	}
}

// Two teams that choose the same id at the same time do not share a trace.
func TestATraceOfTwoTeamsAtOnceBelongsToOne(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	var ids []string
	for range 20 {
		id := newTraceID()
		ids = append(ids, "tr-"+id)
		var got [2]answer
		var wg sync.WaitGroup
		for i, who := range []struct{ user, exp, span string }{{"alice", mine.exp, "hers"}, {"bob", theirs.exp, "his"}} {
			body := asProto(t, spans(who.span, []string{id}))
			wg.Go(func() { got[i] = g.export(t, who.user, who.exp, body, nil) })
		}
		wg.Wait()
		if sum := got[0].Status + got[1].Status; sum != 604 {
			t.Errorf("%s: got %d and %d", id, got[0].Status, got[1].Status)
		}
	}
	rows := rowsOf(t, srv, ids...).Rows["spans"]
	if len(rows) != len(ids) {
		t.Errorf("%d spans in %d traces", len(rows), len(ids))
	}
	for _, row := range rows {
		if strings.Contains(row, `"experiment_id": `+mine.exp+",") != strings.Contains(row, `"name": "hers"`) {
			t.Errorf("a span lies with the other team: %s", row)
		}
	}
}

// Where mlgate only watches, it writes down what it would refuse.
func TestWarnModeRecordsForeignSpansAndLetsThemPass(t *testing.T) {
	t.Parallel()
	srv, _, mine, theirs := twoTeams(t)
	g := newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Mode = proxy.Warn })
	a := g.export(t, "alice", mine.exp, asProto(t, spans("warn", []string{strings.TrimPrefix(theirs.tr, "tr-")})), nil)
	if a.Status != 200 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	lines := g.lines(t)
	if last := fmt.Sprint(lines[len(lines)-1]); !strings.Contains(last, "would") && !strings.Contains(last, "no line") {
		t.Errorf("the audit line says nothing of it: %s", last)
	}
}
