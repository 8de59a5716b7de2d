package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// terminal is a `mlgate` command that runs in a home folder of its own.
type terminal struct {
	cmd  *exec.Cmd
	home string

	mu             sync.Mutex
	stdout, stderr bytes.Buffer
}

// Write implements io.Writer for standard error.
func (c *terminal) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stderr.Write(b)
}

func (c *terminal) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stderr.String()
}

func startTerminal(t *testing.T, home string, args ...string) *terminal {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	c := &terminal{home: home, cmd: exec.CommandContext(ctx, mlflowtest.Binary(t), args...)}
	c.cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, c
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// page is the address that the terminal shows, below the gate, and the code.
func (c *terminal) page(t *testing.T, gate string) (path, code string) {
	t.Helper()
	until(t, "the terminal shows a code", func() bool { return strings.Contains(c.said(), "the code ") })
	found := regexp.MustCompile(`Open (\S+)\nand check that it shows the code (\S+)\n`).FindStringSubmatch(c.said())
	if found == nil || !strings.HasPrefix(found[1], gate+"/_gate/device?user_code="+found[2]) {
		t.Fatalf("got %s", c.said())
	}
	return strings.TrimPrefix(found[1], gate), found[2]
}

// answer presses a button of the page.
func (b *browser) answer(t *testing.T, path, do string) reply {
	t.Helper()
	if page := b.navigate(path); page.StatusCode != 200 || !strings.Contains(page.text, "Go on only if you have just run") {
		t.Fatalf("the page: got %d %s", page.StatusCode, page.text)
	}
	query := mustParse(t, "http://x"+path).Query()
	form := url.Values{"do": {do}, "user_code": query["user_code"], "name": query["name"], "ttl": query["ttl"]}
	return b.send("POST", "/_gate/device", form, same(b)...)
}

// A researcher on a terminal: one command, one click, and the stock client works.
func TestATerminalSignsInThroughTheBrowserAndOutAgain(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "/mlflow", "terminal", nil)
	home := t.TempDir()
	file := filepath.Join(home, ".mlflow", "credentials")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("[other]\nkey = value\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cli := startTerminal(t, home, "login", c.gate.URL(), "--no-browser", "--name", "laptop")
	path, _ := cli.page(t, c.gate.URL())
	b := newBrowser(t, c.gate.URL())
	if there := b.navigate(path); there.StatusCode != 303 || !strings.Contains(there.Header.Get("Location"), "user_code") {
		t.Errorf("who is not signed in: got %d to %s", there.StatusCode, there.Header.Get("Location"))
	}
	b.signIn("alice")
	if done := b.answer(t, path, "grant"); done.StatusCode != 200 || !strings.Contains(done.text, "The terminal is signed in as you") {
		t.Fatalf("grant: got %d %s", done.StatusCode, done.text)
	}
	if err := cli.cmd.Wait(); err != nil || !strings.Contains(cli.said(), "Signed in as alice until 20") || cli.stdout.String() != "export MLFLOW_TRACKING_URI="+c.gate.URL()+"\n" {
		t.Fatalf("got %v, %s%s", err, cli.said(), cli.stdout.String())
	}
	content, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(content), "[other]\nkey = value\n") {
		t.Errorf("the file is %s, %v", content, err)
	}
	token := regexp.MustCompile(`mlg_\w+`).FindString(string(content))
	if token == "" || strings.Contains(cli.said(), token) || strings.Contains(c.gate.Log(), token) {
		t.Errorf("the token %q is where it should not be, or nowhere", token)
	}
	run(t, "tracking", []string{"MLFLOW_TRACKING_URI=" + c.gate.URL(), "HOME=" + home}, c.names("alice"), []string{"EXPECT_USER=alice"})
	if again := b.answer(t, path, "grant"); again.StatusCode != 200 && !strings.Contains(again.text, "answered already") {
		t.Errorf("granted twice: got %d", again.StatusCode)
	}

	out := startTerminal(t, home, "logout")
	if err := out.cmd.Wait(); err != nil {
		t.Fatalf("logout: %v %s", err, out.said())
	}
	content, _ = os.ReadFile(file)
	if strings.Contains(string(content), "mlg") || !strings.Contains(string(content), "[other]\nkey = value\n") {
		t.Errorf("after signing out the file is %s", content)
	}
	if who := newBrowser(t, c.gate.URL()).whoami("Authorization", "Bearer "+token); who != "" {
		t.Errorf("the token is still %s's", who)
	}
	if twice := startTerminal(t, home, "logout"); twice.cmd.Wait() == nil || !strings.Contains(twice.said(), "no token of `mlgate login`") {
		t.Errorf("logout twice: got %s", twice.said())
	}
}

func TestATerminalThatIsRefusedGetsNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "refusedterminal", nil)
	cli := startTerminal(t, t.TempDir(), "login", c.gate.URL(), "--no-browser")
	path, _ := cli.page(t, c.gate.URL())
	b := newBrowser(t, c.gate.URL())
	b.signIn("alice")
	if done := b.answer(t, path, "refuse"); done.StatusCode != 200 {
		t.Fatalf("refuse: got %d %s", done.StatusCode, done.text)
	}
	if err := cli.cmd.Wait(); err == nil || !strings.Contains(cli.said(), "refused in the browser") {
		t.Errorf("got %v %s", err, cli.said())
	}
	if list := b.send("GET", "/_gate/api/v1/tokens", nil).text; strings.Contains(list, `"id"`) {
		t.Errorf("a token was made: %s", list)
	}
	for address, want := range map[string]string{
		"http://ml.example.org": "the token would pass in the clear", "http://a:b@127.0.0.1:1": "is not needed", "nonsense": "want a URL",
		c.srv.URL(): "does not sign in terminals",
	} {
		if no := startTerminal(t, t.TempDir(), "login", address, "--no-browser"); no.cmd.Wait() == nil || !strings.Contains(no.said(), want) {
			t.Errorf("%s: got %s, want %s", address, no.said(), want)
		}
	}
}

// What somebody could try with the codes of others.
func TestACodeHelpsNobodyButItsTerminalAndItsOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t, "", "codes", nil)
	anybody, alice, bob := newBrowser(t, c.gate.URL()), newBrowser(t, c.gate.URL()), newBrowser(t, c.gate.URL())
	alice.signIn("alice")
	bob.signIn("bob")
	ask := func() (device, user string) {
		begun := anybody.send("POST", "/_gate/api/v1/device", url.Values{})
		if begun.StatusCode != 200 {
			t.Fatalf("begin: got %d %s", begun.StatusCode, begun.text)
		}
		return field(begun.text, "device_code"), field(begun.text, "user_code")
	}
	fetch := func(device string) reply {
		return anybody.send("POST", "/_gate/api/v1/device/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device}})
	}
	device, user := ask()
	other, _ := ask()
	grant := url.Values{"do": {"grant"}, "user_code": {user}, "name": {"n"}, "ttl": {"1h"}}

	// A page of another site, nobody, a link, and a token with limits grant nothing.
	for name, no := range map[string]reply{
		"another site": alice.send("POST", "/_gate/device", grant, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"),
		"another host": alice.send("POST", "/_gate/device", grant, "Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"),
		"nobody":       anybody.send("POST", "/_gate/device", grant),
		"a link":       alice.navigate("/_gate/device?" + url.Values{"user_code": {user}, "do": {"grant"}}.Encode()),
		"JSON":         alice.send("POST", "/_gate/device", map[string]string{"do": "grant", "user_code": user, "name": "n"}, same(alice)...),
		"a wrong code": alice.send("POST", "/_gate/device", url.Values{"do": {"grant"}, "user_code": {"BCDF-GHJK-LMNP"}, "name": {"n"}}, same(alice)...),
	} {
		if no.StatusCode < 400 {
			t.Errorf("%s: got %d", name, no.StatusCode)
		}
	}
	limited := field(c.made(t, alice, `{"name": "limited", "read_only": true}`), "token")
	if no := anybody.send("POST", "/_gate/device", grant, "Authorization", "Bearer "+limited); no.StatusCode != 403 {
		t.Errorf("a token with limits: got %d", no.StatusCode)
	}
	if got := fetch(device); got.StatusCode != 400 || field(got.text, "error") != "authorization_pending" {
		t.Fatalf("after all that: got %d %s", got.StatusCode, got.text)
	}

	// bob is sent alice's terminal's code and grants it: that is bob's own token.
	if done := alice.send("POST", "/_gate/device", grant, same(alice)...); done.StatusCode != 200 {
		t.Fatalf("grant: got %d %s", done.StatusCode, done.text)
	}
	tokens := strings.Count(bob.send("GET", "/_gate/api/v1/tokens", nil).text, `"id"`)
	if twice := bob.send("POST", "/_gate/device", grant, same(bob)...); twice.StatusCode != 400 || !strings.Contains(twice.text, "answered already") {
		t.Errorf("granted by another too: got %d", twice.StatusCode)
	}
	if n := strings.Count(bob.send("GET", "/_gate/api/v1/tokens", nil).text, `"id"`); n != tokens {
		t.Error("a token that nobody can fetch lives on")
	}
	for _, code := range []string{other, user, "", "x", device + "A"} {
		if got := fetch(code); got.StatusCode != 400 || strings.Contains(got.text, "access_token") {
			t.Errorf("%.20q: got %d %s", code, got.StatusCode, got.text)
		}
	}
	first := fetch(device)
	if first.StatusCode != 200 || field(first.text, "user") != "alice" || first.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the terminal: got %d %s", first.StatusCode, first.text)
	}
	if second := fetch(device); second.StatusCode != 400 {
		t.Errorf("fetched twice: got %d %s", second.StatusCode, second.text)
	}
	if strings.Contains(c.gate.Log(), device) || strings.Contains(c.gate.Log(), field(first.text, "access_token")) {
		t.Error("the log holds a code or a token")
	}
}

// made makes a token over the API.
func (c *company) made(t *testing.T, b *browser, body string) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		t.Fatal(fmt.Errorf("made: %w", err))
	}
	return b.send("POST", "/_gate/api/v1/tokens", fields, same(b)...).text
}
