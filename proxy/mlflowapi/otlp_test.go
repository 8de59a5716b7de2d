package mlflowapi

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const spanJSON = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[
{"traceId":"4BF92F3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","name":"root","kind":1,"startTimeUnixNano":"1","endTimeUnixNano":2,"links":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}],
 "attributes":[{"key":"mlflow.traceTag.k","value":{"stringValue":"v"}},{"key":"n","value":{"arrayValue":{"values":[{"intValue":"3"},{"kvlistValue":{"values":[{"key":"x","value":{"doubleValue":0.5}}]}}]}}}]},
{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b8","parentSpanId":"00f067aa0ba902b7","name":"child","unknown":{"a":[1]}}]}]}]}`

// readBatchOf reads a batch as the row does.
func readBatchOf(t testing.TB, body []byte, mime, encoding string) (*Call, error) {
	m, _ := newTestTable(t).Find("POST", "/v1/traces")
	header := map[string][]string{experimentHeader: {"7"}, runHeader: {strings.Repeat("a", 32)}}
	if encoding != "" {
		header["Content-Encoding"] = []string{encoding}
	}
	return m.Read(Incoming{Method: "POST", ContentType: mime, Header: header, Body: body})
}

// sentSpans decodes what would go upstream.
func sentSpans(t testing.TB, c *Call) *collector.ExportTraceServiceRequest {
	t.Helper()
	req := &collector.ExportTraceServiceRequest{}
	if err := proto.Unmarshal(c.Request().Body, req); err != nil {
		t.Fatalf("what goes upstream is no OTLP: %v", err)
	}
	return req
}

func TestJSONSpansGoOnAsProtobuf(t *testing.T) {
	t.Parallel()
	c, err := readBatchOf(t, []byte(spanJSON), "application/json; charset=utf-8", "")
	if err != nil {
		t.Fatal(err)
	}
	r := c.Request()
	if r.Header["Content-Type"] != protobufType || r.Header[experimentHeader] != "7" || r.Header[runHeader] != strings.Repeat("a", 32) || len(r.Header) != 3 || r.Query != "" || r.Path != "/v1/traces" {
		t.Errorf("got %+v", r)
	}
	if want := []string{"tr-4bf92f3577b34da6a3ce929d0e0e4736"}; !slices.Equal(c.spans.traces, want) {
		t.Errorf("got %v, want %v", c.spans.traces, want)
	}
	spans := slices.Collect(spansOf(sentSpans(t, c)))
	if len(spans) != 2 || hex.EncodeToString(spans[1].ParentSpanId) != "00f067aa0ba902b7" || hex.EncodeToString(spans[0].Links[0].TraceId) != "0af7651916cd43dd8448eb211c80319c" || len(spans[0].Attributes) != 2 {
		t.Errorf("got %v", spans)
	}
	if got := c.Targets; len(got) != 2 || got[0].ID != "7" || got[0].Action != Edit || !got[1].Link {
		t.Errorf("targets %+v", got)
	}
}

// The same spans in both encodings are one request.
func TestBothEncodingsOfSpansMeanTheSame(t *testing.T) {
	t.Parallel()
	a, err := readBatchOf(t, []byte(spanJSON), "application/json", "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := readBatchOf(t, a.Request().Body, protobufType, "")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Request().Body, b.Request().Body) || !slices.Equal(a.spans.traces, b.spans.traces) {
		t.Errorf("got %x, want %x", b.Request().Body, a.Request().Body)
	}
}

// A message within itself, again and again, must not use up the stack.
func TestDeepSpansAreRefused(t *testing.T) {
	t.Parallel()
	deep := []byte{}
	for range 5000 {
		deep = protowire.AppendBytes([]byte{0x0a}, deep) // the values of a list
		deep = protowire.AppendBytes([]byte{0x2a}, deep) // a value that is a list
	}
	deep = protowire.AppendBytes([]byte{0x12}, deep) // an attribute's value
	for _, num := range []protowire.Number{9, 2, 2, 1} {
		deep = protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), deep)
	}
	if _, err := readBatchOf(t, deep, protobufType, ""); err == nil {
		t.Error("protobuf: accepted")
	}
	list := strings.Repeat(`{"arrayValue":{"values":[`, 5000) + strings.Repeat(`]}}`, 5000)
	if _, err := readBatchOf(t, []byte(`{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":`+list+`}]}}]}`), "application/json", ""); err == nil {
		t.Error("JSON: accepted")
	}
}

