package browser_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/auth/oidc/oidctest"
	"mlgate/proxy/mlflowtest"
)

// companyLogin starts a gate with a company login, in which alice is of the vision
// team, on the server that a stage has filled.
func companyLogin(t *testing.T, s *stage, path string) (*mlflowtest.Gate, *oidctest.Provider) {
	t.Helper()
	idp, err := oidctest.Start(oidctest.Options{Users: []oidctest.User{
		{Name: "alice", Claims: m{"preferred_username": "alice", "groups": []string{"vision"}}},
		{Name: "bob", Claims: m{"preferred_username": "bob"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	id, secret := idp.Client()
	file := filepath.Join(t.TempDir(), "client.secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return mlflowtest.StartGate(t, s.srv.URL(), mlflowtest.GateOptions{
		Policy: "p, group:vision, cv/" + s.word + "/*, edit\n", Users: map[string]string{"carl": "carl-1"}, Prefix: path,
		Config: m{"auth": m{"oidc": []any{m{
			"name": "company", "display_name": "Acme", "issuer": idp.Issuer(), "client_id": id, "client_secret_file": file,
			"user_claim": "preferred_username", "groups_claim": "groups",
		}}}},
	}), idp
}

// Somebody follows a link to an experiment, signs in at the company, sees it and
// nothing of other teams, and signs out again, here and there.
func TestALinkToAnExperimentLeadsThroughTheCompanyLoginToIt(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "company")
	gate, idp := companyLogin(t, s, "/mlflow")
	b := newTab(t, "", "")
	b.visit(t, gate.URL()+"/#/experiments/"+s.exp)
	b.shows(t, "Sign in with Acme", "With a password of this server")
	b.shot(t, "signin")
	b.click(t, "a", "Sign in with Acme")
	b.shows(t, "Demo sign-in")
	b.click(t, "button", "alice")
	b.shows(t, "cv/company/detector")
	b.traffic.quiet(t)
	b.shot(t, "experiment")
	b.clean(t)
	if at := b.js(t, "location.href"); !strings.HasPrefix(at, gate.URL()+"/#/experiments/"+s.exp) {
		t.Errorf("the browser is at %s", at)
	}
	b.visit(t, gate.URL()+"/_gate/sessions")
	b.shows(t, "this one", "company")
	b.shot(t, "sessions")
	b.click(t, "header button", "Sign out")
	b.wait(t, "the provider to end its session", func() []string {
		if idp.Requests("/logout") == 0 {
			return []string{b.js(t, "location.href")}
		}
		return nil
	})
	b.visit(t, gate.URL()+"/")
	b.shows(t, "Sign in with Acme")
	if b.traffic.dialogs > 0 {
		t.Error("the browser asked for a password over the page")
	}
}

// Cancelled at the company, the company away, a wrong password.
func TestWhoIsTurnedAwayIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "turned")
	gate, idp := companyLogin(t, s, "")
	b := newTab(t, "", "")
	b.visit(t, gate.URL()+"/_gate/login")
	idp.Misbehave(oidctest.Faults{ErrorCode: "access_denied"})
	b.click(t, "a", "Sign in with Acme")
	b.shows(t, "did not let you in, or you cancelled", "begin to sign in again", "this id:")
	b.shot(t, "denied")
	idp.Misbehave(oidctest.Faults{Down: true})
	b.click(t, "a", "Sign in")
	b.click(t, "a", "Sign in with Acme")
	b.wait(t, "an answer", func() []string {
		if text := b.text(t); !strings.Contains(text, "down") && !strings.Contains(text, "does not answer") {
			return []string{text}
		}
		return nil
	})
	b.visit(t, gate.URL()+"/_gate/login")
	b.fill(t, "user", "carl")
	b.fill(t, "password", "wrong")
	b.click(t, "button", "Sign in")
	b.shows(t, "The user name or the password is not right.")
	b.shot(t, "wrong")
	b.fill(t, "password", "carl-1")
	b.click(t, "button", "Sign in")
	b.shows(t, "Experiments")
}

// Somebody leaves MLflow open over night. The session ends; what the page asks then
// leads to sign-in, and back to where they were.
func TestASessionThatEndsUnderTheUILeadsToSignInAndBack(t *testing.T) {
	t.Parallel()
	s := newStage(t, "/mlflow", "overnight")
	b := s.signIn(t)
	b.open(t, s.ui("experiments/"+s.exp+"/runs"))
	b.traffic.quiet(t)
	b.click(t, "a", "Account and tokens")
	b.shows(t, "What you may see and do")
	b.visit(t, s.ui("experiments/"+s.exp+"/runs"))
	b.traffic.quiet(t)
	b.clean(t)
	if got := b.js(t, `fetch("_gate/logout", {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}}).then(r => "" + r.status)`); got != "200" {
		t.Fatalf("sign out: got %s", got)
	}
	b.js(t, `fetch("ajax-api/2.0/mlflow/experiments/search?max_results=1"); ""`)
	b.shows(t, "Sign in", "Password")
	b.shot(t, "ended")
	b.fill(t, "user", "alice")
	b.fill(t, "password", passwords["alice"])
	b.click(t, "button", "Sign in")
	b.shows(t, "cv/overnight/detector")
	if at := b.js(t, "location.href"); !strings.Contains(at, "#/experiments/"+s.exp+"/runs") {
		t.Errorf("the browser is at %s", at)
	}
	if b.traffic.dialogs > 0 {
		t.Error("the browser asked for a password over the page")
	}
}

// The page by which a person signs a terminal in: what it warns of, a mistyped code, the
// button, and the token in the list.
func TestAPersonSignsATerminalInOnThePage(t *testing.T) {
	t.Parallel()
	g := ownPages(t)
	ask := func(path string, form url.Values) map[string]any {
		resp, err := http.PostForm(g.URL()+"/_gate/api/v1/"+path, form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	begun := ask("device", url.Values{})
	b := newTab(t, "alice", passwords["alice"])
	b.open(t, begun["verification_uri_complete"].(string)+"&name=laptop")
	b.shows(t, "Sign in a terminal", "Go on only if you have just run mlgate login yourself")
	if code := b.js(t, `document.getElementById("user_code").value`); code != begun["user_code"] {
		t.Errorf("the page has the code %s", code)
	}
	b.shot(t, "asked")
	b.js(t, `document.getElementById("user_code").value = "BCDF-GHJK-LMNP"; ""`)
	b.click(t, "button", "Sign the terminal in as alice")
	b.shows(t, "There is no such code")
	b.js(t, `document.getElementById("user_code").value = "`+begun["user_code"].(string)+`"; ""`)
	b.click(t, "button", "Sign the terminal in as alice")
	b.shows(t, "The terminal is signed in as you")
	b.shot(t, "done")
	got := ask("device/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {begun["device_code"].(string)}})
	if token, _ := got["access_token"].(string); signsIn(t, g, token) != 200 {
		t.Errorf("the terminal got %v", got)
	}
	b.open(t, g.URL()+"/_gate/tokens")
	b.shows(t, "laptop")
}
