package proxy_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// repeatable may be sent twice; once may not, nor create, whose answer is read
// whole to be trimmed, nor delFile.
var (
	repeatable = request{"POST", "experiments/set-experiment-tag", `{"experiment_id":"7","key":"k","value":"v"}`}
	once       = request{"POST", "runs/log-model", `{"run_id":"` + knownRun + `","model_json":"{}"}`}
	create     = request{"POST", "runs/create", `{"experiment_id":"7"}`}
	delFile    = request{"DELETE", store + "/7/" + knownRun + "/artifacts/x", ""}
)

// A client repeats a call whose connection breaks before it has read a status,
// whatever the method: a short answer that is cut must be told of.
func TestShortAnswerThatIsCutIsToldOf(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"nothing":             "",
		"half a header":       "HTTP/1.1 200 OK\r\nContent-Le",
		"no body":             "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
		"half a body":         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" + `{"run":{}}`,
		"no last chunk":       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + `{"run":{}}` + "\r\n",
		"half a chunk":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
		"a protocol unasked":  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"only interim words":  "HTTP/1.1 103 Early Hints\r\n\r\n",
		"something else":      "SSH-2.0-OpenSSH_9.2\r\n",
		"interim, then a cut": "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, says(t, raw), rules)
			for _, c := range []struct {
				request
				want int
				code string
			}{{byRelay, 502, "TEMPORARILY_UNAVAILABLE"}, {repeatable, 502, "TEMPORARILY_UNAVAILABLE"}, {once, 409, "ABORTED"}, {create, 409, "ABORTED"}, {delFile, 409, "ABORTED"}} {
				a := c.send(t, g, "lead", fill(side{}, side{}))
				if a.Status != c.want || a.json(t)["error_code"] != c.code || a.Header.Get("X-Frame-Options") == "" {
					t.Errorf("%v: got %d %q, want %d %s", c.request, a.Status, a.Body, c.want, c.code)
				}
			}
		})
	}
}

// Whoever has read the status must see that the rest is missing.
func TestLongAnswerThatIsCutBreaksTheConnection(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300_000)
	for name, raw := range map[string]string{
		"length":        "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + long,
		"no last chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strconv.FormatInt(int64(len(long)), 16) + "\r\n" + long + "\r\n",
		"half a chunk":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n" + long,
		"events":        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: x\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, says(t, raw), rules)
			for _, r := range []request{byRelay, repeatable, once, byStream} {
				resp, err := g.open(t.Context(), t, r, nil)
				if err != nil {
					continue // cut before the status was sent
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err == nil {
					t.Errorf("%v: a cut answer looks whole: %d, %d bytes", r, resp.StatusCode, len(body))
				}
			}
		})
	}
}

func TestUpstreamThatClosesAtOnceIsToldOf(t *testing.T) {
	t.Parallel()
	g := newGate(t, wire(t, func(net.Conn, *http.Request) {}), rules)
	for r, want := range map[request]int{byRelay: 502, repeatable: 502, once: 409, create: 409, byStream: 502, delFile: 409} {
		if a := r.send(t, g, "lead", fill(side{}, side{})); a.Status != want {
			t.Errorf("%v: got %d %s, want %d", r, a.Status, a.Body, want)
		}
	}
}

func TestClientThatGoesAwayEndsItsCall(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]string{
		"before the answer": "", "in a short answer": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
		"in a long answer": "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + strings.Repeat("x", 200_000),
	} {
		for _, r := range []request{byRelay, once, create, byStream} {
			t.Run(name+" "+r.path, func(t *testing.T) {
				t.Parallel()
				begun, ended := make(chan struct{}), make(chan struct{})
				g := newGate(t, wire(t, func(c net.Conn, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					io.WriteString(c, start)
					close(begun)
					_, _ = io.Copy(io.Discard, c) // until the gate closes it
					close(ended)
				}), rules)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				go func() {
					soon(t, "the call reaches MLflow", begun)
					leave()
				}()
				if resp, err := g.open(ctx, t, r, nil); err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				soon(t, "the upstream call ends", ended)
			})
		}
	}
}

// One that ends its body early but listens must not hear 200, nor that it was
// MLflow who failed.
func TestBodyThatIsCutIsNotAnsweredAsDone(t *testing.T) {
	t.Parallel()
	g := newGate(t, says(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), rules)
	const head = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Basic YWxpY2U6YWxpY2U=\r\nContent-Type: application/json\r\n"
	for name, raw := range map[string]string{
		"JSON, chunk":   "POST " + api + "runs/create" + head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"JSON, length":  "POST " + api + "runs/create" + head + "Content-Length: 50\r\n\r\n{",
		"upload, chunk": "PUT " + byStream.path + head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\nzz\r\n",
		"upload length": "PUT " + byStream.path + head + "Content-Length: 50\r\n\r\nx",
	} {
		c, err := net.Dial("tcp", g.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, raw)
		_ = c.(*net.TCPConn).CloseWrite()
		got, _ := io.ReadAll(c)
		c.Close()
		if len(got) > 0 {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// MLflow may refuse a call before it has read all of it.
func TestEarlyAnswerReachesTheClient(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	g := newGate(t, wire(t, func(c net.Conn, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly")
		<-done
	}), rules)
	defer close(done)
	long := `{"experiment_id":"7","key":"k","value":"` + strings.Repeat("v", 30<<20) + `"}`
	for _, r := range []request{{repeatable.method, repeatable.path, long}, {"PUT", byStream.path, strings.Repeat("v", 30<<20)}} {
		resp, err := g.open(t.Context(), t, r, nil)
		if err != nil {
			t.Errorf("%s %s: %v", r.method, r.path, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 400 || string(body) != "early" {
			t.Errorf("%s %s: got %d %q %v", r.method, r.path, resp.StatusCode, body, err)
		}
	}
}
