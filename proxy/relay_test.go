package proxy_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy"
)

// HEAD is answered as GET is, but for the body.
func TestHEADOfACallGivesTheHeadersOfItsGET(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	for _, path := range []string{
		"experiments/get?experiment_id=<exp>", "runs/get?run_id=<run>", "artifacts/list?run_id=<run>", "experiments/get?experiment_id=999999",
		"metrics/get-history?run_id=<run>&metric_key=loss", "experiments/get-by-name?experiment_name=cv/none", "registered-models/get?name=<model>",
	} {
		get := request{"GET", path, ""}.send(t, g, "alice", with)
		head := request{"HEAD", path, ""}.send(t, g, "alice", with)
		if head.Status != get.Status || len(head.Body) != 0 {
			t.Errorf("HEAD %s: got %d %q, want %d and no body", path, head.Status, head.Body, get.Status)
		}
		for _, h := range []string{"Content-Type", "Content-Length"} {
			if got, want := head.Header.Get(h), get.Header.Get(h); got != want {
				t.Errorf("HEAD %s: %s is %q, want %q", path, h, got, want)
			}
		}
	}
}

// (Beside "close" Go's transport drops the whole Connection header unread; no
// proxy over it can know what else it named.)
func TestHopByHopHeadersOfMLflowStopAtTheGate(t *testing.T) {
	t.Parallel()
	g := newGate(t, says(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX-Kept: kept\r\nConnection: keep-alive, X-Named, X-Frame-Options\r\n"+
		"Connection: x-other\r\nX-Named: hop\r\nX-Other: hop\r\nX-Frame-Options: ALLOWALL\r\nKeep-Alive: hop\r\nProxy-Authenticate: hop\r\nProxy-Authorization: hop\r\n"+
		"Proxy-Connection: hop\r\nTe: hop\r\nTrailer: hop\r\nUpgrade: hop\r\nSet-Cookie: a=b\r\nServer: uvicorn\r\nAccess-Control-Allow-Origin: *\r\n\r\n{}"), rules)
	for _, r := range bothWays {
		a := r.send(t, g, "alice", fill(side{}, side{}))
		if a.Status != 200 || string(a.Body) != "{}" || a.Header.Get("X-Kept") != "kept" || a.Header.Get("X-Frame-Options") != "SAMEORIGIN" {
			t.Errorf("%v: got %d %q %v", r, a.Status, a.Body, a.Header)
		}
		for _, name := range []string{
			"Connection", "X-Named", "X-Other", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Upgrade",
			"Set-Cookie", "Server", "Access-Control-Allow-Origin",
		} {
			if v := a.Header.Values(name); len(v) > 0 {
				t.Errorf("%v: %s: %q reached the client", r, name, v)
			}
		}
	}
}

// What a client's Connection header names would be taken out by a proxy that
// hands headers on, and its trailers would follow the body.
func TestOnlyNamedHeadersOfACallReachMLflow(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	g := newGate(t, wire(t, func(c net.Conn, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen <- r
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
	}), rules)
	always := []string{"User-Agent", "X-Forwarded-For", "X-Request-Id"}
	for _, c := range []struct {
		method, path, body string
		more               []string
	}{
		{"GET", api + "experiments/get?experiment_id=7", "", nil},
		{"POST", api + "experiments/set-experiment-tag", `{"experiment_id":"7","key":"k","value":"v"}`, []string{"Content-Length", "Content-Type"}},
		{"GET", byStream.path, "", nil},
		{"DELETE", byStream.path, "", nil},
		{"PUT", byStream.path, "file", []string{"Content-Type"}},
	} {
		body := ""
		if c.body != "" {
			body = fmt.Sprintf("%x\r\n%s\r\n0\r\nX-Trailed: smuggled\r\nAuthorization: smuggled\r\n\r\n", len(c.body), c.body)
			c.body = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\nTrailer: X-Trailed, Authorization\r\n"
		}
		got := g.speak(t, c.method+" "+c.path+" HTTP/1.1\r\nHost: h\r\nAuthorization: Basic bGVhZDpsZWFk\r\nUser-Agent: me\r\nCookie: a=b\r\nX-Forwarded-For: 6.6.6.6\r\n"+
			"X-Forwarded-Host: evil\r\nX-Forwarded-Proto: gopher\r\nForwarded: for=6.6.6.6\r\nTe: trailers\r\nUpgrade: websocket\r\n"+
			"Connection: close, Upgrade, Te, X-Forwarded-For, X-Request-Id, Content-Type, User-Agent\r\nProxy-Authorization: x\r\nKeep-Alive: 9\r\n"+c.body+"\r\n"+body)
		if !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Errorf("%s %s: got %q", c.method, c.path, got)
			continue
		}
		r := <-seen
		want := append(slices.Clone(always), c.more...)
		slices.Sort(want)
		if names := slices.Sorted(maps.Keys(r.Header)); !slices.Equal(names, want) || len(r.Trailer) > 0 || r.Header.Get("X-Forwarded-For") != "127.0.0.1" {
			t.Errorf("%s %s: MLflow got %v, trailers %v, want %v", c.method, c.path, r.Header, r.Trailer, want)
		}
	}
}

