package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlgate/auth/workload/issuertest"
)

// machineFolder is a folder with alice in the password file and these rules.
func machineFolder(t *testing.T, rules string) string {
	t.Helper()
	path := folderWith(t, "p, group:ci, cv/*, edit\n", "")
	put(t, path, "upstream: {url: http://127.0.0.1:1}\npolicy: {file: policy.csv}\nauth:\n  basic: {htpasswd_file: users}\n  workload:\n"+rules)
	return path
}

func TestOneNameIsOnePerson(t *testing.T) {
	t.Parallel()
	path := machineFolder(t, "  - {issuer: 'https://i.example.org', audience: mlgate, subject: 'repo:acme/vision:*', user: alice}\n")
	code, _, stderr := runCommand("config", "check", "--config", path)
	want := "mlgate: error: auth.workload[0].user: \"alice\" is in the password file too\nhint: call the machine otherwise, like ci-alice, or take the name out of the password file\n"
	if code != codeFailure || stderr != want {
		t.Errorf("exit code %d, got\n%swant\n%s", code, stderr, want)
	}
}

func TestFaultyRulesForMachinesAreAllNamed(t *testing.T) {
	t.Parallel()
	path := machineFolder(t, `  - {issuer: 'https://i.example.org', audience: mlgate, subject: 'repo:acme*', user: "a:b"}
  - {issuer: 'https://j.example.org', audience: mlgate, subject: 'repo:acme/*', user: ci, jwks_file: gone.json}
`)
	code, _, stderr := runCommand("config", "check", "--config", path)
	if code != codeFailure || !strings.Contains(stderr, "auth.workload[1].jwks_file: open ") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	put(t, filepath.Join(filepath.Dir(path), "gone.json"), "{}")
	code, _, stderr = runCommand("config", "check", "--config", path)
	for _, want := range []string{
		`mlgate: error: auth.workload[0].subject: "repo:acme*": the * in "acme*" is not a whole segment`,
		`hint: write the whole subject, or one that ends in /* or :*`,
		`mlgate: error: auth.workload[0].user: "a:b": user name "a:b" holds a colon`,
		`mlgate: error: auth.workload: issuer https://j.example.org: none of its 0 keys can check a signature`,
	} {
		if code != codeFailure || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d: got\n%swant %q in it", code, stderr, want)
		}
	}
}

func TestLiveCheckAsksTheIssuers(t *testing.T) {
	t.Parallel()
	up, down := issuertest.Start(t), issuertest.Start(t)
	down.Answers(issuertest.Answer{Issuer: "https://evil.example.org"})
	mlflow := newFakeMLflow()
	t.Cleanup(mlflow.Close)
	rule := "  - {issuer: '%s', audience: mlgate, subject: 'repo:acme/vision:*', user: ci}\n"
	path := machineFolder(t, fmt.Sprintf(rule+rule, up.URL(), down.URL()))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, strings.Replace(string(text), "http://127.0.0.1:1", mlflow.URL+"/clean", 1))
	code, stdout, stderr := runCommand("config", "check", "--config", path, "--live")
	if code != codeFailure || !strings.Contains(stdout, "issuer "+up.URL()+": 1 keys: P-256 \"k1\"\n") ||
		!strings.Contains(stderr, `it describes the issuer "https://evil.example.org", not "`+down.URL()+`"`) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// What a job may do follows the files, and a key set is one of them.
func TestANewKeyFileCountsAfterAReload(t *testing.T) {
	t.Parallel()
	issuer := issuertest.Start(t)
	old, fresh := issuertest.NewKey(t, "old"), issuertest.NewKey(t, "fresh")
	path := machineFolder(t, fmt.Sprintf("  - {issuer: '%s', audience: mlgate, subject: 'repo:acme/vision:*', user: ci, groups: [ci], jwks_file: keys.json}\n", issuer.URL()))
	keys := filepath.Join(filepath.Dir(path), "keys.json")
	put(t, keys, string(issuertest.JWKS(old)))
	g := startGate(t, path)
	issuer.SetKeys(old)
	first := issuer.Token(t, "repo:acme/vision:x", nil)
	issuer.SetKeys(fresh)
	second := issuer.Token(t, "repo:acme/vision:x", nil)
	before := readAll(t, path)
	g.wants(t, first, http.StatusOK)
	g.wants(t, second, http.StatusUnauthorized)
	put(t, keys, string(issuertest.JWKS(fresh)))
	after := readAll(t, path)
	if len(changed(before.hashes, after.hashes)) != 1 || len(after.paths()) != 4 {
		t.Errorf("got changes %q among %q, want the key file watched", changed(before.hashes, after.hashes), after.paths())
	}
	g.use(after)
	g.wants(t, first, http.StatusUnauthorized)
	g.wants(t, second, http.StatusOK)
}

// A token that lives for hours must not be had for one that lives for minutes.
func TestAJobMakesNoAPITokens(t *testing.T) {
	t.Parallel()
	issuer := issuertest.Start(t)
	path := machineFolder(t, fmt.Sprintf("  - {issuer: '%s', audience: mlgate, subject: 'repo:acme/vision:*', user: ci, groups: [ci]}\n", issuer.URL()))
	g := startGate(t, path)
	job := issuer.Token(t, "repo:acme/vision:x", nil)
	g.wants(t, job, http.StatusOK)
	w := g.send(t, job, "POST", "/_gate/api/v1/tokens", `{"name":"x","ttl":"1h"}`)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "tokens are for users with a password") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// A service account may also sign in from a job. What the job makes then ends with
// the job's own token.
func TestATokenThatAJobMakesEndsWithTheJobsOwn(t *testing.T) {
	t.Parallel()
	issuer := issuertest.Start(t)
	path := machineFolder(t, fmt.Sprintf("  - {issuer: '%s', audience: mlgate, subject: 'repo:acme/vision:*', user: svc-nightly}\n", issuer.URL()))
	put(t, filepath.Join(filepath.Dir(path), "policy.csv"), "p, user:svc-nightly, cv/nightly/*, edit\n")
	g := startGate(t, path)
	job := issuer.Token(t, "repo:acme/vision:x", nil)
	w := g.send(t, job, "POST", "/_gate/api/v1/tokens", `{"name":"x","ttl":"1000h"}`)
	var made struct {
		Expires time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusCreated || time.Until(made.Expires) > time.Hour {
		t.Errorf("got %d %s, %v; want a token no longer than the job's, which is minutes", w.Code, w.Body, err)
	}
}

// startedGate is a gate in this process, without a listener.
type startedGate struct{ *gate }

func startGate(t *testing.T, path string) startedGate {
	t.Helper()
	external, err := url.Parse("http://gate.example.org")
	if err != nil {
		t.Fatal(err)
	}
	g, err := newGate(t.Context(), readAll(t, path), external, slog.New(slog.DiscardHandler), nil, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.close() })
	return startedGate{g}
}

func (g startedGate) send(t *testing.T, token, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return w
}

func (g startedGate) wants(t *testing.T, token string, status int) {
	t.Helper()
	w := g.send(t, token, "GET", "/_gate/api/v1/whoami", "")
	if w.Code != status || status == http.StatusOK && !strings.Contains(w.Body.String(), `"method":"workload"`) {
		t.Errorf("got %d %s, want %d", w.Code, w.Body, status)
	}
}
