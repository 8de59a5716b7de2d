package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// minimal is the shortest config that loads.
const minimal = `
upstream: {url: http://127.0.0.1:5000}
policy: {file: policy.csv}
auth: {basic: {htpasswd_file: users.htpasswd}}
`

// full gives every key a value other than its default.
const full = `
version: 1
listen: 10.0.0.5:443
external_url: https://ml.example.org/mlflow
admin_listen: 127.0.0.1:9191
mode: warn
trusted_proxies: [10.0.0.0/8, 192.168.1.7, "::1"]
tls: {cert_file: cert.pem, key_file: /etc/key.pem}
seal_keys_file: keys/seal
upstream:
  url: https://mlflow.internal:5000
  ca_file: ca.pem
  allowed_source_schemes: [s3, gs]
  direct_transfers: false
state:
  kind: embedded
  path: ../state/gate.db
policy:
  file: policy.csv
  contact: "#ml-platform"
auth:
  basic: {htpasswd_file: users.htpasswd}
  tokens: {max_lifetime: 720h, max_unused: 240h}
  workload:
    - issuer: https://token.actions.githubusercontent.com
      audience: mlgate
      subject: "repo:acme/vision:*"
      claims: [{name: ref, value: refs/tags/*}, {name: environment, value: prod}]
      user: ci-vision
      groups: [ci, release]
    - {issuer: "https://kubernetes.default.svc", audience: mlgate, subject: "system:serviceaccount:team:trainer", user: trainer,
       jwks_url: "https://10.0.0.1/openid/v1/jwks", ca_file: cluster.pem, max_key_age: 2h}
    - {issuer: "https://offline.example.org", audience: mlgate, subject: "a:b", user: c, jwks_file: keys.json}
`

// write puts a config file into a folder of its own.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mlgate.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, content string) *Config {
	t.Helper()
	cfg, err := Load(write(t, content))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return cfg
}

