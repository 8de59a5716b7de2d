package mlflowtest

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// GateOptions is how an mlgate is set up. The zero value is one that lets
// nobody in.
type GateOptions struct {
	// Policy is the text of the policy file.
	Policy string

	// Users maps names to passwords.
	Users map[string]string

	// Prefix, like /mlflow, is the path that the gate lives under; empty: root.
	Prefix string

	// Config is laid over the config that the other options make, key by key,
	// as deep as it goes; a nil value removes a key.
	Config map[string]any

	// Env adds NAME=value settings to the process's environment.
	Env []string
}

// Gate is one running mlgate process.
type Gate struct {
	dir, url, admin string
	binary, log     string
	env             []string
	proc            *process
}

// StartGate starts mlgate in front of an upstream, [Server.URL] or any other,
// and waits until it is ready. It ends with the test, which fails when the race
// detector saw something; a failed test gets the end of the log.
func StartGate(t testing.TB, upstream string, opts GateOptions) *Gate {
	t.Helper()
	g := &Gate{dir: t.TempDir(), binary: Binary(t), env: opts.Env}
	g.log = filepath.Join(g.dir, "mlgate.txt")
	g.SetPolicy(t, opts.Policy)
	g.SetUsers(t, opts.Users)
	err := onFreePort(g.log, func() error {
		if err := g.configure(upstream, opts); err != nil {
			return err
		}
		return g.launch()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.proc.kill()
		if strings.Contains(g.Log(), "WARNING: DATA RACE") {
			t.Errorf("mlgate has a data race:\n%s", g.Log())
		} else if t.Failed() {
			t.Logf("end of mlgate's log:\n%s", tail(g.Log(), 60))
		}
	})
	return g
}

// configure writes the config file, with two free ports in it.
func (g *Gate) configure(upstream string, opts GateOptions) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	adminPort, err := freePort()
	if err != nil {
		return err
	}
	listen, admin := fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("127.0.0.1:%d", adminPort)
	g.url, g.admin = "http://"+listen+opts.Prefix, "http://"+admin
	config := map[string]any{
		"version": 1, "listen": listen, "admin_listen": admin, "external_url": g.url,
		"upstream": map[string]any{"url": upstream},
		"policy":   map[string]any{"file": "policy.csv", "contact": "#ml-platform"},
		"auth":     map[string]any{"basic": map[string]any{"htpasswd_file": "users.htpasswd"}},
	}
	return writeConfig(g.ConfigFile(), overlay(config, opts.Config))
}

func (g *Gate) launch() error {
	cmd := exec.Command(g.binary, "serve", "--config", g.ConfigFile())
	cmd.Dir = g.dir
	cmd.Env = append(baseEnv(g.dir), g.env...)
	proc, err := startProcess(cmd, g.log)
	if err != nil {
		return err
	}
	g.proc = proc
	if err := proc.ready(g.admin+"/readyz", 30*time.Second); err != nil {
		proc.kill()
		return fmt.Errorf("start mlgate: %w\n%s", err, tail(g.Log(), 60))
	}
	return nil
}

// URL is what clients set as tracking URI, prefix included, without a slash at
// its end.
func (g *Gate) URL() string { return g.url }

// UserURL is [Gate.URL] with a name and password in it.
func (g *Gate) UserURL(user, password string) string {
	u, err := url.Parse(g.url)
	if err != nil {
		return ""
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

// AdminURL is where healthz, readyz and metrics are.
func (g *Gate) AdminURL() string { return g.admin }

// ConfigFile is the path of the config file in force.
func (g *Gate) ConfigFile() string { return filepath.Join(g.dir, "mlgate.yaml") }

// PID is the process's id, for tests that measure its memory.
func (g *Gate) PID() int { return g.proc.cmd.Process.Pid }

// Signal sends sig to the process, as an operator would.
func (g *Gate) Signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := g.proc.signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Stop asks the process to end, waits until it has, and returns its exit code.
func (g *Gate) Stop(t testing.TB) int {
	t.Helper()
	g.Signal(t, syscall.SIGTERM)
	select {
	case <-g.proc.done:
	case <-time.After(time.Minute):
		t.Fatal("mlgate is still running a minute after SIGTERM")
	}
	return g.proc.cmd.ProcessState.ExitCode()
}

// Restart stops the process and starts it again on the same ports and state.
func (g *Gate) Restart(t testing.TB) {
	t.Helper()
	g.Stop(t)
	if err := g.launch(); err != nil {
		t.Fatal(err)
	}
}

// Do sends one request through the gate as a user; an empty name sends no
// credentials. Its other arguments are those of [Server.Do].
func (g *Gate) Do(t testing.TB, user, password, method, path string, body any) (int, []byte) {
	t.Helper()
	return do(t, method, g.url+path, body, func(r *http.Request) {
		if user != "" {
			r.SetBasicAuth(user, password)
		}
	})
}
