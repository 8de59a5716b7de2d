package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlgate/proxy/mlflowtest"
)

// keycloak is a real one, in a process of its own, driven by its admin API.
type keycloak struct {
	t     *testing.T
	url   string
	token string
}

// startKeycloak needs the folder that .ci/keycloak made.
func startKeycloak(t *testing.T) *keycloak {
	t.Helper()
	home := os.Getenv("KEYCLOAK_HOME")
	if home == "" {
		t.Skip("SKIPPED: no KEYCLOAK_HOME; run make e2e-idp")
	}
	if err := os.RemoveAll(filepath.Join(home, "data", "h2")); err != nil {
		t.Fatal(err)
	}
	var ports []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
		_ = l.Close()
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "keycloak.txt"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(home, "bin", "kc.sh"), "start-dev", "--http-host=127.0.0.1", "--http-port="+ports[0], "--http-management-port="+ports[1]) //nolint:noctx // ended below
	cmd.Env = append(os.Environ(), "JAVA_OPTS_KC_HEAP=-XX:MaxHeapSize=768m", "KC_BOOTSTRAP_ADMIN_USERNAME=admin", "KC_BOOTSTRAP_ADMIN_PASSWORD=admin")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if said, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("end of Keycloak's log:\n%s", said[max(0, len(said)-4000):])
		}
	})
	k := &keycloak{t: t, url: "http://127.0.0.1:" + ports[0]}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
		resp, err := http.Get(k.url + "/realms/master")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return k
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("Keycloak did not start: %v", err)
		}
	}
}

// signIn gets a token of the admin's, which lives for a minute.
func (k *keycloak) signIn() {
	k.t.Helper()
	resp, err := http.PostForm(k.url+"/realms/master/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {"admin"}, "password": {"admin"},
	})
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		k.t.Fatalf("sign in as admin: %d %v", resp.StatusCode, err)
	}
	k.token = answer.Token
}

// admin calls the admin API; body is JSON text.
func (k *keycloak) admin(method, path, body string, into any) {
	k.t.Helper()
	k.signIn()
	req, err := http.NewRequestWithContext(k.t.Context(), method, k.url+"/admin/realms"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		k.t.Fatalf("%s %s: got %d %s %v", method, path, resp.StatusCode, text, err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			k.t.Fatal(err)
		}
	}
}

// user is the id of a user.
func (k *keycloak) user(name string) string {
	k.t.Helper()
	var found []struct{ ID string }
	k.admin("GET", "/acme/users?exact=true&username="+name, "", &found)
	if len(found) != 1 {
		k.t.Fatalf("got %v for %s", found, name)
	}
	return found[0].ID
}

func (k *keycloak) group(name string) string {
	k.t.Helper()
	var found []struct{ ID, Name string }
	k.admin("GET", "/acme/groups", "", &found)
	for _, one := range found {
		if one.Name == name {
			return one.ID
		}
	}
	k.t.Fatalf("no group %s", name)
	return ""
}

// atKeycloak types a password on Keycloak's own page.
func (b *tab) atKeycloak(t *testing.T, user, password string) {
	t.Helper()
	b.wait(t, "Keycloak's sign-in page", func() []string {
		if b.js(t, `document.querySelector("#kc-login") ? "yes" : "no"`) != "yes" {
			return []string{b.js(t, "location.href")}
		}
		return nil
	})
	b.fill(t, "username", user)
	b.fill(t, "password", password)
	b.click(t, "#kc-login", "")
}

// becomes waits until the gate says that the browser is so, or nobody.
func (b *tab) becomes(t *testing.T, gate *mlflowtest.Gate, want string) {
	t.Helper()
	b.wait(t, "the gate to say who it is", func() []string {
		b.visit(t, gate.URL()+"/_gate/api/v1/whoami")
		got := "nobody"
		if strings.HasSuffix(b.js(t, "location.pathname"), "/whoami") {
			var who struct {
				User   string
				Groups []string
			}
			if err := json.Unmarshal([]byte(b.text(t)), &who); err != nil {
				t.Fatalf("%v: %s", err, b.text(t))
			}
			got = strings.Join(append([]string{who.User}, who.Groups...), " ")
		}
		if got != want {
			return []string{want + ", not " + got}
		}
		return nil
	})
}

