//go:build backends

package mlflowtest_test

import (
	"testing"
	"time"

	"mlgate/proxy/mlflowtest"
)

// Two servers on database servers of their own, at once: each keeps what it is
// told, and nothing of the other's.
func TestStartsOnADatabaseServerOfItsOwn(t *testing.T) {
	if mlflowtest.Backend() == "" {
		t.Fatal("set TEST_MLFLOW_BACKEND, or run make backends")
	}
	mlflowtest.Start(t).Stop() // makes the template, where there is none
	began := time.Now()
	names := [...]string{"cv/one", "nlp/other"}
	var servers [len(names)]*mlflowtest.Server
	for i, name := range names {
		servers[i] = mlflowtest.Start(t)
		servers[i].CreateExperiment(t, name)
		servers[i].CreateExperiment(t, "x/ü ß 🙂")
	}
	took := time.Since(began)
	for i, srv := range servers {
		all := srv.Snapshot(t)
		if mine, theirs := all.Mentioning(names[i]), all.Mentioning(names[1-i]); len(mine.Rows["experiments"]) != 1 || len(theirs.Rows) > 0 {
			t.Errorf("server %d holds %v", i, all.Rows["experiments"])
		}
	}
	t.Logf("two starts took %v", took)
}
