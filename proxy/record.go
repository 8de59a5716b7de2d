package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// response notes what was answered.
type response struct {
	http.ResponseWriter
	s      *session
	status int
	bytes  int64
	wrote  bool
}

func (w *response) WriteHeader(code int) {
	if code >= 200 && !w.wrote {
		w.status, w.wrote = code, true
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *response) Write(b []byte) (int, error) {
	if !w.wrote {
		w.status, w.wrote = http.StatusOK, true
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// record writes the call's audit line.
func (s *session) record(w *response) {
	took := time.Since(s.start)
	s.p.opts.Metrics.count(s, w, took)
	if s.p.opts.Audit == nil {
		return
	}
	attrs := make([]slog.Attr, 0, 18)
	attrs = append(attrs,
		slog.String("request_id", s.requestID),
		slog.String("client", s.client),
		slog.String("http_method", s.method),
		slog.String("path", s.path),
		slog.Int("status", w.status),
		slog.String("decision", s.decision(w.status)),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes_in", atomic.LoadInt64(&s.bytesIn)),
		slog.Int64("bytes_out", w.bytes),
	)
	if s.id != nil {
		attrs = append(attrs, slog.String("user", s.id.User), slog.String("sign_in", string(s.id.Method)))
		if s.id.TokenID != "" {
			attrs = append(attrs, slog.String("token_id", s.id.TokenID))
		}
	}
	if s.endpoint != nil {
		attrs = append(attrs, slog.String("endpoint", s.endpoint.Name))
	}
	if s.upstream != 0 {
		attrs = append(attrs, slog.Int("upstream_status", s.upstream))
	}
	attrs = append(attrs, s.why()...)
	auditLine(s.p.opts.Audit, attrs)
}

// auditLine hands a line to the handler itself: the logger would first look up
// which line of source wrote it, on every call, for nobody to read.
func auditLine(log *slog.Logger, attrs []slog.Attr) {
	h, ctx := log.Handler(), context.Background()
	if !h.Enabled(ctx, slog.LevelInfo) {
		return
	}
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "call", 0)
	r.AddAttrs(attrs...)
	_ = h.Handle(ctx, r) // a log that cannot be written has nowhere to say so
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

// why lists the resources by name and the rule that decided.
func (s *session) why() []slog.Attr {
	var attrs []slog.Attr
	if rule := s.denied; rule != "" {
		attrs = append(attrs, slog.String("rule", rule))
	} else if s.rule != "" {
		attrs = append(attrs, slog.String("rule", s.rule))
	}
	if s.line > 0 {
		attrs = append(attrs, slog.Int("line", s.line))
	}
	if s.call == nil || len(s.call.Targets) == 0 {
		return attrs
	}
	names := make([]string, 0, len(s.call.Targets))
	for _, t := range s.call.Targets {
		name := t.Name
		if name == "" {
			name = "#" + t.ID
		}
		names = append(names, t.Kind.String()+":"+name+" "+t.Action.String())
	}
	return append(attrs, slog.Any("resources", names))
}
