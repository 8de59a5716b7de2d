package proxy

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AuditLine is what is recorded of one call. It is read while the call ends and
// must not be kept.
type AuditLine struct {
	// Decision is "allow", "deny", or "would-deny" where mlgate only watches.
	Decision string
	// Rule decided: the text of a line of the policy, or words of mlgate's own.
	Rule string
	// Line is the rule's number in the policy file; 0: no line of it.
	Line int

	s     *session
	w     *response
	ended time.Time
	took  time.Duration
}

// record ends a call: it is counted, and its audit line written.
func (s *session) record(w *response) {
	l := AuditLine{Decision: s.decision(w.status), Rule: s.denied, Line: s.line, s: s, w: w, ended: time.Now()}
	l.took = l.ended.Sub(s.start)
	if l.Rule == "" {
		l.Rule = s.rule
	}
	s.p.opts.Metrics.count(&l)
	if s.p.opts.Audit != nil {
		s.p.opts.Audit(&l)
	}
}

// decision: allow, deny, or would-deny where mlgate only watches.
func (s *session) decision(status int) string {
	switch {
	case s.denied != "" && s.rights.watch && status != http.StatusForbidden:
		return "would-deny"
	case s.denied != "" || status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests:
		return "deny"
	default:
		return "allow"
	}
}

// AppendJSON appends the line as log/slog's JSON handler would write it, with
// its end of line. A call costs one; by hand it takes a quarter of the time.
func (l *AuditLine) AppendJSON(b []byte) []byte {
	s := l.s
	b = append(b, `{"time":"`...)
	b = l.ended.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"INFO","msg":"call"`...)
	b = appendText(b, "request_id", s.requestID)
	b = appendText(b, "client", s.client)
	b = appendText(b, "http_method", s.method)
	b = appendText(b, "path", s.path)
	b = appendNumber(b, "status", int64(l.w.status))
	b = appendText(b, "decision", l.Decision)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(l.took.Microseconds())/1000, 'f', -1, 64)
	b = appendNumber(b, "bytes_in", atomic.LoadInt64(&s.bytesIn))
	b = appendNumber(b, "bytes_out", l.w.bytes)
	if s.id != nil {
		b = appendText(b, "user", s.id.User)
		b = appendText(b, "sign_in", string(s.id.Method))
		if s.id.TokenID != "" {
			b = appendText(b, "token_id", s.id.TokenID)
		}
		if s.id.SessionID != "" {
			b = appendText(b, "session_id", s.id.SessionID)
		}
		if s.id.Issuer != "" {
			b = appendText(b, "issuer", s.id.Issuer)
			b = appendText(b, "subject", s.id.Subject)
		}
	}
	if s.endpoint != nil {
		b = appendText(b, "endpoint", s.endpoint.Name)
	}
	if s.upstream != 0 {
		b = appendNumber(b, "upstream_status", int64(s.upstream))
	}
	if l.Rule != "" {
		b = appendText(b, "rule", l.Rule)
	}
	if l.Line > 0 {
		b = appendNumber(b, "line", int64(l.Line))
	}
	return append(l.appendResources(b), "}\n"...)
}

// appendResources lists what the call names: by name, or by an id that leads to none.
func (l *AuditLine) appendResources(b []byte) []byte {
	if l.s.call == nil || len(l.s.call.Targets) == 0 {
		return b
	}
	b = append(b, `,"resources":[`...)
	for i, t := range l.s.call.Targets {
		if i > 0 {
			b = append(b, ',')
		}
		name := t.Name
		if name == "" {
			name = "#" + t.ID
		}
		b = appendQuoted(b, t.Kind.String()+":"+name+" "+t.Action.String())
	}
	return append(b, ']')
}

func appendText(b []byte, key, val string) []byte {
	return appendQuoted(appendKey(b, key), val)
}

func appendNumber(b []byte, key string, val int64) []byte {
	return strconv.AppendInt(appendKey(b, key), val, 10)
}

// appendKey appends a key of our own, which needs no escapes.
func appendKey(b []byte, key string) []byte {
	b = append(b, `,"`...)
	b = append(b, key...)
	return append(b, `":`...)
}

// appendQuoted appends a string. Bytes that are no UTF-8 read U+FFFD, which is
// all that the error would say.
func appendQuoted(b []byte, val string) []byte {
	b, _ = jsontext.AppendQuote(b, val)
	return b
}
