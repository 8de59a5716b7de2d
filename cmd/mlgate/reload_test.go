package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlgate/config"
)

// folderWith writes a config with its files and returns the config's path.
func folderWith(t *testing.T, policy, extra string) string {
	t.Helper()
	folder := t.TempDir()
	put(t, filepath.Join(folder, "policy.csv"), policy)
	put(t, filepath.Join(folder, "users"), string(cheapUsers("alice")))
	path := filepath.Join(folder, "gate.yaml")
	put(t, path, "upstream: {url: http://127.0.0.1:1}\npolicy: {file: policy.csv}\nauth: {basic: {htpasswd_file: users}}\n"+extra)
	return path
}

func readAll(t *testing.T, path string) *files {
	t.Helper()
	f, err := readFiles(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// metric is the value of a gauge or counter without labels.
func metric(t *testing.T, metrics prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			m := family.GetMetric()[0]
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// A reload that fails in one file must not take up another one: the policy of
// today with the users of yesterday was never anybody's intention.
func TestReloadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	path := folderWith(t, "p, user:alice, cv/*, edit\n", "")
	users, policy := filepath.Join(filepath.Dir(path), "users"), filepath.Join(filepath.Dir(path), "policy.csv")
	var used []*files
	metrics := prometheus.NewRegistry()
	r := newReloader(readAll(t, path), func() (*files, error) { return readFiles(path) },
		func(f *files) { used = append(used, f) }, slog.New(slog.DiscardHandler), time.Now, metrics)

	put(t, users, string(cheapUsers("alice", "bob")))
	put(t, policy, "p, alice, cv/*, edit\n")
	r.reload("test")
	if s := r.status.Load(); len(used) != 0 || s.err == nil || s.files.users.Has("bob") {
		t.Fatalf("after a faulty policy: %d snapshots used, error %v", len(used), s.err)
	}
	if got := metric(t, metrics, "mlgate_reload_ok"); got != 0 {
		t.Errorf("mlgate_reload_ok: got %v, want 0", got)
	}
	put(t, policy, "p, user:alice, nlp/*, edit\n")
	r.reload("test")
	s := r.status.Load()
	if len(used) != 1 || s.err != nil || !s.files.users.Has("bob") || used[0] != s.files {
		t.Errorf("after mending it: %d snapshots used, error %v", len(used), s.err)
	}
	r.reload("test")
	if len(used) != 1 {
		t.Errorf("unchanged files were taken up again")
	}
	if ok, failed := metric(t, metrics, "mlgate_reload_ok"), metric(t, metrics, "mlgate_reload_failures_total"); ok != 1 || failed != 1 {
		t.Errorf("got mlgate_reload_ok %v, failures %v, want 1 and 1", ok, failed)
	}
}

// A file that is back at the content in force ends the alarm.
func TestGoingBackEndsTheAlarm(t *testing.T) {
	t.Parallel()
	path := folderWith(t, "p, user:alice, cv/*, edit\n", "")
	f := readAll(t, path)
	var fail error
	r := newReloader(f, func() (*files, error) { return f, fail }, func(*files) {},
		slog.New(slog.DiscardHandler), time.Now, prometheus.NewRegistry())
	fail = errors.New("broken")
	r.reload("test")
	fail = nil
	r.reload("test")
	if s := r.status.Load(); s.err != nil {
		t.Errorf("got error %v, want none", s.err)
	}
}

func TestMissingFilesRefuseTheStart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"policy.csv", "users"} {
		path := folderWith(t, "p, user:alice, cv/*, edit\n", "")
		if err := os.Remove(filepath.Join(filepath.Dir(path), name)); err != nil {
			t.Fatal(err)
		}
		if _, err := readFiles(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error that names it", name, err)
		}
	}
}

func TestModeOpenWithoutPolicyPermitsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gate.yaml")
	put(t, path, "mode: open\nupstream: {url: http://127.0.0.1:1}\n")
	f := readAll(t, path)
	if f.policy == nil || f.users != nil {
		t.Fatalf("got policy %v, users %v", f.policy, f.users)
	}
}

// Each key is in force after a reload, or named as needing a restart: none is
// lost between the two.
func TestEveryKeyReloadsOrNeedsARestart(t *testing.T) {
	t.Parallel()
	const base = "mode: open\n"
	for _, c := range []struct{ was, will, want string }{
		{"listen: 127.0.0.1:1\n", "listen: 127.0.0.1:2\n", "listen"},
		{"admin_listen: ''\n", "admin_listen: 127.0.0.1:2\n", "admin_listen"},
		{"external_url: http://a\n", "external_url: http://a/b\n", "external_url"},
		{"", "external_url: http://a/b\n", "external_url"},
		{"trusted_proxies: []\n", "trusted_proxies: [10.0.0.1]\n", "trusted_proxies"},
		{"", "tls: {cert_file: a, key_file: b}\n", "tls"},
		{"tls: {cert_file: c, key_file: d}\n", "tls: {cert_file: a, key_file: b}\n", ""},
		{"", "seal_keys_file: x\n", "seal_keys_file"},
		{"", "state: {path: x}\n", "state"},
		{"", "policy: {file: x, contact: y}\n", ""},
		{"", "auth: {basic: {htpasswd_file: x}, tokens: {max_lifetime: 1h}}\n", ""},
		{"", "auth: {workload: [{issuer: 'https://i', audience: a, subject: 'a:b', user: u}]}\n", ""},
		{"upstream: {url: http://a}\n", "upstream: {url: http://b}\n", "upstream.url"},
		{"upstream: {url: https://a}\n", "upstream: {url: https://a, ca_file: x}\n", "upstream.ca_file"},
		{"upstream: {url: http://a}\n", "upstream: {url: http://a, allowed_source_schemes: [s3]}\n", "upstream.allowed_source_schemes"},
		{"upstream: {url: http://a}\n", "upstream: {url: http://a, direct_transfers: false}\n", "upstream.direct_transfers"},
	} {
		folder := t.TempDir()
		var loaded []*config.Config
		for i, text := range []string{c.was, c.will} {
			if !strings.Contains(text, "upstream:") {
				text += "upstream: {url: http://u}\n"
			}
			path := filepath.Join(folder, fmt.Sprint(i))
			put(t, path, base+text)
			cfg, err := config.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			loaded = append(loaded, cfg)
		}
		got := needRestart(loaded[0], loaded[1])
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%q → %q: got %q, want %q", c.was, c.will, got, want)
		}
	}
}