func TestEveryKeyReachesItsField(t *testing.T) {
	t.Parallel()
	cfg := load(t, full)
	folder := filepath.Dir(cfg.File())
	type got struct {
		Version                            int
		Listen, External, Admin, Mode      string
		Proxies                            []string
		Cert, Key, Seal                    string
		Upstream, CA                       string
		Schemes                            []string
		Direct                             bool
		Kind, State, Policy, Contact, Pass string
		Lifetime, Unused                   time.Duration
	}
	have := got{
		cfg.Version, cfg.Listen, cfg.ExternalURL.String(), cfg.AdminListen, string(cfg.Mode),
		texts(cfg.TrustedProxies), cfg.TLS.CertFile, cfg.TLS.KeyFile, cfg.SealKeysFile,
		cfg.Upstream.URL.String(), cfg.Upstream.CAFile, cfg.Upstream.AllowedSourceSchemes, cfg.Upstream.DirectTransfers,
		cfg.State.Kind, cfg.State.Path, cfg.Policy.File, cfg.Policy.Contact, cfg.Auth.Basic.HtpasswdFile,
		cfg.Auth.Tokens.MaxLifetime, cfg.Auth.Tokens.MaxUnused,
	}
	want := got{
		1, "10.0.0.5:443", "https://ml.example.org/mlflow", "127.0.0.1:9191", "warn",
		[]string{"10.0.0.0/8", "192.168.1.7/32", "::1/128"},
		filepath.Join(folder, "cert.pem"), "/etc/key.pem", filepath.Join(folder, "keys/seal"),
		"https://mlflow.internal:5000", filepath.Join(folder, "ca.pem"), []string{"s3", "gs"}, false,
		"embedded", filepath.Join(filepath.Dir(folder), "state/gate.db"), filepath.Join(folder, "policy.csv"),
		"#ml-platform", filepath.Join(folder, "users.htpasswd"), 720 * time.Hour, 240 * time.Hour,
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func texts(prefixes []netip.Prefix) []string {
	var list []string
	for _, p := range prefixes {
		list = append(list, p.String())
	}
	return list
}

func TestAbsentKeysTakeTheirDefaults(t *testing.T) {
	t.Parallel()
	cfg := load(t, minimal)
	have := []any{cfg.Version, cfg.Listen, cfg.AdminListen, cfg.Mode, cfg.State.Kind, filepath.Base(cfg.State.Path), cfg.Auth.Tokens.MaxLifetime, cfg.Auth.Tokens.MaxUnused}
	want := []any{1, "127.0.0.1:8080", "127.0.0.1:9090", Enforce, "embedded", "mlgate.db", 8760 * time.Hour, 2160 * time.Hour}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if cfg.ExternalURL != nil || cfg.TrustedProxies != nil || cfg.TLS != (TLS{}) || cfg.SealKeysFile != "" {
		t.Errorf("keys without a default have values: %+v", cfg)
	}
	if filepath.Dir(cfg.State.Path) != filepath.Dir(cfg.File()) {
		t.Errorf("state.path %s does not lie beside %s", cfg.State.Path, cfg.File())
	}
}

func TestNothingAfterTheColonMeansEmptyNotDefault(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"admin_listen:", `admin_listen: ""`, "admin_listen: ~"} {
		if got := load(t, minimal+line+"\n").AdminListen; got != "" {
			t.Errorf("%s: got %q, want the admin port off", line, got)
		}
	}
	if got := load(t, minimal+"trusted_proxies:\ntls:\n").TrustedProxies; len(got) > 0 {
		t.Errorf("trusted_proxies without a value: got %v, want none", got)
	}
}

func TestModeOpenNeedsNeitherPolicyNorUsers(t *testing.T) {
	t.Parallel()
	load(t, "mode: open\nupstream: {url: http://127.0.0.1:5000}\n")
}

// Two loads share nothing: what the first file said must not linger.
func TestRemovedKeyFallsBackOnReload(t *testing.T) {
	t.Parallel()
	path := write(t, minimal+"mode: warn\n")
	first, err := Load(path)
	if err != nil || first.Mode != Warn {
		t.Fatalf("first load: mode %v, error %v", first, err)
	}
	if err := os.WriteFile(path, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := Load(path)
	if err != nil || second.Mode != Enforce {
		t.Errorf("second load: got mode %q, error %v, want enforce", second.Mode, err)
	}
}

// Viper folds the case of keys; names of people and teams are values, and must
// come through as they were written.
func TestValuesKeepTheirCase(t *testing.T) {
	t.Parallel()
	cfg := load(t, "upstream: {url: http://127.0.0.1:5000}\nmode: open\npolicy: {contact: \"Ask Alice@Example.org, Team-A/Prod.v2\"}\n")
	if want := "Ask Alice@Example.org, Team-A/Prod.v2"; cfg.Policy.Contact != want {
		t.Errorf("got %q, want %q", cfg.Policy.Contact, want)
	}
}

func TestWarningsNameWhatIsLoudOrInTheClear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, content string
		want          int
	}{
		{"quiet", minimal, 0},
		{"mode warn", minimal + "mode: warn\n", 1},
		{"open to all, plain", minimal + "listen: 0.0.0.0:80\nexternal_url: http://ml.example.org\n", 1},
		{"TLS of its own", minimal + "listen: 10.0.0.5:443\ntls: {cert_file: a, key_file: b}\n", 0},
		{"TLS ended in front, unsaid", minimal + "external_url: https://ml.example.org\n", 1},
		{"TLS ended in front, said", minimal + "external_url: https://ml.example.org\ntrusted_proxies: [127.0.0.1]\n", 0},
		{"admin port outside", minimal + "admin_listen: 0.0.0.0:9090\n", 1},
		{"file sources", "mode: enforce\nupstream: {url: http://a, allowed_source_schemes: [file]}\npolicy: {file: p}\nauth: {basic: {htpasswd_file: u}}\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := load(t, c.content).Warnings(); len(got) != c.want {
				t.Errorf("got %d warnings %q, want %d", len(got), got, c.want)
			}
		})
	}
}

func TestEveryRuleForMachinesReachesItsFields(t *testing.T) {
	t.Parallel()
	cfg := load(t, full)
	folder := filepath.Dir(cfg.File())
	want := []Workload{
		{
			Issuer: "https://token.actions.githubusercontent.com", Audience: "mlgate", Subject: "repo:acme/vision:*",
			Claims: []Claim{{"ref", "refs/tags/*"}, {"environment", "prod"}}, User: "ci-vision", Groups: []string{"ci", "release"},
		},
		{
			Issuer: "https://kubernetes.default.svc", Audience: "mlgate", Subject: "system:serviceaccount:team:trainer", User: "trainer",
			JWKSURL: "https://10.0.0.1/openid/v1/jwks", CAFile: filepath.Join(folder, "cluster.pem"), MaxKeyAge: 2 * time.Hour,
		},
		{Issuer: "https://offline.example.org", Audience: "mlgate", Subject: "a:b", User: "c", JWKSFile: filepath.Join(folder, "keys.json")},
	}
	if diff := cmp.Diff(want, cfg.Auth.Workload); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Machines alone may be all who sign in.
func TestRulesForMachinesNeedNoPasswordFile(t *testing.T) {
	t.Parallel()
	load(t, "upstream: {url: http://127.0.0.1:5000}\npolicy: {file: p}\nauth: {workload: ["+rule+"]}\n")
}
