package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/auth/oidc/oidctest"
)

func TestLiveCheckAsksTheCompanyLogins(t *testing.T) {
	t.Parallel()
	idp, err := oidctest.Start(oidctest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	mlflow := newFakeMLflow()
	t.Cleanup(mlflow.Close)
	path := folderWith(t, "p, group:ci, cv/*, edit\n", "")
	config := func(issuer string) {
		put(t, path, fmt.Sprintf(`external_url: https://ml.example.org/mlflow
trusted_proxies: [127.0.0.1]
upstream: {url: "%s/clean"}
policy: {file: policy.csv}
auth:
  oidc:
    - {name: company, issuer: "%s", client_id: mlgate}
    - {name: other, issuer: "%s", client_id: mlgate, user_prefix: "other-"}
`, mlflow.URL, idp.Issuer(), issuer))
	}
	config(idp.Issuer() + "/")
	code, stdout, stderr := runCommand("config", "check", "--config", path, "--live")
	want := "company login company: " + idp.Issuer() + " answers; browsers come back to https://ml.example.org/mlflow/_gate/callback\n"
	if code != codeFailure || !strings.Contains(stdout, want) || !strings.Contains(stderr, "mlgate: error: auth.oidc[1]: "+idp.Issuer()+"/: ") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	config(idp.Issuer())
	code, stdout, stderr = runCommand("config", "check", "--config", path, "--live")
	if code != 0 || !strings.Contains(stdout, "browsers come back to https://ml.example.org/mlflow/_gate/callback/other\n") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

func TestFaultyCompanyLoginsAreAllNamed(t *testing.T) {
	t.Parallel()
	path := folderWith(t, "p, group:ci, cv/*, edit\n", "")
	put(t, path, `upstream: {url: "http://127.0.0.1:1"}
policy: {file: policy.csv}
auth:
  oidc:
    - {name: "a b", issuer: "https://a.example.org", client_id: m, client_secret_file: gone}
    - {name: "c d", issuer: "https://c.example.org", client_id: m, user_prefix: "c:", groups_claim: "a..b"}
    - {name: e, issuer: "https://e.example.org", client_id: m, user_prefix: e-, authorize_params: [{name: state, value: x}]}
    - {name: f, issuer: "https://f.example.org", client_id: m, user_prefix: f-, client_secret_file: two, ca_file: two}
`)
	put(t, filepath.Join(filepath.Dir(path), "two"), "one\ntwo\n")
	code, _, stderr := runCommand("config", "check", "--config", path)
	for _, want := range []string{
		"auth.oidc[0].client_secret_file: open ", `auth.oidc[1]: provider "c d": `, `authorize_params: "state" is not for the config to set`,
		"auth.oidc[3].client_secret_file: " + filepath.Join(filepath.Dir(path), "two") + " does not hold one line",
	} {
		if code != codeFailure || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d: got\n%swant %q in it", code, stderr, want)
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "mlgate.db")); err == nil {
		t.Error("the check made a state file")
	}
}
