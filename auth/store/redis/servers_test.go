package redis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
)

// server is one redis-server, or a Sentinel, in a process of its own.
type server struct {
	addr string
	dir  string
	args []string
	cmd  *exec.Cmd
}

// needRedis skips without Debian's redis-server; in CI that is a failure.
func needRedis(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is missing: apt-get install redis-server")
		}
		t.Skip("redis-server is not installed: apt-get install redis-server")
	}
}

// freePort is a loopback port that nobody listens on at the moment, nor on the
// one 10,000 above, which a node of a Cluster takes as well. Both are below those
// that systems give to outgoing connections, so that a server can be started there
// again.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 12_000 + rand.IntN(10_000)
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			continue
		}
		bus, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port+10_000))
		_ = l.Close()
		if err == nil {
			_ = bus.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// startServer starts a server that keeps nothing on disk, unless args say so.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	needRedis(t)
	port := freePort(t)
	s := &server{addr: fmt.Sprint("127.0.0.1:", port), dir: t.TempDir()}
	s.args = append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--daemonize", "no", "--loglevel", "warning"}, args...)
	s.start(t)
	return s
}

func (s *server) start(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd := s.cmd
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	waitFor(t, "a server at "+s.addr, func() bool {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func (s *server) kill(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
}

func (s *server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func waitFor(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still no %s", what)
		}
	}
}

// shared is one server for all tests that only need an empty prefix.
var shared struct {
	once sync.Once
	s    *server
}

func sharedServer(t testing.TB) *server {
	t.Helper()
	needRedis(t)
	shared.once.Do(func() {
		dir, err := os.MkdirTemp("", "mlgate-redis-")
		if err != nil {
			t.Fatal(err)
		}
		port := freePort(t)
		s := &server{addr: fmt.Sprint("127.0.0.1:", port), dir: dir}
		s.cmd = exec.Command("redis-server", "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--loglevel", "warning")
		s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := s.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		shared.s = s
	})
	waitFor(t, "shared server", func() bool {
		c, err := net.Dial("tcp", shared.s.addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return shared.s
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s := shared.s; s != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		_ = os.RemoveAll(s.dir)
	}
	os.Exit(code)
}

// openDB opens a store; running keeps a lease until the test ends.
func openDB(t testing.TB, o Options, running bool) *DB {
	t.Helper()
	db, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if !running {
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		_ = db.Close()
	})
	return db
}

// leased waits until memory is in use.
func leased(t testing.TB, db *DB) *DB {
	t.Helper()
	waitFor(t, "lease", db.lease.memory.counts)
	return db
}

// prefixOf is a prefix of the test's own on a shared server.
func prefixOf(t testing.TB) string {
	return strings.NewReplacer("{", "", "}", "").Replace(t.Name()) + ":"
}

func miniServer(t testing.TB) Options {
	t.Helper()
	s := miniredis.RunT(t)
	// Its keys age only when they are told to.
	aging := time.NewTicker(10 * time.Millisecond)
	done := make(chan struct{})
	t.Cleanup(func() { aging.Stop(); close(done) })
	go func() {
		for last := time.Now(); ; {
			select {
			case <-done:
				return
			case now := <-aging.C:
				s.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	return Options{Addrs: []string{s.Addr()}, Prefix: prefixOf(t)}
}

func realServer(t testing.TB) Options {
	t.Helper()
	return Options{Addrs: []string{sharedServer(t).addr}, Prefix: prefixOf(t)}
}

// startSentinels starts a server with a replica and three Sentinels that watch it.
func startSentinels(t testing.TB) (o Options, primary, replica *server) {
	t.Helper()
	primary = startServer(t, "--requirepass", "pw", "--masterauth", "pw")
	replica = startServer(t, "--requirepass", "pw", "--masterauth", "pw", "--replicaof", "127.0.0.1", port(primary.addr))
	o = Options{
		Master: "mlgate", Prefix: prefixOf(t), SentinelPassword: "spw",
		Credentials: func() (string, string, error) { return "", "pw", nil },
	}
	for range 3 {
		o.Addrs = append(o.Addrs, startSentinel(t, primary).addr)
	}
	direct := goredis.NewClient(&goredis.Options{Addr: replica.addr, Password: "pw"})
	defer direct.Close()
	waitFor(t, "replica in step", func() bool {
		return strings.Contains(direct.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	for _, addr := range o.Addrs {
		sentinel := goredis.NewSentinelClient(&goredis.Options{Addr: addr, Password: "spw"})
		defer sentinel.Close()
		waitFor(t, "Sentinel that knows all", func() bool {
			r, _ := sentinel.Replicas(t.Context(), "mlgate").Result()
			s, _ := sentinel.Sentinels(t.Context(), "mlgate").Result()
			return len(r) == 1 && len(s) == 2
		})
	}
	return o, primary, replica
}

func startSentinel(t testing.TB, primary *server) *server {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	p := freePort(t)
	text := fmt.Sprintf(`port %d
bind 127.0.0.1
dir %s
requirepass spw
sentinel sentinel-pass spw
sentinel monitor mlgate 127.0.0.1 %s 2
sentinel auth-pass mlgate pw
sentinel down-after-milliseconds mlgate 500
sentinel failover-timeout mlgate 3000
loglevel warning
`, p, dir, port(primary.addr))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{addr: fmt.Sprint("127.0.0.1:", p), dir: dir, args: []string{conf, "--sentinel"}}
	s.start(t)
	return s
}

func port(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }

// startCluster starts a Cluster of three.
func startCluster(t testing.TB) Options {
	t.Helper()
	o := Options{Prefix: prefixOf(t)}
	for range 3 {
		o.Addrs = append(o.Addrs, startServer(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000").addr)
	}
	args := append([]string{"--cluster", "create"}, o.Addrs...)
	if out, err := exec.Command("redis-cli", append(args, "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("make cluster: %v\n%s", err, out)
	}
	for _, addr := range o.Addrs {
		direct := goredis.NewClient(&goredis.Options{Addr: addr})
		defer direct.Close()
		waitFor(t, "cluster in order", func() bool {
			return strings.Contains(direct.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
		})
	}
	return o
}
