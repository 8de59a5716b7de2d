package proxy

import (
	"bytes"
	"context"
	"errors"
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
		return e.Args == mlflowapi.InQuery || e.Args == mlflowapi.InBody
	}
}

// relay sends a JSON call and gives MLflow's answer as it comes. The reverse
// proxy would copy the client's request, only for us to throw all of it away;
// these calls are the ones that come by the thousand, so their request is
// written anew from the start.
func (p *Proxy) relay(w http.ResponseWriter, r *http.Request, s *session) error {
	req, err := p.request(traced(r.Context(), &s.out.sent), r, s)
	if err != nil {
		return err
	}
	resp, err := p.opts.Transport.RoundTrip(req)
	if err != nil {
		return s.unreached(r.Context(), err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return s.lost(errSwitched)
	}
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
	h := w.Header()
	for name, values := range resp.Header {
		if _, ours := h[name]; !ours {
			h[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	if r.Method == http.MethodHead {
		return nil
	}
	return s.cut(r.Context(), pour(w, resp, buf, n, end))
}

// errSwitched: nobody asked MLflow for another protocol.
var errSwitched = errors.New("MLflow switched to another protocol unasked")

// request is the canonical request with what the client may say beside it.
func (p *Proxy) request(ctx context.Context, r *http.Request, s *session) (*http.Request, error) {
	var body io.Reader
	if s.out.req.Body != nil {
		body = bytes.NewReader(s.out.req.Body)
	}
	req, err := http.NewRequestWithContext(ctx, s.out.req.Method, "", body)
	if err != nil {
		return nil, err
	}
	req.URL, req.Header = p.up.url(s.out.req), outHeader(r.Header, s)
	if _, named := req.Header["User-Agent"]; !named {
		req.Header["User-Agent"] = nil // else Go's own name would stand there
	}
	if body != nil {
		req.Header["Content-Type"] = []string{"application/json"}
		s.bytesIn = int64(len(s.out.req.Body))
	}
	return req, nil
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
