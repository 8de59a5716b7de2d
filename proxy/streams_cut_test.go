package proxy_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// tap is what goes through a connection to an upstream, counted.
type tap struct {
	net.Conn
	n *atomic.Int64
}

func (c tap) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.n.Add(int64(n))
	return n, err
}

func TestClientThatLeavesADownloadStopsIt(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"length": "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n", "until close": "HTTP/1.1 200 OK\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			stopped := make(chan struct{})
			g := newGate(t, wire(t, func(c net.Conn, _ *http.Request) {
				io.WriteString(c, head)
				_, _ = io.Copy(tap{c, &sent}, &zeros{1 << 40})
				close(stopped)
			}), rules)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			resp, err := g.open(ctx, t, byStream, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if _, err := io.CopyN(io.Discard, resp.Body, 10<<20); err != nil {
				t.Fatal(err)
			}
			leave()
			soon(t, "the upstream transfer stops", stopped)
			before := sent.Load()
			time.Sleep(200 * time.Millisecond)
			if after := sent.Load(); after != before || after < 10<<20 {
				t.Errorf("sent %d bytes, then %d", before, after)
			}
		})
	}
}

// A client that only pauses must hold MLflow back, not fill the gate.
func TestClientThatPausesADownloadHoldsItBack(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	g := newGate(t, wire(t, func(c net.Conn, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		_, _ = io.Copy(tap{c, &sent}, &zeros{1 << 40})
	}), rules)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	resp, err := g.open(ctx, t, byStream, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	before, after := int64(-1), sent.Load()
	for deadline := time.Now().Add(20 * time.Second); before != after && time.Now().Before(deadline); {
		time.Sleep(500 * time.Millisecond)
		before, after = after, sent.Load()
	}
	if before != after || after > 48<<20 { // what two connections' socket buffers hold
		t.Errorf("MLflow sent %d bytes to a client that reads none, then %d", before, after)
	}
}

// broken is how an upload of 16 MiB begins and how its first half is framed.
var broken = map[string]string{"length": "Content-Length: 16777216\r\n\r\n", "chunks": "Transfer-Encoding: chunked\r\n\r\n1000000\r\n"}

// leave sends half an upload and goes away.
func (g *gate) leave(t *testing.T, path, framed string) {
	t.Helper()
	c, err := net.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "PUT "+path+" HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YWxpY2U6YWxpY2U=\r\n"+framed)
	if n, err := io.Copy(c, &zeros{8 << 20}); err != nil {
		t.Errorf("sent %d bytes: %v", n, err)
	}
}

func TestClientThatLeavesAnUploadStopsIt(t *testing.T) {
	t.Parallel()
	for name, framed := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ended error
			stopped := make(chan struct{})
			g := newGate(t, wire(t, func(_ net.Conn, r *http.Request) {
				_, ended = io.Copy(io.Discard, r.Body)
				close(stopped)
			}), rules)
			g.leave(t, byStream.path, framed)
			soon(t, "the upstream transfer stops", stopped)
			if ended == nil {
				t.Error("the upload looks whole to MLflow")
			}
			g.told(t, 499)
		})
	}
}

// told waits for the audit line of the last call.
func (g *gate) told(t *testing.T, status int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if l := g.lines(t); len(l) > 0 {
			if got := l[len(l)-1]["status"]; got != float64(status) {
				t.Errorf("the audit line says %v, want %d", got, status)
			}
			return
		}
	}
	t.Error("no audit line")
}

func TestUploadThatIsLeftLeavesNoFileInMLflow(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	dir := filepath.Join(srv.ArtifactDir(), mine.exp, mine.run, "artifacts")
	for name, framed := range broken {
		g.leave(t, store+"/"+mine.exp+"/"+mine.run+"/artifacts/"+name, framed)
	}
	var left []string
	for range 20 { // MLflow tidies up in its own time
		time.Sleep(100 * time.Millisecond)
		left = nil
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != "secret.txt" && e.Name() != mine.secret {
				left = append(left, e.Name())
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("MLflow keeps %v of an upload that was broken off", left)
	}
}

// MLflow has told the length when the file shrinks under its hands.
func TestDownloadThatMLflowCutsIsNotWhole(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	file := filepath.Join(srv.ArtifactDir(), mine.exp, mine.run, "artifacts/shrinks")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 256<<20); err != nil {
		t.Fatal(err)
	}
	resp, err := g.open(t.Context(), t, request{"GET", store + "/" + mine.exp + "/" + mine.run + "/artifacts/shrinks", ""}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := os.Truncate(file, 1<<20); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil || n >= 256<<20 {
		t.Errorf("%d: %d bytes look like a whole file", resp.StatusCode, n)
	}
}

// The look-up is answered by then, and the connection for the file is not made.
func TestFileOfAnUpstreamThatWentDownIs503(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_, body, _ := strings.Cut(meaning(r), "\r\n\r\n")
		io.WriteString(w, body)
	}))
	defer up.Close()
	g := newGate(t, up.URL, rules)
	if a := byStream.send(t, g, "alice", fill(side{}, side{})); a.Status != 200 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	up.Close()
	for _, r := range []request{byStream, {"PUT", byStream.path, "file"}, {"HEAD", byStream.path, ""}} {
		a := r.send(t, g, "alice", fill(side{}, side{}))
		if a.Status != 503 || r.method != "HEAD" && a.json(t)["error_code"] != "TEMPORARILY_UNAVAILABLE" {
			t.Errorf("%v: got %d %s, want 503", r, a.Status, a.Body)
		}
	}
}
