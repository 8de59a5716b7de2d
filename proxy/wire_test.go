package proxy_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire is an upstream whose answers are written byte for byte. What ids mean
// it tells by itself; all else is for answer, with the body still unread, after
// which the connection is closed.
func wire(t *testing.T, answer func(c net.Conn, r *http.Request)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() { l.Close(); open.Wait() })
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				r, err := http.ReadRequest(in)
				for err == nil && r.Header.Get("User-Agent") == "mlgate" && (r.Method == "GET" || strings.HasSuffix(r.URL.Path, "search")) {
					io.WriteString(c, meaning(r))
					r, err = http.ReadRequest(in)
				}
				if err == nil {
					answer(c, r)
				}
			})
		}
	})
	return "http://" + l.Addr().String()
}

// meaning answers the gate's own questions: all there is is experiment 7, cv/x.
func meaning(r *http.Request) string {
	_, _ = io.Copy(io.Discard, r.Body)
	body := `{"experiment":{"experiment_id":"7","name":"cv/x","artifact_location":"mlflow-artifacts:/7"}}`
	switch {
	case strings.HasSuffix(r.URL.Path, "runs/get"):
		body = `{"run":{"info":{"run_id":"` + knownRun + `","experiment_id":"7","artifact_uri":"mlflow-artifacts:/7/` + knownRun + `/artifacts"}}}`
	case strings.HasSuffix(r.URL.Path, "search"):
		body = `{}`
	}
	return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// says is an upstream that answers every call with the same bytes.
func says(t *testing.T, raw string) string {
	return wire(t, func(c net.Conn, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		io.WriteString(c, raw)
	})
}

// The ways that an answer can take through the gate.
var (
	byRelay  = request{"GET", "experiments/get?experiment_id=7", ""}
	byStream = request{"GET", store + "/7/" + knownRun + "/artifacts/x", ""}
	bothWays = []request{byRelay, byStream}
)

// open sends a call whose answer the test reads by itself.
func (g *gate) open(ctx context.Context, t *testing.T, r request, body io.Reader, header ...string) (*http.Response, error) {
	t.Helper()
	path := r.path
	if !strings.HasPrefix(path, "/") {
		path = api + path
	}
	if body == nil && r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, g.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.SetBasicAuth("alice", "alice")
	return noRedirect.Do(req)
}

// soon waits for something that must happen within seconds.
func soon(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Errorf("%s: not after 20 s", what)
	}
}
