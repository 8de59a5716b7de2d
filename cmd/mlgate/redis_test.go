package main

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// redisServer is a redis-server in a process of its own. What it is told to keep
// survives a kill.
type redisServer struct {
	address, folder string
	cmd             *exec.Cmd
}

func (s *redisServer) start() error {
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return err
	}
	s.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", s.folder,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--loglevel", "warning")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

func (s *redisServer) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// needRedis skips without redis-server; in CI that is a failure.
func needRedis(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is missing: apt-get install redis-server")
		}
		t.Skip("redis-server is not installed: apt-get install redis-server")
	}
}

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	needRedis(t)
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	s := &redisServer{address: address, folder: t.TempDir()}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })
	return s
}

// redisKey is where a script's server lies among its values.
type redisKey struct{}

// scriptRedis is `redis start|kill`: the redis-server of a script, at $REDIS.
func scriptRedis(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(redisKey{}).(*redisServer)
	switch {
	case len(args) == 1 && args[0] == "start":
		ts.Check(os.MkdirAll(s.folder, 0o700))
		ts.Check(s.start())
	case len(args) == 1 && args[0] == "kill":
		s.kill()
	default:
		ts.Fatalf("usage: redis start|kill")
	}
}
