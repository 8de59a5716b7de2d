package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
)

const (
	insideExperiments = 500
	insideRows        = 20_000
)

// insideScript fills a server with experiments, one in twenty of them in cv/,
// and spreads logged models, each made by a run, and traces over them.
const insideScript = `import sqlite3, sys
db, n, rows = sqlite3.connect(sys.argv[1], timeout=60), int(sys.argv[2]), int(sys.argv[3])
team = lambda i: "cv" if i % 20 == 0 else "team%02d" % (i % 20)
at = 1763900000000
db.executemany("INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES (?, ?, ?, 'active', ?, ?)",
    [(i, "%s/project/model%05d" % (team(i), i), "mlflow-artifacts:/%d" % i, at + i, at + i) for i in range(1, n + 1)])
where = lambda j: j % n + 1
db.executemany("INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, lifecycle_stage, artifact_uri, experiment_id) VALUES (?, 'run', 'LOCAL', 'somebody', 'FINISHED', ?, 'active', ?, ?)",
    [("%032x" % i, at, "mlflow-artifacts:/%d/%032x/artifacts" % (i, i), i) for i in range(1, n + 1)])
db.executemany("INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, source_run_id) VALUES (?, ?, 'model', ?, ?, ?, 2, 'active', ?)",
    [("m-%032x" % j, where(j), "mlflow-artifacts:/%d/models/m-%032x/artifacts" % (where(j), j), at + j, at + j, "%032x" % where(j)) for j in range(rows)])
db.executemany("INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, request_preview, response_preview, db_payload_generation) VALUES (?, ?, ?, 5, 'OK', 'q', 'a', 0)",
    [("tr-%032x" % j, where(j), at + j) for j in range(rows)])
db.executemany("INSERT INTO trace_request_metadata (request_id, key, value) VALUES (?, 'mlflow.sourceRun', ?)",
    [("tr-%032x" % j, "%032x" % where(j)) for j in range(rows)])
db.commit()`

// inside compares searches of what lies in experiments: logged models and
// traces, whose rows name runs that are looked up before they are shown.
func (b *bench) inside(ctx context.Context) error {
	p, err := b.startPair(ctx, "inside", func(s *server) error {
		out, err := exec.CommandContext(ctx, python, "-c", insideScript, s.database, strconv.Itoa(insideExperiments), strconv.Itoa(insideRows)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("seed: %w\n%s", err, out)
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer p.stop()
	t := b.tests.table("Searching inside experiments",
		fmt.Sprintf("A server with %d experiments, one in twenty of them in `cv/`, and %d logged models and as many traces in them, each made by a run; a page of %d, newest first, one caller at a time. Straight: the caller names the experiments in `cv/` alone. Through mlgate the caller names the same, and then all experiments.", insideExperiments, insideRows, pageSize),
		"ms a search")
	for _, kind := range []struct{ path, list, ids string }{
		{"/api/2.0/mlflow/logged-models/search", "models", `{"experiment_ids": %s, "max_results": %d}`},
		{"/api/3.0/mlflow/traces/search", "traces", `{"locations": %s, "max_results": %d}`},
	} {
		body := func(step int) string { return fmt.Sprintf(kind.ids, placesIn(kind.list, step), pageSize) }
		loads := []searching{
			{kind.path, kind.list, p.mlflow.url, "", body(20)},
			{kind.path, kind.list, p.gate.url, "alice", body(20)},
			{kind.path, kind.list, p.gate.url, "alice", body(1)},
		}
		for _, l := range loads[1:] {
			if err := equalPages(ctx, loads[0], l); err != nil {
				return err
			}
		}
		got, err := turns(max(b.rounds, searchRounds), len(loads), func(i int) (float64, error) { return loads[i].time(ctx) })
		if err != nil {
			return err
		}
		name := kind.list + ", "
		t.add(compared(name+"straight", got[0], got[0], "itself"))
		t.add(b.tests.atMost(compared(name+"mlgate, her experiments", got[1], got[0], "straight"), ceilingSearch))
		t.add(compared(name+"mlgate, all experiments", got[2], got[0], "straight"))
	}
	return nil
}

// placesIn lists every step-th experiment, as the search of a kind wants it.
func placesIn(kind string, step int) string {
	var list []any
	for i := step; i <= insideExperiments; i += step {
		id := strconv.Itoa(i)
		if kind == "traces" {
			list = append(list, map[string]any{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": map[string]string{"experiment_id": id}})
		} else {
			list = append(list, id)
		}
	}
	text, _ := json.Marshal(list) // strings and maps of strings always encode
	return string(text)
}
