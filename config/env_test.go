package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// envOf gives every key a value by environment. A key without an entry fails the
// test, so that a new key cannot be forgotten.
var envOf = map[string]string{
	"version": "1", "listen": "127.0.0.9:1", "external_url": "https://env.example.org/x",
	"admin_listen": "127.0.0.9:2", "mode": "warn", "trusted_proxies": "10.0.0.1, 10.1.0.0/16",
	"tls.cert_file": "c", "tls.key_file": "k", "seal_keys_file": "s",
	"upstream.url": "https://env.internal", "upstream.ca_file": "ca", "upstream.allowed_source_schemes": "s3,gs", "upstream.direct_transfers": "false",
	"state.kind": "redis", "state.path": "e.db",
	"state.redis.addrs": "a:1, b:2", "state.redis.master_name": "m", "state.redis.username": "u", "state.redis.password_file": "rp",
	"state.redis.sentinel_username": "su", "state.redis.sentinel_password_file": "sp", "state.redis.db": "3", "state.redis.key_prefix": "x:",
	"state.redis.on_outage": "grace", "state.redis.grace": "10s", "state.redis.tls.enabled": "true",
	"state.redis.tls.ca_file": "rca", "state.redis.tls.cert_file": "rc", "state.redis.tls.key_file": "rk",
	"policy.file": "e.csv", "policy.contact": "env",
	"auth.basic.htpasswd_file": "e.htpasswd", "auth.tokens.max_lifetime": "1h", "auth.tokens.max_unused": "0s", "auth.tokens.max_group_age": "3h",
	"auth.oidc":     `[{"name": "env", "issuer": "https://env.example.org", "client_id": "c", "trust_names": true, "group_rename": [{"from": "A", "to": "a"}]}]`,
	"sessions.idle": "1h", "sessions.absolute": "2h", "sessions.refresh": "1m", "sessions.max_group_age": "2m",
	"auth.workload": `[{"issuer": "https://env.example.org", "audience": "Env", "subject": "a:b", "user": "c", "ca_file": "ca"}]`,
}

