package proxy_test

import (
	"os"
	"path/filepath"
	"testing"

	"mlgate/proxy/mlflowtest"
)

const seedScript = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=60)
columns = [c[1] for c in db.execute("PRAGMA table_info(experiments)")]
assert "name" in columns and "lifecycle_stage" in columns, columns
rows = []
for i in range(5000):
    row = dict(experiment_id=1000 + i, name="nlp/e%04d" % i, artifact_location="mlflow-artifacts:/%d" % (1000 + i),
               lifecycle_stage="active", creation_time=1700000000000 + i, last_update_time=1700000000000 + i, workspace="default")
    rows.append([row.get(c) for c in columns])
for i in range(10):
    row = dict(experiment_id=9000 + i, name="cv/e%d" % i, artifact_location="mlflow-artifacts:/%d" % (9000 + i),
               lifecycle_stage="active", creation_time=1600000000000 + i * 100000000000, last_update_time=1600000000000 + i, workspace="default")
    rows.append([row.get(c) for c in columns])
db.executemany("INSERT INTO experiments (%s) VALUES (%s)" % (",".join(columns), ",".join("?" * len(columns))), rows)
db.commit()`

// The cost follows what the caller may see, not what the server holds.
func TestSearchCostsAConstantAmong5000ForeignExperiments(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	script := filepath.Join(t.TempDir(), "seed.py")
	if err := os.WriteFile(script, []byte(seedScript), 0o600); err != nil {
		t.Fatal(err)
	}
	mlflowtest.Python(t, nil, script, filepath.Join(filepath.Dir(srv.ArtifactDir()), "mlflow.sqlite"))
	if got := len(srv.Call(t, "POST", "experiments/search", m{"max_results": 50000})["experiments"].([]any)); got != 5011 {
		t.Fatalf("the server holds %d experiments", got)
	}
	g, c := newCountedGate(t, srv.URL(), rules)
	for _, call := range []struct {
		name, user, body     string
		want, requests, rows int
	}{
		{"one prefix", "alice", `{"max_results":100}`, 10, 1, 10},
		{"one prefix, a filter", "alice", `{"max_results":100,"filter":"name LIKE '%e%'"}`, 10, 2, 11},
		{"the same filter again", "alice", `{"max_results":100,"filter":"name LIKE '%e%'"}`, 10, 1, 10},
		{"one prefix, small pages", "alice", `{"max_results":3}`, 3, 1, 4},
		{"one prefix, by name", "alice", `{"max_results":100,"order_by":["name DESC"]}`, 10, 2, 11},
		{"one prefix and a deny", "most", `{"max_results":100}`, 10, 1, 10},
		{"nothing", "nobody", `{"max_results":100}`, 0, 1, 0},
		{"two prefixes", "both", `{"max_results":20}`, 20, 2, 31},
	} {
		t.Run(call.name, func(t *testing.T) {
			a := g.do(t, call.user, "POST", api+"experiments/search", call.body)
			list, _ := a.json(t)["experiments"].([]any)
			if a.Status != 200 || len(list) != call.want {
				t.Fatalf("got %d with %d experiments: %s", a.Status, len(list), a.Body)
			}
			urls, rows := c.reset()
			if len(urls) > call.requests || rows > call.rows {
				t.Errorf("it took %d requests and %d rows, want at most %d and %d: %v", len(urls), rows, call.requests, call.rows, urls)
			}
		})
	}
	token, n := "", 0
	for {
		a := g.do(t, "both", "POST", api+"experiments/search", m{"max_results": 700, "page_token": token}).json(t)
		list, _ := a["experiments"].([]any)
		n += len(list)
		if token, _ = a["next_page_token"].(string); token == "" {
			break
		}
	}
	urls, rows := c.reset()
	if n != 5010 || rows > 3*5010 {
		t.Errorf("all pages of two prefixes: %d experiments by %d requests and %d rows", n, len(urls), rows)
	}
}