func TestABatchIsAboutABoundedNumberOfTraces(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range mostSpanTraces + 1 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"spanId":"00f067aa0ba902b7","traceId":"` + strings.TrimPrefix(traceID.absent(i), "tr-") + `"}`)
	}
	_, err := readBatchOf(t, []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[`+b.String()+`]}]}]}`), "application/json", "")
	if err == nil || !strings.Contains(err.Error(), "smaller batches") {
		t.Errorf("got %v", err)
	}
}

// unknown reports whether a message holds fields that its description lacks.
func unknown(m protoreflect.Message) bool {
	found := len(m.GetUnknown()) > 0
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				found = found || unknown(v.List().Get(i).Message())
			}
		default:
			found = found || unknown(v.Message())
		}
		return !found
	})
	return found
}

// What goes upstream is about the traces that were checked and no others, in
// ids of the one right length, and sets no tag that is not the client's.
func FuzzOTLP(f *testing.F) {
	add := func(body []byte) {
		f.Add(body, true, "")
		f.Add(body, false, "")
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		w.Write(body)
		w.Close()
		f.Add(packed.Bytes(), false, "gzip")
	}
	add([]byte(spanJSON))
	if c, err := readBatchOf(f, []byte(spanJSON), "application/json", ""); err == nil {
		add(c.Request().Body)
	}
	for _, s := range []string{
		`{"resourceSpans":[{"scopeSpans":[{"spans":[{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}]}]}]}`,
		`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","trace_id":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7"}]}]}]}`,
		`{"resourceSpans":[{"resource":{"attributes":[{"key":"mlgate.user","value":{"stringValue":"x"}}]}}]}`,
		`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","attributes":[{"key":"mlflow.traceTag.mlflow.artifactLocation"}]}]}]}]}`,
		"\n\x00", "\n\x04\x12\x02\x12\x00", "\x0a\xff\xff\xff\xff\x0f",
	} {
		add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool, encoding string) {
		mime := protobufType
		if isJSON {
			mime = "application/json"
		}
		c, err := readBatchOf(t, body, mime, encoding)
		if err != nil {
			return
		}
		req := sentSpans(t, c)
		if unknown(req.ProtoReflect()) {
			t.Fatal("unknown fields go upstream")
		}
		seen := map[string]bool{}
		for s := range spansOf(req) {
			seen["tr-"+hex.EncodeToString(s.TraceId)] = true
			if len(s.TraceId) != 16 || len(s.SpanId) != 8 {
				t.Fatalf("ids %x %x", s.TraceId, s.SpanId)
			}
			for _, a := range s.Attributes {
				if key, ok := strings.CutPrefix(a.Key, "mlflow.traceTag."); ok && c.Refused == nil && isPlaceTag(key) {
					t.Fatalf("the tag %q goes upstream", key)
				}
			}
		}
		for _, rs := range req.ResourceSpans {
			for _, a := range rs.Resource.GetAttributes() {
				if strings.HasPrefix(a.Key, "mlgate.") {
					t.Fatalf("the tag %q goes upstream", a.Key)
				}
			}
		}
		if len(seen) != len(c.spans.traces) {
			t.Fatalf("checked %v, sent %v", c.spans.traces, seen)
		}
		for _, id := range c.spans.traces {
			if !seen[id] || !ValidTraceID(id) {
				t.Fatalf("checked %v, sent %v", c.spans.traces, seen)
			}
		}
	})
}