func TestEveryKeyIsAlsoAnEnvironmentVariable(t *testing.T) {
	for _, l := range leaves() {
		value, ok := envOf[l.key]
		if !ok {
			t.Fatalf("key %s has no value in this test", l.key)
		}
		t.Setenv(l.env(), value)
	}
	cfg := load(t, full)
	folder := filepath.Dir(cfg.File())
	have := []any{
		cfg.Listen, cfg.ExternalURL.String(), cfg.AdminListen, cfg.Mode, texts(cfg.TrustedProxies),
		cfg.TLS.CertFile, cfg.TLS.KeyFile, cfg.SealKeysFile,
		cfg.Upstream.URL.String(), cfg.Upstream.CAFile, cfg.Upstream.AllowedSourceSchemes, cfg.Upstream.DirectTransfers,
		cfg.State.Kind, cfg.State.Redis,
		cfg.State.Path, cfg.Policy.File, cfg.Policy.Contact, cfg.Auth.Basic.HtpasswdFile, cfg.Auth.Tokens.MaxLifetime.Hours(), cfg.Auth.Tokens.MaxUnused, cfg.Auth.Tokens.MaxGroupAge,
		cfg.Auth.Workload, cfg.Auth.OIDC, cfg.Sessions,
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	want := []any{
		"127.0.0.9:1", "https://env.example.org/x", "127.0.0.9:2", Warn, []string{"10.0.0.1/32", "10.1.0.0/16"},
		in("c"), in("k"), in("s"), "https://env.internal", in("ca"), []string{"s3", "gs"}, false,
		"redis", Redis{
			Addrs: []string{"a:1", "b:2"}, MasterName: "m", Username: "u", PasswordFile: in("rp"),
			SentinelUsername: "su", SentinelPasswordFile: in("sp"), DB: 3, KeyPrefix: "x:", OnOutage: Grace, Grace: 10 * time.Second,
			TLS: RedisTLS{Enabled: true, CAFile: in("rca"), CertFile: in("rc"), KeyFile: in("rk")},
		},
		in("e.db"), in("e.csv"), "env", in("e.htpasswd"), 1.0, time.Duration(0), 3 * time.Hour,
		[]Workload{{Issuer: "https://env.example.org", Audience: "Env", Subject: "a:b", User: "c", CAFile: in("ca")}},
		[]OIDC{{Name: "env", Issuer: "https://env.example.org", ClientID: "c", TrustNames: true, GroupRename: []Rename{{From: "A", To: "a"}}}},
		Sessions{Idle: time.Hour, Absolute: 2 * time.Hour, Refresh: time.Minute, MaxGroupAge: 2 * time.Minute},
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestEnvironmentAloneSuffices(t *testing.T) {
	t.Setenv("MLGATE_UPSTREAM_URL", "http://127.0.0.1:5000")
	t.Setenv("MLGATE_POLICY_FILE", "p.csv")
	t.Setenv("MLGATE_AUTH_BASIC_HTPASSWD_FILE", "u")
	if cfg := load(t, ""); cfg.Upstream.URL.Host != "127.0.0.1:5000" {
		t.Errorf("got upstream %v", cfg.Upstream.URL)
	}
}

func TestEmptyVariableIsAnEmptyValue(t *testing.T) {
	t.Setenv("MLGATE_ADMIN_LISTEN", "")
	t.Setenv("MLGATE_TRUSTED_PROXIES", "")
	cfg := load(t, minimal+"admin_listen: 127.0.0.1:9090\ntrusted_proxies: [10.0.0.1]\n")
	if cfg.AdminListen != "" || len(cfg.TrustedProxies) > 0 {
		t.Errorf("got admin_listen %q, trusted_proxies %v, want both empty", cfg.AdminListen, cfg.TrustedProxies)
	}
}

func TestFaultyVariableIsNamed(t *testing.T) {
	t.Setenv("MLGATE_MODE", "loose")
	_, err := Load(write(t, minimal+"mode: warn\n"))
	want := `environment variable MLGATE_MODE: mode: "loose": unknown mode; write open, warn or enforce`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestStrayVariables(t *testing.T) {
	for _, c := range []struct{ name, refused, warned string }{
		{"MLGATE_MOD", "the nearest known one is MLGATE_MODE", ""},
		{"MLGATE_UPSTREAM_URLS", "the nearest known one is MLGATE_UPSTREAM_URL", ""},
		{"MLGATE_NAMING_IDLE", "later version", ""},
		{"MLGATE_STATE_REDIS_ADDRESS", "the nearest known one is MLGATE_STATE_REDIS_ADDRS", ""},
		{"MLGATE_SOMETHING_ELSE", "", "environment variable MLGATE_SOMETHING_ELSE: sets nothing"},
		{"MLGATE_SERVICE_HOST", "", ""},
		{"MLGATE_ADMIN_PORT_9090_TCP_ADDR", "", ""},
		{"MLGATE_PORT", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, "x")
			cfg, err := Load(write(t, minimal))
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) || !strings.Contains(err.Error(), c.name) {
					t.Errorf("got error %v, want one with %q and the variable", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatalf("load: %v", err)
			}
			if got := strings.Join(cfg.Warnings(), "\n"); got != c.warned {
				t.Errorf("got warnings %q, want %q", got, c.warned)
			}
		})
	}
}

func TestFaultyListInTheEnvironmentIsNamed(t *testing.T) {
	for value, want := range map[string]string{
		"x":                      `environment variable MLGATE_AUTH_WORKLOAD: auth.workload: want a list of sections; begin each one with`,
		"[":                      `environment variable MLGATE_AUTH_WORKLOAD: auth.workload: "[": want a list of sections in YAML; `,
		"[{isuer: a}]":           `environment variable MLGATE_AUTH_WORKLOAD:1: auth.workload[0].isuer: unknown key; the nearest known key is "issuer"`,
		"[{issuer: 'http://a'}]": `environment variable MLGATE_AUTH_WORKLOAD: auth.workload[0].issuer: "http://a": plain http`,
	} {
		t.Run(value, func(t *testing.T) {
			t.Setenv("MLGATE_AUTH_WORKLOAD", value)
			_, err := Load(write(t, minimal))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
