package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// countingMLflow is an MLflow that only makes experiments, and counts how often it
// was asked for each.
type countingMLflow struct {
	*httptest.Server
	mu   sync.Mutex
	made map[string]int
}

func newCountingMLflow(t *testing.T) *countingMLflow {
	m := &countingMLflow{made: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "3.17.2") })
	mux.HandleFunc("POST /api/2.0/mlflow/experiments/create", func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Name string `json:"name"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		m.mu.Lock()
		m.made[asked.Name]++
		id := len(m.made)
		m.mu.Unlock()
		answer(w, map[string]any{"experiment_id": fmt.Sprint(id)})
	})
	m.Server = httptest.NewServer(mux)
	t.Cleanup(m.Close)
	return m
}

// replicas are three mlgates on one Redis, before one MLflow and behind nginx.
type replicas struct {
	t      *testing.T
	redis  *redisServer
	mlflow *countingMLflow
	url    string // of nginx
	all    []*replica
	client *http.Client
}

// replica is one mlgate in a process of its own.
type replica struct {
	listen, admin, config, binary string
	cmd                           *exec.Cmd
	said                          string // where its log goes
}

func startReplicas(t *testing.T) *replicas {
	t.Helper()
	redis := startRedis(t)
	r := &replicas{t: t, redis: redis, mlflow: newCountingMLflow(t)}
	r.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	folder := t.TempDir()
	binary := filepath.Join(folder, "mlgate")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, binary); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(folder, "users.htpasswd"), string(cheapUsers("alice", "root")))
	put(t, filepath.Join(folder, "policy.csv"), "p, user:alice, cv/*, manage\np, user:root, *, admin\n")
	for i := range 3 {
		one := &replica{config: filepath.Join(folder, fmt.Sprintf("replica%d.yaml", i)), binary: binary, said: filepath.Join(folder, fmt.Sprintf("replica%d.log", i))}
		for _, address := range []*string{&one.listen, &one.admin} {
			if *address, err = freeAddress(); err != nil {
				t.Fatal(err)
			}
		}
		put(t, one.config, fmt.Sprintf(`listen: %s
admin_listen: %s
external_url: https://ml.example.org/mlflow
trusted_proxies: [127.0.0.1]
upstream: {url: %s}
state: {kind: redis, redis: {addrs: ["%s"]}}
policy: {file: policy.csv}
auth: {basic: {htpasswd_file: users.htpasswd}}
`, one.listen, one.admin, r.mlflow.URL, redis.address))
		r.all = append(r.all, one)
		r.start(one)
	}
	var backends []string
	for _, one := range r.all {
		backends = append(backends, one.listen)
		r.await(one)
	}
	r.url = "http://" + startBalancer(t, backends)
	return r
}

func (r *replicas) start(one *replica) {
	r.t.Helper()
	one.cmd = exec.Command(one.binary, "serve", "--config", one.config) //nolint:noctx // ended below
	one.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	one.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(one.said, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	one.cmd.Stderr = log
	if err := errors.Join(one.cmd.Start(), log.Close()); err != nil {
		r.t.Fatal(err)
	}
	cmd := one.cmd
	r.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

// await waits until a replica is ready.
func (r *replicas) await(one *replica) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		resp, err := r.client.Get("http://" + one.admin + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == 200 {
				return
			}
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(one.said)
			r.t.Fatalf("a replica is not ready: %v; it said:\n%s", err, said[max(0, len(said)-4000):])
		}
	}
}

// startBalancer runs nginx, with the snippet of deploy/nginx, before several backends.
func startBalancer(t *testing.T, backends []string) string {
	t.Helper()
	servers := "server " + strings.Join(backends, " max_fails=0; server ") + " max_fails=0;"
	return startNginxWith(t, "http://replicas", "upstream replicas { "+servers+" }", "proxy_next_upstream error timeout;")
}

// byCookie is the user of a call that brings a cookie in the place of a password.
const byCookie = "\x00cookie"

// send sends a call through nginx, or straight to a replica.
func (r *replicas) send(ctx context.Context, base, method, path, user, password string, body any) (int, []byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/mlflow"+path, bytes.NewReader(data))
	if err != nil {
		return 0, nil, err
	}
	if user == byCookie {
		req.Header.Set("Cookie", password)
	} else {
		req.SetBasicAuth(user, password)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return resp.StatusCode, content, err
}

// makeToken makes a token of alice's.
func (r *replicas) makeToken() (id, text string) {
	r.t.Helper()
	var made struct{ ID, Token string }
	status, body, err := r.send(r.t.Context(), r.url, "POST", "/_gate/api/v1/tokens", "alice", "correct-horse", map[string]string{"name": "n"})
	if err = errors.Join(err, json.Unmarshal(body, &made)); err != nil || status != 201 {
		r.t.Fatalf("make token: %d %s %v", status, body, err)
	}
	return made.ID, made.Token
}

func (r *replicas) whoami(base, text string) int {
	r.t.Helper()
	status, _, err := r.send(r.t.Context(), base, "GET", "/_gate/api/v1/whoami", "token", text, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return status
}

func TestATokenIsGoodOnEveryReplicaAndRevokedOnAllAtTheNextRequest(t *testing.T) {
	t.Parallel()
	r := startReplicas(t)
	for round := range 8 {
		id, text := r.makeToken()
		for range 9 { // so that each of them remembers it
			if status := r.whoami(r.url, text); status != 200 {
				t.Fatalf("round %d: got %d", round, status)
			}
		}
		if status, body, err := r.send(t.Context(), r.url, "DELETE", "/_gate/api/v1/tokens/"+id, "alice", "correct-horse", nil); status != 204 {
			t.Fatalf("revoke: got %d %s %v", status, body, err)
		}
		for _, one := range r.all {
			if status := r.whoami("http://"+one.listen, text); status != 401 {
				t.Errorf("round %d: %s: after the revocation got %d", round, one.listen, status)
			}
		}
		for range 3 {
			if status := r.whoami(r.url, text); status != 401 {
				t.Errorf("round %d: after the revocation got %d", round, status)
			}
		}
	}
}

func TestAReplicaThatIsStoppedRefusesARevokedTokenWhenItGoesOn(t *testing.T) {
	t.Parallel()
	r := startReplicas(t)
	id, text := r.makeToken()
	stopped := r.all[1]
	if status := r.whoami("http://"+stopped.listen, text); status != 200 {
		t.Fatalf("before: got %d", status)
	}
	if err := stopped.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if status, body, err := r.send(t.Context(), "http://"+r.all[0].listen, "DELETE", "/_gate/api/v1/tokens/"+id, "alice", "correct-horse", nil); status != 204 {
		t.Errorf("revoke: got %d %s %v", status, body, err)
	}
	if err := stopped.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if status := r.whoami("http://"+stopped.listen, text); status != 401 {
		t.Errorf("after: got %d", status)
	}
}

// tally is what workers met.
type tally struct {
	mu       sync.Mutex
	statuses map[string]int
	made     []string // names whose making was answered 200
	longest  time.Duration
}

func (c *tally) note(status, name string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statuses[status]++
	c.longest = max(c.longest, took)
	if status == "200" {
		c.made = append(c.made, name)
	}
}

// work makes experiments with a token, or a cookie, until ctx ends.
func (r *replicas) work(ctx context.Context, c *tally, worker int, user, text string) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("cv/w%d-%d", worker, i)
		began := time.Now()
		status, body, err := r.send(context.Background(), r.url, "POST", "/api/2.0/mlflow/experiments/create", user, text, map[string]string{"name": name})
		took := time.Since(began)
		switch {
		case err != nil:
			c.note("cut: "+err.Error(), name, took)
		case status >= 500 && bytes.Contains(body, []byte("<html>")):
			c.note(fmt.Sprint("nginx ", status), name, took)
		case status >= 500 && status != 503:
			c.note(fmt.Sprintf("mlgate %d %s", status, body), name, took)
		default:
			c.note(fmt.Sprint(status), name, took)
		}
	}
}

// chaos kills, stops and starts all that can be, in turn, for so long.
func (r *replicas) chaos(long time.Duration) {
	r.t.Helper()
	for i, end := 0, time.Now().Add(long); time.Now().Before(end); i++ {
		one := r.all[i%len(r.all)]
		_ = one.cmd.Process.Kill()
		_ = one.cmd.Wait()
		time.Sleep(100 * time.Millisecond)
		switch i % 3 {
		case 0:
			r.redis.kill()
			r.start(one) // while Redis is away
			time.Sleep(1500 * time.Millisecond)
			if err := r.redis.start(); err != nil {
				r.t.Fatal(err)
			}
		case 1:
			r.start(one)
			_ = r.redis.cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(1500 * time.Millisecond)
			_ = r.redis.cmd.Process.Signal(syscall.SIGCONT)
		default:
			r.start(one)
		}
		for _, one := range r.all {
			r.await(one) // it heals by itself
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// TEST_CHAOS makes it longer than the few seconds that are enough each day.
func TestUnderChaosNothingHangsOrIsSentTwiceAndAllHeals(t *testing.T) {
	t.Parallel()
	long := 6 * time.Second
	if text := os.Getenv("TEST_CHAOS"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	r := startReplicas(t)
	_, text := r.makeToken()
	revoked, revokedText := r.makeToken()
	if status, body, err := r.send(t.Context(), r.url, "DELETE", "/_gate/api/v1/tokens/"+revoked, "alice", "correct-horse", nil); status != 204 {
		t.Fatalf("revoke: got %d %s %v", status, body, err)
	}
	session, ended := r.signIn(r.url), r.signIn(r.url)
	if status, _, text := r.browse(r.url, "POST", "/_gate/logout", ended, url.Values{}); status != 200 {
		t.Fatalf("sign out: got %d %s", status, text)
	}
	c := &tally{statuses: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for i := range 4 {
		user, proof := "token", text
		if i%2 == 1 {
			user, proof = byCookie, session
		}
		workers.Go(func() { r.work(ctx, c, i, user, proof) })
	}
	r.chaos(long)
	cancel()
	workers.Wait()
	r.judge(c)
	for _, one := range r.all {
		if status := r.whoami("http://"+one.listen, text); status != 200 {
			t.Errorf("in the end a token that Redis had got %d", status)
		}
		if status := r.whoami("http://"+one.listen, revokedText); status != 401 {
			t.Errorf("in the end a revoked token got %d", status)
		}
		if status := r.seen(one, session); status != 200 {
			t.Errorf("in the end a session that Redis had got %d", status)
		}
		if status := r.seen(one, ended); status != 401 {
			t.Errorf("in the end a session that was ended got %d", status)
		}
	}
}

func (r *replicas) judge(c *tally) {
	r.t.Helper()
	r.t.Logf("answers %v, the longest after %v", c.statuses, c.longest)
	for status := range c.statuses {
		if strings.HasPrefix(status, "mlgate ") || strings.HasPrefix(status, "cut") {
			r.t.Errorf("got %s", status)
		}
	}
	if c.statuses["200"] == 0 || c.statuses["503"] == 0 {
		r.t.Error("want calls that were answered and calls that were refused")
	}
	if c.statuses["401"]+c.statuses["403"] > 0 {
		r.t.Error("a good token was refused for good")
	}
	if c.longest > 10*time.Second {
		r.t.Errorf("a call took %v", c.longest)
	}
	r.mlflow.mu.Lock()
	defer r.mlflow.mu.Unlock()
	for name, times := range r.mlflow.made {
		if times > 1 {
			r.t.Errorf("%s was sent %d times", name, times)
		}
	}
	for _, name := range c.made {
		if r.mlflow.made[name] != 1 {
			r.t.Errorf("%s was answered and not sent", name)
		}
	}
}
