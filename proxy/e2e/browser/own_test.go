package browser_test

import (
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mlgate/proxy/mlflowtest"
)

// ownPages starts a gate below a path with alice and an admin, in front of no
// MLflow: mlgate's own pages need none.
func ownPages(t *testing.T) *mlflowtest.Gate {
	t.Helper()
	executable(t)
	return mlflowtest.StartGate(t, live.Server(t).URL(), mlflowtest.GateOptions{
		Policy: "p, role:vision, cv/*, edit\np, role:vision, cv/secret/*, read, deny\np, role:admin, *, admin\n" +
			"g, user:alice, role:vision\ng, user:root, role:admin\n",
		Users: map[string]string{"alice": passwords["alice"], "root": "root-1"}, Prefix: "/mlflow",
	})
}

// signsIn is how a token is answered.
func signsIn(t *testing.T, g *mlflowtest.Gate, token string) int {
	t.Helper()
	status, _ := g.Do(t, "token", token, "GET", "/_gate/api/v1/whoami", nil)
	return status
}

// fill types into the field with this id.
func (b *tab) fill(t *testing.T, id, text string) {
	t.Helper()
	b.click(t, "#"+id, "")
	b.write(t, text)
}

func TestAPersonMakesRotatesAndRevokesATokenOnThePages(t *testing.T) {
	t.Parallel()
	g := ownPages(t)
	b := newTab(t, "alice", passwords["alice"])
	b.open(t, g.URL()+"/_gate/account")
	b.shows(t, "You are alice, signed in in this browser", "You may see, create and change cv/*", "You may not see cv/secret/*")
	b.shot(t, "account")
	b.click(t, "nav a", "Tokens")
	b.shows(t, "There are no tokens")
	b.click(t, "button", "Make the token") // the browser itself asks for the name
	b.shows(t, "There are no tokens")
	b.fill(t, "name", "nightly")
	b.fill(t, "ttl", "tomorrow")
	b.fill(t, "prefixes", "cv/nightly/*")
	b.click(t, "button", "Make the token")
	b.shows(t, "Ends after must be a duration")
	b.shot(t, "fault")
	b.js(t, `document.getElementById("ttl").select(); ""`)
	b.write(t, "30d")
	b.click(t, "label.choice", "read")
	b.click(t, "button", "Make the token")
	b.shows(t, "This is the only time that the token is shown", "mlflow_tracking_password")
	b.shot(t, "made")
	token := b.js(t, `document.getElementById("token").value`)
	if !regexp.MustCompile(`^mlg_\w{75}$`).MatchString(token) {
		t.Fatalf("got %q to copy", token)
	}
	if status := signsIn(t, g, token); status != 200 {
		t.Errorf("the token is answered with %d", status)
	}
	b.click(t, "a", "Back to the tokens")
	b.shows(t, "nightly", "cv/nightly/*", "read")
	b.shot(t, "tokens")
	b.click(t, "button", "Rotate nightly")
	b.shows(t, "which ends in 24 hours")
	second := b.js(t, `document.getElementById("token").value`)
	b.click(t, "nav a", "Tokens")
	for range 2 {
		b.click(t, "button", "Revoke nightly")
	}
	b.shows(t, "There are no tokens")
	for _, text := range []string{token, second} {
		if status := signsIn(t, g, text); status != 401 {
			t.Errorf("a revoked token is answered with %d", status)
		}
	}
	b.click(t, "nav a", "MLflow")
	b.wait(t, "MLflow's own page", func() []string {
		if at := b.js(t, "location.href"); at != g.URL()+"/" && at != g.URL()+"/#/" {
			return []string{at}
		}
		return nil
	})
}

func TestAnAdminFindsWhoHoldsWhat(t *testing.T) {
	t.Parallel()
	g := ownPages(t)
	b := newTab(t, "root", "root-1")
	b.open(t, g.URL()+"/_gate/admin")
	b.shows(t, "Who holds what", "user:alice", "mode enforce")
	b.click(t, "a", "user:alice")
	b.shows(t, "p, role:vision, cv/secret/*, read, deny", "Roles: vision")
	b.shot(t, "admin")
	b.click(t, "a", "Their tokens")
	b.shows(t, "These are the tokens of alice")
	b.fill(t, "name", "by-root")
	b.click(t, "button", "Make the token")
	b.shows(t, "This is the only time")
	b.click(t, "a", "Back to the tokens")
	b.shows(t, "by-root", "root")

	b = newTab(t, "alice", passwords["alice"])
	b.open(t, g.URL()+"/_gate/admin")
	b.shows(t, "This page is for admins")
	b.shot(t, "refused")
}

// Everything that a page does works without a mouse, without scripts, and in the
// dark, and each field has a name for who cannot see it.
func TestOwnPagesWorkWithoutScriptsAndWithTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	g := ownPages(t)
	b := newTab(t, "alice", passwords["alice"])
	for _, err := range []error{
		second(chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})),
		second(chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
		})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.open(t, g.URL()+"/_gate/tokens")
	b.shows(t, "There are no tokens")
	if got := b.js(t, `getComputedStyle(document.body).backgroundColor`); got != "rgb(17, 23, 28)" {
		t.Errorf("in the dark the page is %s", got)
	}
	unnamed := eval[[]string](t, b, `[...document.querySelectorAll("input, textarea, select, button")].filter(e => !(e.labels?.length || e.innerText || e.ariaLabel)).map(e => e.outerHTML)`)
	if len(unnamed) > 0 {
		t.Errorf("fields without a name: %v", unnamed)
	}
	// Tab from the top: past the skip link and the navigation, into the form.
	for i := 0; b.js(t, `document.activeElement.id`) != "name"; i++ {
		if i > 12 {
			t.Fatal("the keyboard does not get to the form")
		}
		b.write(t, "\t")
	}
	b.write(t, "by keyboard\r")
	b.shows(t, "This is the only time that the token is shown")
	b.shot(t, "dark")
}

func second[T any](_ T, err error) error { return err }
