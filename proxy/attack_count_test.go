package proxy_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"mlgate/proxy"
)

// counting notes what goes upstream, and how many experiments come back.
type counting struct {
	next http.RoundTripper
	mu   sync.Mutex
	urls []string
	rows int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.urls = append(c.urls, r.Method+" "+r.URL.Path)
	if err == nil && strings.HasSuffix(r.URL.Path, "/search") {
		b, rerr := io.ReadAll(resp.Body)
		resp.Body.Close()
		resp.Body, err = io.NopCloser(bytes.NewReader(b)), rerr
		c.rows += bytes.Count(b, []byte(`"lifecycle_stage"`))
	}
	return resp, err
}

// reset forgets what was counted and gives it.
func (c *counting) reset() (urls []string, rows int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	urls, rows = c.urls, c.rows
	c.urls, c.rows = nil, 0
	return urls, rows
}

func newCountedGate(t *testing.T, upstream, policyText string) (*gate, *counting) {
	t.Helper()
	c := &counting{next: proxy.NewTransport(nil)}
	g := newGate(t, upstream, policyText, func(o *proxy.Options, _ *proxy.Snapshot) { o.Transport = c })
	c.reset()
	return g, c
}

func TestLogMetricOnAKnownRunMakesOneUpstreamCall(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g, c := newCountedGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	r := request{"POST", "runs/log-metric", `{"run_id":"<run>","run_uuid":"<run>","key":"x","value":1,"timestamp":1}`}
	r.send(t, g, "alice", with)
	c.reset()
	for range 5 {
		if a := r.send(t, g, "alice", with); a.Status != 200 {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
	}
	if urls, _ := c.reset(); len(urls) != 5 {
		t.Errorf("5 calls made %d: %v", len(urls), urls)
	}
}

func TestFirstCallsAtTheSameTimeShareOneLookUp(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g, c := newCountedGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	g.do(t, "alice", "GET", "/version", nil)
	c.reset()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			r := request{"POST", "runs/log-metric", `{"run_id":"<run>","key":"y","value":1,"timestamp":1}`}
			if a := r.send(t, g, "alice", with); a.Status != 200 {
				t.Errorf("got %d %s", a.Status, a.Body)
			}
		})
	}
	wg.Wait()
	counts := map[string]int{}
	urls, _ := c.reset()
	for _, u := range urls {
		counts[u]++
	}
	if counts["GET "+api+"runs/get"] != 1 || counts["GET "+api+"experiments/get"] != 1 || counts["POST "+api+"runs/log-metric"] != 20 || len(urls) != 22 {
		t.Errorf("20 calls made %v", counts)
	}
}
