package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// floorBare is how much of the throughput of a reverse proxy that checks
	// nothing the gate must reach.
	floorBare = 0.9
	// floorTuned is the same before one that also has the gate's transport. It
	// keeps what was reached.
	floorTuned = 0.7
)

// fast compares proxies before an upstream that costs next to nothing, so that
// what they cost themselves shows.
func (b *bench) fast(ctx context.Context) error {
	up, upstream, err := startRole(b.dir, "stub")
	if err != nil {
		return err
	}
	defer up.stop()
	bare, bareURL, err := startRole(b.dir, "bare", upstream)
	if err != nil {
		return err
	}
	defer bare.stop()
	tuned, tunedURL, err := startRole(b.dir, "tuned", upstream)
	if err != nil {
		return err
	}
	defer tuned.stop()
	nginx, nginxURL, err := startNginx(ctx, b.dir, upstream, "alice", passwordOf("alice"))
	if err != nil {
		return err
	}
	defer nginx.stop()
	g, err := b.startGate(ctx, "gate-fast", upstream)
	if err != nil {
		return err
	}
	defer g.stop()

	password := "Authorization: " + basicAuth("alice")
	loads := []load{
		{name: "stub itself", url: upstream, header: []string{password}},
		{name: "bare ReverseProxy", url: bareURL, header: []string{password}},
		{name: "ReverseProxy, mlgate's transport", url: tunedURL, header: []string{password}},
		{name: "nginx, auth_basic (apr1)", url: nginxURL, header: []string{password}},
		{name: "mlgate, password", url: g.url, header: []string{password}},
		{name: "mlgate, API token", url: g.url, header: []string{"Authorization: Bearer " + g.token}},
	}
	for i := range loads {
		loads[i].url += getExperiment
		loads[i].conns = 16
		if err := loads[i].answers(ctx, "cv/detector/baseline"); err != nil {
			return err
		}
	}
	for _, guarded := range []string{nginxURL, g.url} {
		if status, _, err := ask(ctx, http.MethodGet, guarded+getExperiment, nil, ""); err != nil || status != http.StatusUnauthorized {
			return fmt.Errorf("%s lets in whoever has no password: got %d, %v", guarded, status, err)
		}
	}
	t := b.tests.table("In front of a fast upstream",
		"`experiments/get`, 16 connections, 2 threads of wrk. The upstream is a Go server with a fixed answer. The bare `httputil.ReverseProxy` is as Go makes it: it checks nothing, writes no log, and keeps two idle connections to the upstream. The other one has the gate's transport and pool of buffers, so what is left between it and the gate is what the gate does. The gate checks the caller, reads the call, decides, forwards its own request and writes an audit line to a file; nginx checks the password against an apr1 hash and writes its access log.",
		"calls/s")
	for i, c := range []*child{up, bare, tuned, nil, g.child, g.child} {
		if c != nil { // nginx's workers are processes of their own
			loads[i].pid = c.cmd.Process.Pid
		}
	}
	spent := make([]series, len(loads))
	var side errgroup.Group
	if b.profile != "" {
		whole := time.Duration(b.rounds*len(loads)) * b.slice
		side.Go(func() error { return g.profile(ctx, b.profile, int(whole.Seconds())) })
	}
	got, err := b.rates(ctx, loads, spent)
	if err := errors.Join(err, side.Wait()); err != nil {
		return err
	}
	t.add(compared(loads[1].name, got[1], got[1], "itself"))
	t.add(compared(loads[0].name, got[0], got[1], "bare"))
	t.add(compared(loads[2].name, got[2], got[1], "bare"))
	t.add(compared(loads[3].name, got[3], got[1], "bare"))
	for _, i := range []int{4, 5} {
		t.add(b.tests.atLeast(compared(loads[i].name, got[i], got[1], "bare"), floorBare))
		t.add(b.tests.atLeast(compared(loads[i].name+" again", got[i], got[2], "the one with mlgate's transport"), floorTuned))
	}
	if len(spent[0]) == 0 {
		return nil // this system does not tell
	}
	t = b.tests.table("What a call costs the process itself",
		"Processor time of the server under the load above, divided by the calls that it answered. It is steadier than the throughput where other programs share the machine.",
		"µs CPU a call")
	for _, i := range []int{0, 1, 2, 4, 5} {
		t.add(compared(loads[i].name, spent[i], spent[1], "bare"))
	}
	return nil
}

// answers makes sure that what is measured is the right answer.
func (l load) answers(ctx context.Context, want string) error {
	status, body, err := ask(ctx, http.MethodGet, l.url, nil, l.header...)
	if err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	if status != http.StatusOK || !strings.Contains(string(body), want) {
		return fmt.Errorf("%s: got %d %s", l.name, status, body)
	}
	return nil
}

// ask sends one request; headers are "name: value".
func ask(ctx context.Context, method, url string, body io.Reader, headers ...string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		if name, value, ok := strings.Cut(h, ": "); ok {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}