func TestKeycloakSignsInRenewsDisablesAndSignsOut(t *testing.T) {
	s := newStage(t, "", "keycloak")
	k := startKeycloak(t)
	secret := filepath.Join(t.TempDir(), "client.secret")
	if err := os.WriteFile(secret, []byte("client-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gate := mlflowtest.StartGate(t, s.srv.URL(), mlflowtest.GateOptions{
		Policy: "p, group:vision, cv/" + s.word + "/*, edit\np, group:language, nlp/*, manage\n", Users: map[string]string{"carl": "carl-1"},
		Config: m{"sessions": m{"refresh": "2s"}, "auth": m{"oidc": []any{m{
			"name": "company", "display_name": "Keycloak", "issuer": k.url + "/realms/acme", "client_id": "mlgate",
			"client_secret_file": secret, "scopes": []string{"openid", "email", "profile"},
			"user_claim": "preferred_username", "groups_claim": "groups",
		}}}},
	})
	realm, err := os.ReadFile("testdata/realm.json")
	if err != nil {
		t.Fatal(err)
	}
	k.admin("POST", "", strings.ReplaceAll(string(realm), "GATE", gate.URL()), nil)

	b := newTab(t, "", "")
	b.visit(t, gate.URL()+"/#/experiments/"+s.exp)
	b.click(t, "a", "Sign in with Keycloak")
	b.atKeycloak(t, "alice", "wrong")
	b.shows(t, "Invalid username or password")
	b.shot(t, "there")
	b.fill(t, "password", "alice-at-acme")
	b.click(t, "#kc-login", "")
	b.shows(t, "cv/keycloak/detector")
	b.traffic.quiet(t)
	b.shot(t, "in")
	if html := b.js(t, "document.documentElement.outerHTML"); strings.Contains(html, canary) {
		t.Error("the page shows something of the other team's")
	}
	made := b.js(t, `fetch("/_gate/api/v1/tokens", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"name": "job"}'}).then(r => r.json()).then(t => t.token)`)
	token := func() int {
		status, _ := gate.Do(t, "token", made, "GET", "/_gate/api/v1/whoami", nil)
		return status
	}
	if status := token(); status != 200 {
		t.Errorf("a token of alice's: got %d", status)
	}
	b.becomes(t, gate, "alice vision")

	// Another team.
	alice := k.user("alice")
	k.admin("PUT", "/acme/users/"+alice+"/groups/"+k.group("language"), "", nil)
	k.admin("DELETE", "/acme/users/"+alice+"/groups/"+k.group("vision"), "", nil)
	b.becomes(t, gate, "alice language")
	k.admin("PUT", "/acme/users/"+alice+"/groups/"+k.group("vision"), "", nil)
	k.admin("DELETE", "/acme/users/"+alice+"/groups/"+k.group("language"), "", nil)
	b.becomes(t, gate, "alice vision")

	// Keys that are rotated while somebody is signed in.
	var realmInfo struct{ ID string }
	k.admin("GET", "/acme", "", &realmInfo)
	k.admin("POST", "/acme/components", fmt.Sprintf(`{"name": "fresh", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider", "parentId": %q,
		"config": {"priority": ["200"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"], "keySize": ["2048"]}}`, realmInfo.ID), nil)
	time.Sleep(3 * time.Second)
	b.becomes(t, gate, "alice vision")

	// The admin of Keycloak signs alice out: back-channel logout.
	k.admin("POST", "/acme/users/"+alice+"/logout", "", nil)
	b.becomes(t, gate, "nobody")
	if !strings.Contains(gate.Log(), `"msg":"signed out by the provider"`) {
		t.Error("Keycloak's logout token did not end the session")
	}
	b.wait(t, "the token to end with the session at Keycloak", func() []string {
		if status := token(); status != 401 {
			return []string{fmt.Sprint(status)}
		}
		return nil
	})

	// Disabled.
	b.visit(t, gate.URL()+"/")
	b.click(t, "a", "Sign in with Keycloak")
	b.atKeycloak(t, "alice", "alice-at-acme")
	b.shows(t, "Experiments")
	b.becomes(t, gate, "alice vision")
	k.admin("PUT", "/acme/users/"+alice, `{"enabled": false}`, nil)
	b.becomes(t, gate, "nobody")
	b.visit(t, gate.URL()+"/")
	b.click(t, "a", "Sign in with Keycloak")
	b.atKeycloak(t, "alice", "alice-at-acme")
	b.shows(t, "Account is disabled")
	k.admin("PUT", "/acme/users/"+alice, `{"enabled": true}`, nil)

	// Sign-out here is one there.
	b.visit(t, gate.URL()+"/")
	b.click(t, "a", "Sign in with Keycloak")
	b.atKeycloak(t, "alice", "alice-at-acme")
	b.shows(t, "Experiments")
	b.visit(t, gate.URL()+"/_gate/account")
	b.shows(t, "You may see, create and change cv/keycloak/*")
	b.click(t, "header button", "Sign out")
	b.shows(t, "Sign in with Keycloak") // by way of Keycloak
	b.click(t, "a", "Sign in with Keycloak")
	b.atKeycloak(t, "bob", "bob-at-acme") // it asks again, and takes another
	b.shows(t, "Experiments")
	b.becomes(t, gate, "bob language")
	b.shot(t, "bob")
}
