package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"mlgate/auth/oidc/oidctest"
)

// BenchmarkFirstByte is the time until the first byte of an answer of MLflow's, by
// each way of signing in and with either store, the ways in turn: the median, and its
// ratio to that of a token. What a shared Redis is asked meanwhile is printed too.
func BenchmarkFirstByte(b *testing.B) {
	for _, kind := range []string{"embedded", "redis"} {
		b.Run(kind, func(b *testing.B) { benchmarkWays(b, kind) })
	}
}

func benchmarkWays(b *testing.B, kind string) {
	mlflow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			fmt.Fprint(w, "3.17.2")
			return
		}
		answer(w, map[string]any{"experiment": map[string]any{"experiment_id": "1", "name": "cv/x"}})
	}))
	b.Cleanup(mlflow.Close)
	idp, err := oidctest.Start(oidctest.Options{Users: []oidctest.User{{Name: "carl", Claims: map[string]any{"preferred_username": "carl", "groups": []string{"vision"}}}}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = idp.Close() })
	folder := b.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	state, redis := "{path: mlgate.db}", ""
	if kind == "redis" {
		redis = startRedis(b).address
		state = fmt.Sprintf(`{kind: redis, redis: {addrs: ["%s"]}}`, redis)
	}
	_, secret := idp.Client()
	write("secret", secret)
	write("users.htpasswd", string(cheapUsers("alice")))
	write("policy.csv", "p, user:alice, cv/*, manage\np, group:vision, cv/*, manage\n")
	path := write("mlgate.yaml", fmt.Sprintf(`upstream: {url: "%s"}
state: %s
policy: {file: policy.csv}
auth: {basic: {htpasswd_file: users.htpasswd}, oidc: [{name: company, issuer: "%s", client_id: mlgate, client_secret_file: secret, user_claim: preferred_username, groups_claim: groups}]}
`, mlflow.URL, state, idp.Issuer()))
	f, err := readFiles(path)
	if err != nil {
		b.Fatal(err)
	}
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	b.Cleanup(srv.Close)
	external, _ := url.Parse(srv.URL)
	g, err := newGate(b.Context(), f, external, slog.New(slog.DiscardHandler), nil, prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = g.close() })
	go func() { _ = g.run(b.Context()) }()
	handler = g.handler

	ask := func(client *http.Client, method, at string, form url.Values, user, password string) (int, string, time.Duration) {
		req, err := http.NewRequest(method, at, strings.NewReader(form.Encode()))
		if err != nil {
			b.Fatal(err)
		}
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if user != "" {
			req.SetBasicAuth(user, password)
		}
		began := time.Now()
		resp, err := client.Do(req)
		took := time.Since(began)
		if err != nil {
			b.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return resp.StatusCode, string(text), took
	}
	browser := func() *http.Client {
		jar, _ := cookiejar.New(nil)
		return &http.Client{Jar: jar}
	}
	byPassword, byCompany, script := browser(), browser(), &http.Client{}
	if status, text, _ := ask(byPassword, "POST", srv.URL+"/_gate/login", url.Values{"user": {"alice"}, "password": {"correct-horse"}, "next": {"/_gate/account"}}, "", ""); status != 200 {
		b.Fatal(status, text)
	}
	resp, err := byCompany.Get(srv.URL + "/_gate/login/company?next=/_gate/account")
	if err != nil {
		b.Fatal(err)
	}
	_ = resp.Body.Close()
	if status, text, _ := ask(byCompany, "GET", resp.Request.URL.String()+"&login_hint=carl", nil, "", ""); status != 200 {
		b.Fatal(status, text)
	}
	req, _ := http.NewRequest("POST", srv.URL+"/_gate/api/v1/tokens", strings.NewReader(`{"name":"n"}`))
	req.SetBasicAuth("alice", "correct-horse")
	req.Header.Set("Content-Type", "application/json")
	if resp, err = script.Do(req); err != nil {
		b.Fatal(err)
	}
	var made madeToken
	err = json.NewDecoder(resp.Body).Decode(&made)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		b.Fatal(err)
	}
	ways := []struct {
		name           string
		client         *http.Client
		user, password string
		took           []time.Duration
	}{
		{"token", script, "token", made.Token, nil}, {"password", script, "alice", "correct-horse", nil},
		{"session by password", byPassword, "", "", nil}, {"session of the company", byCompany, "", "", nil},
	}
	call := func(i int) {
		w := &ways[i]
		status, text, took := ask(w.client, "GET", srv.URL+"/api/2.0/mlflow/experiments/get?experiment_id=1", nil, w.user, w.password)
		if status != 200 {
			b.Fatal(w.name, status, text)
		}
		w.took = append(w.took, took)
	}
	for i := range ways {
		call(i)
		ways[i].took = nil
	}
	before := scripted(b, redis)
	began := time.Now()
	for b.Loop() {
		for i := range ways {
			call(i)
		}
	}
	span, after := time.Since(began), scripted(b, redis)
	b.ReportMetric(0, "ns/op")
	var token time.Duration
	for i := range ways {
		slices.Sort(ways[i].took)
		median := ways[i].took[len(ways[i].took)/2]
		if i == 0 {
			token = median
		}
		b.ReportMetric(float64(median.Microseconds()), "µs/"+strings.ReplaceAll(ways[i].name, " ", "-"))
		b.ReportMetric(float64(median)/float64(token), "x/"+strings.ReplaceAll(ways[i].name, " ", "-"))
	}
	if redis != "" {
		b.ReportMetric(float64(after-before)/span.Seconds(), "redis-scripts/s")
		b.ReportMetric(float64(len(ways)*len(ways[0].took))/span.Seconds(), "calls/s")
	}
}

// scripted is how many scripts a Redis has run.
func scripted(b *testing.B, address string) int {
	b.Helper()
	if address == "" {
		return 0
	}
	client := goredis.NewClient(&goredis.Options{Addr: address})
	defer client.Close()
	info, err := client.Info(b.Context(), "commandstats").Result()
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(info) {
		for _, name := range []string{"cmdstat_evalsha:calls=", "cmdstat_eval:calls="} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				var calls int
				_, _ = fmt.Sscanf(rest, "%d", &calls)
				n += calls
			}
		}
	}
	return n
}
