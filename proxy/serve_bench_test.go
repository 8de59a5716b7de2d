package proxy_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"

	"mlgate/auth"
	"mlgate/auth/basic"
	"mlgate/policy"
	"mlgate/proxy"
	"mlgate/proxy/mlflowapi"
)

// inMemory is an upstream without a network: what is left to measure is the
// gate itself.
type inMemory struct{}

func (inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"experiment": {"experiment_id": "1", "name": "cv/x", "lifecycle_stage": "active"}}`
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// lent is a pool of buffers like the gate's.
type lent struct{ sync.Pool }

func (l *lent) Get() []byte {
	if b, ok := l.Pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 64<<10)
}

func (l *lent) Put(b []byte) { l.Pool.Put(&b) }

// sink is a client that keeps nothing.
type sink struct {
	h      http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(code int)        { s.status = code }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) Flush()                      {}

// BenchmarkServeGet is one experiments/get through all rooms, beside the
// standard reverse proxy that checks nothing.
func BenchmarkServeGet(b *testing.B) {
	up, err := url.Parse("http://127.0.0.1:5000")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("mlgate", func(b *testing.B) { serveGet(b, benchGate(b, up)) })
	b.Run("bare", func(b *testing.B) {
		serveGet(b, &httputil.ReverseProxy{Transport: inMemory{}, BufferPool: &lent{}, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(up)
			r.SetXForwarded()
		}})
	})
}

func serveGet(b *testing.B, h http.Handler) {
	r := httptest.NewRequest("GET", api+"experiments/get?experiment_id=1", nil)
	r.SetBasicAuth("alice", "alice")
	r.RemoteAddr = "127.0.0.1:40000"
	r.Body = http.NoBody
	b.ReportAllocs()
	for b.Loop() {
		w := &sink{h: http.Header{}}
		q := *r
		u := *r.URL
		q.URL = &u
		h.ServeHTTP(w, &q)
		if w.status != 200 {
			b.Fatalf("got %d", w.status)
		}
	}
}

func benchGate(b *testing.B, up *url.URL, change ...func(*mlflowapi.Table)) http.Handler {
	b.Helper()
	pol, _, err := policy.Parse("policy.csv", []byte(rules))
	if err != nil {
		b.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("alice"), bcrypt.MinCost)
	if err != nil {
		b.Fatal(err)
	}
	users, err := basic.Parse("users.htpasswd", []byte("alice:"+string(hash)+"\n"))
	if err != nil {
		b.Fatal(err)
	}
	verified, err := basic.NewVerified(100)
	if err != nil {
		b.Fatal(err)
	}
	table, err := mlflowapi.NewTable()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range change {
		c(table)
	}
	who := auth.NewThrottle(auth.ThrottleOptions{}).Wrap(auth.Chain{basic.Authenticator{Users: users, Verified: verified}})
	snap := &proxy.Snapshot{Who: who, Policy: pol, Mode: proxy.Enforce}
	p, err := proxy.New(proxy.Options{
		Upstream: up, Transport: inMemory{}, Snapshot: func() *proxy.Snapshot { return snap }, Table: table,
		SealKeys: [][]byte{bytes.Repeat([]byte{7}, 32)}, Audit: func(l *proxy.AuditLine) { _, _ = io.Discard.Write(l.AppendJSON(nil)) },
		Log: slog.New(slog.DiscardHandler), Metrics: proxy.NewMetrics(prometheus.NewRegistry()),
	})
	if err != nil {
		b.Fatal(err)
	}
	return p
}
