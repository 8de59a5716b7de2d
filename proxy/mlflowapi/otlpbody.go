package mlflowapi

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const protobufType = "application/x-protobuf"

const (
	// mostSpanBytes bounds a batch when it is unpacked.
	mostSpanBytes = 64 << 20
	// mostMessages bounds how many messages a batch consists of: an empty one
	// takes two bytes on the wire and two hundred in memory.
	mostMessages = 2 << 20
	// maxSpanDepth is how deep MLflow's own protobuf library reads.
	maxSpanDepth = 100
)

// decompress unpacks a body as MLflow would, and no further than the bound.
func decompress(in Incoming) ([]byte, error) {
	enc := in.Header["Content-Encoding"]
	if len(enc) > 1 {
		return nil, Bad("send the header Content-Encoding once")
	}
	if len(enc) == 0 || enc[0] == "" || strings.EqualFold(enc[0], "identity") {
		return in.Body, nil
	}
	packed := bytes.NewReader(in.Body)
	var r io.Reader
	var err error
	switch strings.ToLower(enc[0]) {
	case "gzip":
		r, err = gzip.NewReader(packed)
	case "deflate": // some clients send it without zlib's header
		if r, err = zlib.NewReader(packed); err != nil {
			packed.Reset(in.Body)
			r, err = flate.NewReader(packed), nil
		}
	default:
		return nil, Bad("Unsupported Content-Encoding: %s", cut(enc[0]))
	}
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(r, mostSpanBytes+1))
	}
	switch {
	case len(body) > mostSpanBytes:
		return nil, &Error{413, "INVALID_PARAMETER_VALUE", "the spans are larger than 64 MiB unpacked; send smaller batches"}
	case err != nil || packed.Len() > 0:
		return nil, Bad("Failed to decompress %s payload", strings.ToLower(enc[0]))
	}
	return body, nil
}

// readBatch reads the spans, checks what they name, and writes them anew.
// Whatever a proxy and MLflow could read differently (fields in another order,
// unknown or doubled ones, JSON) does not go on.
func (c *Call) readBatch(contentType string, body []byte) (*spanBatch, error) {
	req := &collector.ExportTraceServiceRequest{}
	mime, _, _ := strings.Cut(contentType, ";")
	var err error
	switch mime = strings.TrimSpace(mime); {
	case strings.EqualFold(mime, protobufType):
		err = readProtobuf(body, req)
	case strings.EqualFold(mime, "application/json"):
		err = readSpanJSON(body, req)
	default:
		return nil, Bad("Invalid Content-Type: %s. Expected: application/x-protobuf or application/json", cut(contentType))
	}
	if err != nil {
		return nil, err
	}
	b := &spanBatch{}
	if b.traces, err = c.checkSpans(req); err != nil {
		return nil, err
	}
	if b.body, err = (proto.MarshalOptions{Deterministic: true}).Marshal(req); err != nil {
		return nil, errSpans
	}
	return b, nil
}

var errSpans = Bad("Invalid OpenTelemetry format")

func readProtobuf(body []byte, req *collector.ExportTraceServiceRequest) error {
	left := mostMessages
	if !fewMessages(body, req.ProtoReflect().Descriptor(), maxSpanDepth, &left) {
		return errSpans
	}
	if (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxSpanDepth}).Unmarshal(body, req) != nil {
		return errSpans
	}
	return nil
}

// fewMessages counts a message's parts before memory is taken for them.
func fewMessages(b []byte, of protoreflect.MessageDescriptor, depth int, left *int) bool {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return false
		}
		f := of.Fields().ByNumber(num)
		if kind == protowire.BytesType && f != nil && f.Message() != nil {
			part, m := protowire.ConsumeBytes(b[n:])
			*left--
			if m < 0 || *left < 0 || depth == 0 || !fewMessages(part, f.Message(), depth-1, left) {
				return false
			}
			b = b[n+m:]
			continue
		}
		m := protowire.ConsumeFieldValue(num, kind, b[n:])
		if m < 0 {
			return false
		}
		b = b[n+m:]
	}
	return true
}

// readSpanJSON reads OTLP's JSON, in which ids are hex and not the base64 of
// protobuf's. protojson knows only the latter; every string of 16 or 32 hex
// digits is base64 too, and written as base64 again it is what stood there.
func readSpanJSON(body []byte, req *collector.ExportTraceServiceRequest) error {
	dec := jsontext.NewDecoder(bytes.NewReader(body)) // refuses bad UTF-8 and duplicate names at any depth
	for left := mostMessages; ; {
		tok, err := dec.ReadToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return badJSON(err)
		}
		if tok.Kind() == '{' {
			left--
		}
		if left < 0 || dec.StackDepth() > 4*maxSpanDepth {
			return errSpans
		}
	}
	if (protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxSpanDepth}).Unmarshal(body, req) != nil {
		return errSpans
	}
	ok := true
	fromHex := func(id *[]byte) {
		var err error
		*id, err = hex.DecodeString(base64.StdEncoding.EncodeToString(*id))
		ok = ok && err == nil
	}
	for s := range spansOf(req) {
		fromHex(&s.TraceId)
		fromHex(&s.SpanId)
		fromHex(&s.ParentSpanId)
		for _, l := range s.Links {
			fromHex(&l.TraceId)
			fromHex(&l.SpanId)
		}
	}
	if !ok {
		return Bad("Invalid OpenTelemetry format: in JSON, ids are hexadecimal")
	}
	return nil
}

// spansOf gives all spans of a batch.
func spansOf(req *collector.ExportTraceServiceRequest) func(yield func(*trace.Span) bool) {
	return func(yield func(*trace.Span) bool) {
		for _, rs := range req.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					if !yield(s) {
						return
					}
				}
			}
		}
	}
}

// checkSpans checks ids and tags, and gives the traces. MLflow pads short ids
// and takes long ones: each would be another spelling of a trace's id. Links are
// kept as text of the span, and followed by nobody.
func (c *Call) checkSpans(req *collector.ExportTraceServiceRequest) (traces []string, err error) {
	for _, rs := range req.ResourceSpans {
		for _, a := range rs.Resource.GetAttributes() {
			if !strings.HasPrefix(a.Key, "mlflow.") { // MLflow passes over those
				if err := c.spanTag(a.Key); err != nil {
					return nil, err
				}
			}
		}
	}
	seen := map[string]bool{}
	for s := range spansOf(req) {
		if !wholeID(s.TraceId, 16) || !wholeID(s.SpanId, 8) || (len(s.ParentSpanId) > 0 && len(s.ParentSpanId) != 8) {
			return nil, Bad("Invalid OpenTelemetry format: a trace's id has 16 bytes, a span's 8, and they are not all zero")
		}
		if err := c.checkAttributes(s.Attributes); err != nil {
			return nil, err
		}
		if id := prefixes[traceID] + hex.EncodeToString(s.TraceId); !seen[id] {
			seen[id], traces = true, append(traces, id)
		}
	}
	if len(traces) > mostSpanTraces {
		return nil, Bad("the batch is about %d traces, and one call may be about %d: send smaller batches", len(traces), mostSpanTraces)
	}
	return traces, nil
}

func (c *Call) checkAttributes(attributes []*common.KeyValue) error {
	for _, a := range attributes {
		if key, ok := strings.CutPrefix(a.Key, traceTagPrefix); ok {
			if err := c.spanTag(key); err != nil {
				return err
			}
		}
	}
	return nil
}

func wholeID(b []byte, n int) bool {
	return len(b) == n && len(bytes.Trim(b, "\x00")) > 0
}
