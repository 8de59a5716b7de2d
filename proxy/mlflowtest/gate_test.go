package mlflowtest_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlgate/proxy/mlflowtest"
)

const twoTeams = "p, user:alice, cv/*, edit\np, user:bob, nlp/*, edit\n"

func TestGateStandsBeforeTheServer(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	name := mlflowtest.Name(t, "cv/gate")
	srv.CreateExperiment(t, name)
	for _, prefix := range []string{"", "/mlflow"} {
		gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
			Policy: twoTeams, Users: map[string]string{"alice": "a-1", "bob": "b-1"}, Prefix: prefix,
		})
		path := mlflowtest.API + "experiments/get-by-name?experiment_name=" + name
		for _, call := range []struct {
			user, password string
			want           int
		}{
			{"alice", "a-1", http.StatusOK},
			{"alice", "wrong", http.StatusUnauthorized},
			{"", "", http.StatusUnauthorized},
			{"bob", "b-1", http.StatusForbidden},
		} {
			if got, answer := gate.Do(t, call.user, call.password, "GET", path, nil); got != call.want {
				t.Errorf("%q%s: got status %d, want %d: %s", call.user, prefix, got, call.want, answer)
			}
		}
		decisions := map[any]int{}
		for _, line := range gate.Lines("call") {
			decisions[line["decision"]]++
		}
		if decisions["allow"] != 1 || decisions["deny"] != 3 {
			t.Errorf("got audit lines by decision %v, want 1 allow and 3 deny", decisions)
		}
	}
}

func TestGateTakesNewFilesAndEndsWell(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	name := mlflowtest.Name(t, "nlp/gate")
	srv.CreateExperiment(t, name)
	gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
		Policy: twoTeams, Users: map[string]string{"carol": "c-1"},
		Config: map[string]any{"policy": map[string]any{"contact": "the platform team"}},
	})
	get := func() (int, string) {
		status, answer := gate.Do(t, "carol", "c-1", "GET", mlflowtest.API+"experiments/get-by-name?experiment_name="+name, nil)
		return status, string(answer)
	}
	if status, answer := get(); status != http.StatusForbidden || !strings.Contains(answer, "the platform team") {
		t.Errorf("got status %d, answer %s, want 403 with the contact that Config set", status, answer)
	}
	gate.SetPolicy(t, twoTeams+"p, user:carol, nlp/*, read\n")
	deadline := time.Now().Add(10 * time.Second)
	for status := 0; status != http.StatusOK; {
		if status, _ = get(); time.Now().After(deadline) {
			t.Fatalf("got status %d ten seconds after the policy changed, want 200", status)
		}
		time.Sleep(50 * time.Millisecond)
	}
	gate.Restart(t)
	if status, answer := get(); status != http.StatusOK {
		t.Errorf("got status %d after a restart, want 200: %s", status, answer)
	}
	gate.Signal(t, syscall.SIGHUP)
	if code := gate.Stop(t); code != 0 {
		t.Errorf("got exit code %d, want 0:\n%s", code, gate.Log())
	}
}
