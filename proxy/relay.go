package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"

	"mlgate/proxy/mlflowapi"
)

// hopByHop are the headers that speak of one connection (RFC 9110, 7.6.1).
var hopByHop = [...]string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// relayed tells whether a call goes through [Proxy.relay]: neither its request
// nor its answer is a stream. Files, uploads and pages go through the reverse
// proxy.
func relayed(e *mlflowapi.Endpoint) bool {
	switch {
	case e.File:
		return false
	case e.Args == mlflowapi.Streamed: // deleting a file has no body
		return len(e.Methods) == 1 && e.Methods[0] == http.MethodDelete
	default:
		return e.Args == mlflowapi.InQuery || e.Args == mlflowapi.InBody || e.Args == mlflowapi.InSpans
	}
}

// relay sends a JSON call and gives MLflow's answer as it comes. The reverse
// proxy would copy the client's request, only for us to throw all of it away;
// these calls are the ones that come by the thousand, so their request is
// written anew from the start.
func (p *Proxy) relay(w http.ResponseWriter, r *http.Request, s *session) error {
	h := outHeader(r.Header, s)
	if _, named := h["User-Agent"]; !named {
		h["User-Agent"] = nil // else Go's own name would stand there
	}
	if body := s.out.req.Body; body != nil {
		s.bytesIn = int64(len(body))
	}
	resp, err := p.up.send(traced(r.Context(), &s.out.sent), s.out.req, h)
	if err != nil {
		return s.unreached(r.Context(), err)
	}
	defer resp.Body.Close()
	dropHopByHop(resp.Header)
	if err := p.modify(resp); err != nil {
		return err
	}
	buf := p.buffers.Get()
	defer p.buffers.Put(buf)
	n, end := begin(resp, buf)
	if end != nil && end != io.EOF {
		return s.cut(r.Context(), end)
	}
	answer := w.Header()
	for name, values := range resp.Header {
		if _, ours := answer[name]; !ours {
			answer[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	if r.Method == http.MethodHead {
		return nil
	}
	return s.cut(r.Context(), pour(w, resp, buf, n, end))
}

// dropHopByHop takes out what MLflow's connection to us says of itself.
func dropHopByHop(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
}

// begin reads the start of an answer, which is all of a short one. A client
// whose connection breaks before any answer sends its call again, be it a
// write; so nothing is said to it until MLflow can no longer break off a short
// answer. Events are not waited for.
func begin(resp *http.Response, buf []byte) (n int, err error) {
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return 0, nil
	}
	for n < len(buf) && err == nil {
		var more int
		more, err = resp.Body.Read(buf[n:])
		n += more
	}
	return n, err
}

// pour gives the first n bytes, which stand in buf, and then the rest, if end
// does not say that this was all. What is of unknown length goes on as it comes.
func pour(w http.ResponseWriter, resp *http.Response, buf []byte, n int, end error) error {
	for {
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return errClientGone
			}
		}
		switch {
		case end == io.EOF:
			return nil
		case end != nil:
			return end
		case resp.ContentLength < 0:
			_ = http.NewResponseController(w).Flush() // a client that is gone shows at the next write
		}
		n, end = resp.Body.Read(buf)
	}
}

// cut words what ended an answer early. A cut one must not look whole: once
// some of it is said, the error makes the caller break the connection.
func (s *session) cut(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case err == errClientGone, ctx.Err() != nil:
		return errClientGone
	default:
		return s.lost(err)
	}
}
