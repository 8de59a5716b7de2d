package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"mlgate/proxy/mlflowtest"
)

// startRedis starts a redis-server that keeps nothing, and returns its address.
func startRedis(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is missing: apt-get install redis-server")
		}
		t.Skip("SKIPPED: redis-server is not installed: apt-get install redis-server")
	}
	port := fmt.Sprint(16_000 + rand.IntN(16_000))
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--loglevel", "warning") //nolint:noctx // ended below
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address := "127.0.0.1:" + port
	until(t, "Redis listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return address
}

// A replica that has just answered by the old name must not do so a second after
// another one renamed the experiment.
func TestARenameThroughOneReplicaHoldsOnTheOthersWithinASecond(t *testing.T) {
	t.Parallel()
	srv, redis := live.Server(t), startRedis(t)
	var gates []*mlflowtest.Gate
	for range 2 {
		gates = append(gates, mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
			Policy: policyText, Users: passwords(),
			Config: map[string]any{"state": map[string]any{"kind": "redis", "redis": map[string]any{"addrs": []string{redis}}}},
		}))
	}
	sees := func(gate *mlflowtest.Gate, user, id string) bool {
		status, answer := gate.Do(t, user, passwords()[user], "GET", mlflowtest.API+"experiments/get?experiment_id="+id, nil)
		if status != 200 && status != 404 {
			t.Fatalf("%s: got %d %s", user, status, answer)
		}
		return status == 200
	}
	for round := range 3 {
		id := srv.CreateExperiment(t, fmt.Sprint("nlp/moves-", round))
		for _, gate := range gates { // each remembers whose it is
			if !sees(gate, "bob", id) || sees(gate, "alice", id) {
				t.Fatal("before the rename it is not bob's alone")
			}
		}
		status, answer := gates[0].Do(t, "ada", passwords()["ada"], "POST", mlflowtest.API+"experiments/update",
			map[string]string{"experiment_id": id, "new_name": fmt.Sprint("cv/moved-", round)})
		if status != 200 {
			t.Fatalf("rename: got %d %s", status, answer)
		}
		if sees(gates[0], "bob", id) || !sees(gates[0], "alice", id) {
			t.Error("where it was renamed it is still bob's")
		}
		time.Sleep(time.Second)
		if sees(gates[1], "bob", id) || !sees(gates[1], "alice", id) {
			t.Errorf("round %d: a second later it is still bob's on the other replica", round)
		}
	}
}
