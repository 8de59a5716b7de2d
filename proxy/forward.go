package proxy

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"

	"mlgate/proxy/mlflowapi"
)

// passed are the only headers of a client that reach MLflow. Authorization,
// Cookie, Origin, X-Forwarded-*, X-MLFLOW-WORKSPACE and every spelling of
// them stay out because nothing else gets in.
var passed = [...]string{
	"Accept", "Accept-Encoding", "Accept-Language", "User-Agent",
	"Range", "If-Range", "If-None-Match", "If-Modified-Since",
}

// outgoing is a call on its way upstream, kept in the request's context.
type outgoing struct {
	req  *mlflowapi.Request
	sent atomic.Bool
	gone atomic.Bool     // the client broke off its upload
	ctx  context.Context // of a streamed call, as it was before the reverse proxy's hand
}

// reverseProxy streams calls whose answers need no trimming.
func (p *Proxy) reverseProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      final{p.opts.Transport},
		ModifyResponse: p.modify,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			s := sessionOf(r.Context())
			out, ok := w.(*response)
			if !ok {
				panic(http.ErrAbortHandler)
			}
			p.fail(out, r, s, s.unreached(r.Context(), err))
		},
		BufferPool: &p.buffers,
		ErrorLog:   log.New(logWriter{p}, "", 0),
	}
}

// final shows the reverse proxy MLflow's last word only. An interim answer
// (1xx) would make it empty the headers that the gate has set by then, and
// neither its headers nor trailers pass through [Proxy.modify].
type final struct{ http.RoundTripper }

func (f final) RoundTrip(r *http.Request) (*http.Response, error) {
	if s := sessionOf(r.Context()); s != nil && s.out != nil && s.out.ctx != nil {
		r = r.WithContext(s.out.ctx)
	}
	resp, err := f.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	out := *resp // the transport adds trailers to its own
	out.Trailer = nil
	return &out, nil
}

// unreached words why there is no answer of MLflow's.
func (s *session) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil || s.out.gone.Load() {
		return errClientGone
	}
	return &upstreamError{err, s.out.sent.Load()}
}

// stream sends the canonical request and gives MLflow's answer as it comes.
func (p *Proxy) stream(w http.ResponseWriter, r *http.Request, s *session) error {
	s.out = &outgoing{req: s.call.Request()}
	if s.endpoint.Args == mlflowapi.Streamed && r.Method == http.MethodPost && r.ContentLength < 0 {
		return &mlflowapi.Error{Status: 411, Code: "INVALID_PARAMETER_VALUE", Message: "send Content-Length: MLflow reads a chunked body here as an empty one"}
	}
	if s.endpoint.Special == mlflowapi.RenameExperiment || s.endpoint.Special == mlflowapi.DeleteTraces || s.endpoint.Creates {
		defer p.forget(s.call) // also when the answer is lost: it may have been done
	}
	if relayed(s.endpoint) {
		return p.relay(w, r, s)
	}
	delete(r.Header, "Upgrade") // the reverse proxy answers some as if MLflow were down
	s.out.ctx = traced(r.Context(), &s.out.sent)
	p.rp.ServeHTTP(w, r.WithContext(s.out.ctx))
	return nil
}

// forget drops what is known of the names of a call's experiments.
func (p *Proxy) forget(c *mlflowapi.Call) {
	if c.Endpoint.Special == mlflowapi.DeleteTraces {
		for _, id := range c.DeletedTraces() {
			p.names.ForgetTrace(id)
		}
	}
	for _, t := range c.Targets {
		switch {
		case t.New && t.Kind == mlflowapi.Experiment:
			p.names.ForgetName(t.Name)
		case t.ID != "" && c.Endpoint.Special == mlflowapi.RenameExperiment:
			p.names.ForgetExperiment(t.ID)
		}
	}
}

// rewrite builds the outgoing request from what was read, not from what came.
func (p *Proxy) rewrite(pr *httputil.ProxyRequest) {
	s := sessionOf(pr.In.Context())
	h := outHeader(pr.In.Header, s)
	if s.isPage() {
		wholePage(h)
	}
	out := pr.Out
	out.Header, out.Host, out.Trailer = h, "", nil
	out.URL = p.up.url(s.out.req)
	if out.Method == http.MethodHead && !s.endpoint.File {
		out.Method = http.MethodGet // Flask reads a JSON body, not the query, on HEAD
	}
	if s.endpoint.Args != mlflowapi.Streamed || (out.Method != http.MethodPut && out.Method != http.MethodPost) {
		out.Body, out.ContentLength, out.TransferEncoding = http.NoBody, 0, nil
		return
	}
	if ct := pr.In.Header.Get("Content-Type"); ct != "" {
		h.Set("Content-Type", ct)
	}
	if out.Body != nil {
		out.Body = &counted{out.Body, s}
	}
}

// outHeader is all that MLflow gets to read beside the call itself.
func outHeader(in http.Header, s *session) http.Header {
	h := make(http.Header, 12)
	for _, name := range passed {
		if v := in[name]; len(v) > 0 {
			h[name] = v[:1]
		}
	}
	forwardedFor(h, s)
	return h
}

// modify keeps MLflow's own CORS answers and cookies from the client, and
// shuts what an artifact's HTML could do in the gate's origin.
func (p *Proxy) modify(resp *http.Response) error {
	s := sessionOf(resp.Request.Context())
	s.upstream = resp.StatusCode
	for name := range resp.Header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Set-Cookie" || name == "Server" || name == "X-Request-Id" {
			delete(resp.Header, name)
		}
	}
	p.mine(resp.Header, s)
	if s.isPage() && s.snap.SignIn != nil {
		return addScript(resp)
	}
	return nil
}

// counted counts a streamed upload for the audit line, and notes when it is
// the client who breaks it off.
type counted struct {
	io.ReadCloser
	s *session
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	atomic.AddInt64(&c.s.bytesIn, int64(n))
	if err != nil && err != io.EOF {
		c.s.out.gone.Store(true)
	}
	return n, err
}

// buffers lends the buffers through which streams pass.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if v, ok := b.pool.Get().(*[]byte); ok {
		return *v
	}
	return make([]byte, 64<<10)
}

func (b *buffers) Put(v []byte) { b.pool.Put(&v) }

// logWriter sends the reverse proxy's own remarks to the log.
type logWriter struct{ p *Proxy }

func (l logWriter) Write(b []byte) (int, error) {
	l.p.opts.Log.Warn("reverse proxy", "message", strings.TrimSpace(string(b)))
	return len(b), nil
}
