package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata run the real main in processes of their own, beside
// small helpers (helpers_test.go) that stand for curl and openssl.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mlgate":     main,
		"fetch":      fetchMain,
		"selfsigned": selfSignedMain,
	})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", Setup: setupScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"signal": signalGate, "capture": capture, "redis": scriptRedis},
	})
}

// signalGate is `signal HUP|TERM|INT`: it sends a signal to the gate that runs in
// the background. testscript's own kill knows neither HUP nor TERM.
func signalGate(ts *testscript.TestScript, _ bool, args []string) {
	known := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	if len(args) != 1 || known[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|TERM|INT")
	}
	for _, cmd := range ts.BackgroundCmds() {
		if slices.Contains(cmd.Args, "serve") {
			ts.Check(cmd.Process.Signal(known[args[0]]))
			return
		}
	}
	ts.Fatalf("no gate runs in the background")
}

// capture is `capture NAME REGEXP`: it keeps what the first group of an expression
// matches in the last standard output, as $NAME.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	expression, err := regexp.Compile(args[1])
	ts.Check(err)
	found := expression.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("stdout has nothing like %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// setupScript gives each script an MLflow of its own ($UPSTREAM), free ports for
// the gate ($GATE, $ADMIN), a password file with alice and root, and an empty home.
func setupScript(env *testscript.Env) error {
	for name := range strings.SplitSeq(strings.Join(env.Vars, "\n"), "\n") {
		if strings.HasPrefix(name, "MLGATE_") || strings.HasPrefix(name, "MLFLOW_") {
			return fmt.Errorf("the environment of the tests holds %s", name)
		}
	}
	upstream := newFakeMLflow()
	env.Defer(upstream.Close)
	gate, err := freeAddress()
	if err != nil {
		return err
	}
	admin, err := freeAddress()
	if err != nil {
		return err
	}
	home := filepath.Join(env.WorkDir, "home")
	redis, err := freeAddress()
	if err != nil {
		return err
	}
	env.Setenv("REDIS", redis)
	server := &redisServer{address: redis, folder: filepath.Join(env.WorkDir, "redis-data")}
	env.Values[redisKey{}] = server
	env.Defer(server.kill)
	env.Setenv("HOME", home)
	env.Setenv("UPSTREAM", upstream.URL)
	env.Setenv("LISTEN", gate)
	env.Setenv("ADMIN_LISTEN", admin)
	env.Setenv("GATE", "http://"+gate)
	env.Setenv("ADMIN", "http://"+admin)
	// The race detector would hold every process for a second at its end.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	if err := os.MkdirAll(filepath.Join(home, ".mlflow"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(env.WorkDir, "users.htpasswd"), cheapUsers("alice", "root"), 0o600)
}

// cheapUsers is a password file in which everybody's password is correct-horse,
// hashed as cheaply as bcrypt allows: the cost is the subject of other tests.
func cheapUsers(names ...string) []byte {
	const hash = "$2y$04$zUJ6g447i02WdRpDAMdyx.l2l9hKn0.440sn0LueGPEYBmkGH9xFq"
	var file []byte
	for _, name := range names {
		file = fmt.Appendf(file, "%s:%s\n", name, hash)
	}
	return file
}

// freeAddress is a loopback address that nobody listens on at the moment. Its port
// is below those that systems give to outgoing connections, so that whoever listens
// there can be killed and started again while others are busy.
func freeAddress() (string, error) {
	for attempt := 0; ; attempt++ {
		listener, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 16_000+rand.IntN(16_000)))
		if err == nil {
			return listener.Addr().String(), listener.Close()
		}
		if attempt == 100 {
			return "", err
		}
	}
}
