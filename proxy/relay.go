package proxy

import (
	"bytes"
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

// relayed tells whether a call goes through [Proxy.relay]: both its request and
// its answer are JSON. Files, uploads and pages go through the reverse proxy.
func relayed(e *mlflowapi.Endpoint) bool {
	return !e.File && (e.Args == mlflowapi.InQuery || e.Args == mlflowapi.InBody)
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
	dropHopByHop(resp.Header)
	if err := p.modify(resp); err != nil {
		return err
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
	return p.pour(w, resp)
}

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

// pour copies an answer; one of unknown length goes on as it comes. A cut
// answer must not look whole: the error makes the caller break the connection.
func (p *Proxy) pour(w http.ResponseWriter, resp *http.Response) error {
	buf := p.buffers.Get()
	defer p.buffers.Put(buf)
	var flush *http.ResponseController
	if resp.ContentLength < 0 {
		flush = http.NewResponseController(w)
	}
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return errClientGone
			}
			if flush != nil {
				_ = flush.Flush() // a client that is gone shows at the next write
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return &upstreamError{err, true}
		}
	}
}