// speak sends raw bytes on a connection of their own and reads all that comes.
func (g *gate) speak(t *testing.T, raw string) string {
	t.Helper()
	c, err := net.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, raw)
	b, _ := io.ReadAll(c)
	return string(b)
}

// The reverse proxy would hand them on unread, and forget the headers that the
// gate has set by then.
func TestInterimAnswersAndTrailersStayBehind(t *testing.T) {
	t.Parallel()
	g := newGate(t, says(t, "HTTP/1.1 103 Early Hints\r\nSet-Cookie: a=b\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"+
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-Told\r\n\r\n2\r\n{}\r\n0\r\nX-Told: t\r\nSet-Cookie: t=t\r\n\r\n"), rules)
	for _, r := range bothWays {
		interim := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { interim++; return nil }})
		resp, err := g.open(ctx, t, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != "{}" || interim != 0 || len(resp.Trailer) != 0 || resp.Header.Get("Trailer") != "" || resp.Header.Get("Link") != "" {
			t.Errorf("%v: got %q, %v, %d interim answers, trailers %v, %v", r, body, err, interim, resp.Trailer, resp.Header)
		}
		if resp.Header.Get("X-Frame-Options") != "SAMEORIGIN" || resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("%v: the gate's headers are gone: %v", r, resp.Header)
		}
	}
}

// answers that a client reads as whole ones, through whichever proxy.
var wholeAnswers = map[string]string{
	"length":          "200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
	"chunked":         "200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
	"until close":     "200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}",
	"empty":           "200 OK\r\nContent-Length: 0\r\n\r\n",
	"no content":      "204 No Content\r\nETag: \"a\"\r\n\r\n",
	"not modified":    "304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 200\r\n\r\n",
	"redirect":        "302 Found\r\nLocation: /x?y=z\r\nContent-Length: 0\r\n\r\n",
	"not found":       "404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"error_code\":\"X\"}",
	"internal error":  "500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>",
	"unknown status":  "299 Odd\r\nContent-Length: 1\r\n\r\nx",
	"header twice":    "200 OK\r\nVary: A\r\nVary: B\r\nWarning: a\r\nContent-Length: 1\r\n\r\nx",
	"encoded":         "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
	"one full buffer": "200 OK\r\nContent-Length: 65536\r\n\r\n" + strings.Repeat("b", 65536),
	"large":           "200 OK\r\nContent-Length: 900000\r\n\r\n" + strings.Repeat("l", 900_000),
	"large, chunked":  "200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("2710\r\n"+strings.Repeat("c", 10_000)+"\r\n", 90) + "0\r\n\r\n",
	"old version":     "200 OK\r\nContent-Type: application/json\r\n\r\n{}",
	"events":          "200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n",
}

func TestRelayAnswersAsTheReverseProxyWould(t *testing.T) {
	t.Parallel()
	for name, raw := range wholeAnswers {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				version := "HTTP/1.1 "
				if name == "old version" {
					version = "HTTP/1.0 "
				}
				g := newGate(t, says(t, version+raw), rules)
				direct := raw
				if method == "HEAD" { // the gate asks by GET
					direct = raw[:strings.Index(raw, "\r\n\r\n")+4]
				}
				up, _ := url.Parse(says(t, version+direct))
				bare := httptest.NewServer(&httputil.ReverseProxy{Transport: proxy.NewTransport(nil), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(up) }})
				defer bare.Close()
				ask := request{method, byRelay.path, ""}
				got := ask.send(t, g, "alice", fill(side{}, side{}), "Accept-Encoding", "gzip")
				want := ask.send(t, &gate{Server: bare}, "alice", fill(side{}, side{}), "Accept-Encoding", "gzip")
				for _, own := range []string{"X-Request-Id", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Date"} {
					got.Header.Del(own)
					want.Header.Del(own)
				}
				if want.Header.Get("Content-Length") == "" {
					got.Header.Del("Content-Length") // a short answer's length is known by then
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %d %v %.50q, want %d %v %.50q", got.Status, got.Header, got.Body, want.Status, want.Header, want.Body)
				}
			})
		}
	}
}
