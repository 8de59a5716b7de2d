package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"mlgate/proxy/mlflowapi"
)

// mostAnswer bounds an answer that is read whole, to be trimmed.
const mostAnswer = 1 << 30

// upstream asks MLflow with mlgate's own words.
type upstream struct {
	base      *url.URL
	transport http.RoundTripper
}

// upstreamError is a failure to reach MLflow or to hear its answer.
type upstreamError struct {
	error
	sent bool // something of the call was written
}

func (e *upstreamError) Unwrap() error { return e.error }

// NewTransport makes the connection pool towards MLflow. uvicorn closes a
// connection after 5 s of idleness: ours go first, or a POST would now and
// then meet a closed one and could not be repeated. Nothing else is limited in
// time: artifacts are large and searches slow.
func NewTransport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       4 * time.Second,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
		ReadBufferSize:        16 << 10,
		WriteBufferSize:       16 << 10,
	}
}

// url joins MLflow's address and a canonical path.
func (u *upstream) url(r *mlflowapi.Request) *url.URL {
	out := *u.base
	enc := trimSlash(u.base.EscapedPath()) + r.Path
	out.Path, _ = url.PathUnescape(enc)
	out.RawPath = enc
	out.RawQuery = r.Query
	return &out
}

func trimSlash(s string) string {
	if len(s) > 0 && s[len(s)-1] == '/' {
		return s[:len(s)-1]
	}
	return s
}

// errSwitched: nobody asked MLflow for another protocol.
var errSwitched = errors.New("MLflow switched to another protocol unasked")

// send sends a canonical request with these headers and gives MLflow's answer.
func (u *upstream) send(ctx context.Context, r *mlflowapi.Request, h http.Header) (*http.Response, error) {
	var body io.Reader
	if r.Body != nil {
		body, h["Content-Type"] = bytes.NewReader(r.Body), []string{"application/json"}
	}
	for name, v := range r.Header {
		h[name] = []string{v}
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, "", body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.URL, req.Header = u.url(r), h
	resp, err := u.transport.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body.Close()
		return nil, errSwitched
	}
	return resp, err
}

// Do asks MLflow and reads its answer whole.
func (u *upstream) Do(ctx context.Context, r *mlflowapi.Request) (*mlflowapi.Answer, error) {
	var sent atomic.Bool
	h := http.Header{"User-Agent": {"mlgate"}}
	if s := sessionOf(ctx); s != nil {
		forwardedFor(h, s)
	}
	resp, err := u.send(traced(ctx, &sent), r, h)
	if err != nil {
		return nil, &upstreamError{err, sent.Load()}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err != nil {
		return nil, &upstreamError{err, true}
	}
	if len(body) > mostAnswer {
		return nil, &upstreamError{errors.New("answer larger than 1 GiB; ask for smaller pages"), true}
	}
	return &mlflowapi.Answer{Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Body: body}, nil
}

// traced notes when the first bytes of a request go out.
func traced(ctx context.Context, sent *atomic.Bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
}

// forwardedFor tells MLflow the true client, so that what it keeps for its own
// host stays shut to those who come through a gate on the same host.
func forwardedFor(h http.Header, s *session) {
	host, _, err := net.SplitHostPort(s.client)
	if err != nil {
		host = s.client
	}
	v := [...]string{host, s.requestID}
	h["X-Forwarded-For"] = v[0:1:1]
	h["X-Request-Id"] = v[1:2:2]
}
