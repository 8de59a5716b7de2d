package mlflowapi

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"mlgate/proxy/mlflowtest"
)

type parsed map[string]any

// mlflowReads has MLflow's own code read bodies posted to paths.
func mlflowReads(t *testing.T, paths, bodies []string) []parsed {
	t.Helper()
	var lines bytes.Buffer
	for i := range paths {
		b, err := json.Marshal(map[string]string{"method": "POST", "path": "/api/2.0/mlflow/" + paths[i], "body": bodies[i]})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(b, '\n'))
	}
	file := filepath.Join(t.TempDir(), "requests.jsonl")
	if err := os.WriteFile(file, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []parsed
	for line := range strings.Lines(mlflowtest.Python(t, nil, "testdata/parse.py", file)) {
		if line[0] != '{' && line != "null\n" {
			continue // a warning
		}
		var p parsed
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, p)
	}
	if len(all) != len(paths) {
		t.Fatalf("%d answers to %d requests", len(all), len(paths))
	}
	return all
}

// foldRunID does what MLflow's handlers do with a run's two names.
func (p parsed) foldRunID() parsed {
	if id, ok := p["run_uuid"]; ok && p["run_id"] == nil {
		p["run_id"] = id
	}
	delete(p, "run_uuid")
	return p
}

// idsIn lists what in a message names something, wherever it stands.
func idsIn(v any, key string) (ids []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			ids = append(ids, idsIn(v[k], k)...)
		}
	case []any:
		for _, item := range v {
			ids = append(ids, idsIn(item, key)...)
		}
	case string:
		switch key {
		case "experiment_id", "experiment_ids", "run_id", "model_id":
			ids = append(ids, v)
		}
	}
	return ids
}

// What mlgate decided about is what MLflow's own parser finds, in what the
// client sent as in what goes upstream.
func TestWhatIsReadIsWhatMLflowReads(t *testing.T) {
	t.Parallel()
	var paths, sent, forwarded []string
	var calls []*Call
	for _, s := range bodySeeds {
		c, err := postTo(t, s.path, s.body)
		if err != nil {
			t.Fatalf("%s %s: %v", s.path, s.body, err)
		}
		paths, sent = append(paths, s.path), append(sent, s.body)
		forwarded, calls = append(forwarded, string(c.Request().Body)), append(calls, c)
	}
	reads := mlflowReads(t, slices.Concat(paths, paths), slices.Concat(sent, forwarded))
	for i, c := range calls {
		client, ours := reads[i].foldRunID(), reads[i+len(calls)].foldRunID()
		if diff := cmp.Diff(client, ours); diff != "" {
			t.Errorf("%s: MLflow reads %s and %s differently: %s", paths[i], sent[i], forwarded[i], diff)
		}
		got := idsIn(map[string]any(ours), "")
		slices.Sort(got)
		var want []string
		for _, target := range c.Targets {
			if target.ID != "" {
				want = append(want, target.ID)
			}
		}
		for _, l := range c.lists {
			for _, v := range l.list.list {
				want = append(want, v.str)
			}
		}
		slices.Sort(want)
		if got = slices.Compact(got); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%s: MLflow finds %v in %s, we decide about %v", paths[i], got, forwarded[i], want)
		}
	}
}

// MLflow takes every one of these; so had mlgate looked only at the key that
// it knows, it would have decided about one thing and MLflow acted on another.
func TestMLflowTakesWhatIsRefusedHere(t *testing.T) {
	t.Parallel()
	const path = "experiments/update"
	bodies := map[string]string{
		`{"experiment_id":"1","experiment_id":"2","new_name":"x"}`:      "2",
		`"{\"experiment_id\":\"2\",\"new_name\":\"x\"}"`:                "2",
		"\ufeff" + `{"experiment_id":"2","new_name":"x"}`:               "2",
		`{"\u0065xperiment_id":"1","experiment_id":"2","new_name":"x"}`: "2",
		`{"experiment_id":" 2","new_name":"x"}`:                         " 2",
		`{"experiment_id":"2","new_name":"x","tags":NaN}`:               "2",
		`{"experiment_id":"1","EXPERIMENT_ID":"2","new_name":"x"}`:      "1",
	}
	order := slices.Sorted(maps.Keys(bodies))
	paths := slices.Repeat([]string{path}, len(order))
	for i, p := range mlflowReads(t, paths, order) {
		if p["experiment_id"] != bodies[order[i]] {
			t.Errorf("MLflow reads %s as %v", order[i], p)
		}
		if _, err := postTo(t, path, order[i]); err == nil {
			t.Errorf("%s is taken", order[i])
		}
	}
}
