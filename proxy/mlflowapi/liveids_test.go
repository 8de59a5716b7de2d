package mlflowapi

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// MLflow is the judge of what the table says about ids that do not exist.
func TestUnknownIDsMeanToMLflowWhatTheTableSays(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	t.Run("it refuses unknown primary ids", func(t *testing.T) {
		t.Parallel()
		refusesPrimaryIDs(t, srv)
	})
	t.Run("it does not look links up", func(t *testing.T) {
		t.Parallel()
		ignoresLinks(t, srv)
	})
	t.Run("it passes over unknown ids in lists that are narrowed", func(t *testing.T) {
		t.Parallel()
		passesOverUnknownIDs(t, srv)
	})
}

// standIns are what a request must hold beside its ids.
var standIns = map[string]string{
	"key": "k", "value": "1", "timestamp": "1", "path": "x", "new_name": "n", "metric_key": "k",
	"item_id": "x", "description": "d", "user": "u", "queue_type": "CUSTOM", "sample_rate": "0", "serialized_scorer": "{}", "tags": "{}", "records": `[{"inputs":{"a":1}}]`,
	"status": "2", "artifact_file_path": "x", "name": "n", "max_results": "5",
	"timestamp_ms": "1", "max_timestamp_millis": "1", "filter_string1": "tags.k = 'x'", "filter_string2": "tags.k = 'y'", "version": "1",
	"model_json": `{"artifact_path":"a","flavors":{},"utc_time_created":"2024-01-01 00:00:00.0","run_id":"x"}`,
}

// ask makes a request of a row with the stand-ins and the ids that fill gives.
func ask(t *testing.T, srv *mlflowtest.Server, e *Endpoint, fill func(*field) []string) (int, []byte) {
	t.Helper()
	args := &object{}
	for i := range e.fields {
		f := &e.fields[i]
		ids := fill(f)
		switch {
		case ids != nil && f.many:
			list := newList(nil)
			for _, id := range ids {
				list.list = append(list.list, newString(id))
			}
			args.set(f.name, list)
		case ids != nil:
			args.set(f.name, newString(ids[0]))
		case f.many && !f.narrow:
			args.set(f.name, newList(nil))
		case standIns[f.name] != "":
			args.set(f.name, standIn(f.name))
		}
	}
	params := Params{"tag_key": "k", "key": "k", "assessment_id": "a-" + runID.nonexistent()}
	for param, is := range pathRoles {
		params[param] = is.nonexistent()
		if args.get(param) != nil {
			args.set(param, newString(params[param]))
		}
	}
	c := &Call{Match: Match{e, e.Paths[0], params}, Method: e.Methods[0], args: args}
	r := c.Request()
	var body any
	if r.Body != nil {
		body = r.Body
	}
	if e.Args == Streamed {
		body = []byte("content")
	}
	return srv.Do(t, r.Method, r.Path+"?"+r.Query, body)
}

func standIn(name string) *value {
	if _, err := strconv.Atoi(standIns[name]); err == nil && name != "value" {
		return &value{raw: []byte(standIns[name]), kind: '0'}
	}
	return newString(standIns[name])
}

func isID(f *field) bool {
	return f.is == experimentID || f.is == runID || f.is == loggedModelID || things[f.is] != 0
}

// An id that the caller cannot see is replaced by one that nobody holds, and
// MLflow then words the 404. Were it to act on such an id instead, the row
// would have to call the id a link.
func refusesPrimaryIDs(t *testing.T, srv *mlflowtest.Server) {
	// The history of a run that is not there is empty, whoever asks.
	empty := map[string]bool{
		"metrics/get-history": true, "issues/search": true, "datasets/{dataset_id}/experiment-ids": true,
	}
	// These need more than stand-ins give, and are tried in package proxy.
	elsewhere := map[string]bool{
		"label-schemas/create": true, "datasets/{dataset_id}/records": true,
		"review-queues/items/add": true, "review-queues/items/set-status": true, "get-trace-artifact": true, "traces/link-prompts": true, "review-queues/items/remove": true,
		"artifacts/presigned-upload-url": true,
	}
	// What MLflow does not refuse with 404 itself is no harm: (setting a tag) what its database says of a trace that is not there.
	other := map[string]int{"traces/{request_id}/tags": 400, "traces/{trace_id}/tags": 400}
	asked := 0
	for _, e := range newTestTable(t).Rows() {
		has := namedInPath(e)
		if !e.Open() || e.Kind != Experiment {
			continue
		}
		fill := func(f *field) []string {
			if !isID(f) || f.narrow || f.link {
				return nil
			}
			has = true
			return []string{f.is.nonexistent()}
		}
		eachField(e.fields, "", func(_ string, f *field) { fill(f) })
		if !has || e.Special == NarrowLocations || e.Special == StartTrace || strings.Contains(e.Fields, "assessment!") || elsewhere[e.Name] {
			continue
		}
		asked++
		status, answer := ask(t, srv, e, fill)
		if e.Forgives {
			if status != 200 {
				t.Errorf("%s %s with an unknown id: %d %s", e.Methods[0], e.Name, status, answer)
			}
		} else if empty[e.Name] && e.Action == Read {
			if status != 200 || strings.Contains(string(answer), "exp") {
				t.Errorf("%s: %d %s", e.Name, status, answer)
			}
		} else if status != 404 && status != other[e.Name] {
			t.Errorf("%s %s with an unknown id: %d %s", e.Methods[0], e.Name, status, answer)
		}
	}
	if asked < 25 {
		t.Errorf("only %d rows were asked", asked)
	}
}

// Were MLflow to answer 404 for these itself, its words would be better than
// ours. It takes them, or (log-metric) shows what its database said.
func ignoresLinks(t *testing.T, srv *mlflowtest.Server) {
	exp := srv.CreateExperiment(t, mlflowtest.Name(t, "links"))
	run := srv.CreateRun(t, exp)
	srv.CreateModel(t, "links")
	m, gone := loggedModelID.nonexistent(), runID.nonexistent()
	for _, c := range []struct {
		path string
		body map[string]any
	}{
		{"logged-models", map[string]any{"experiment_id": exp, "name": "n", "source_run_id": gone}},
		{"runs/outputs", map[string]any{"run_id": run, "models": []any{map[string]any{"model_id": m, "step": 1}}}},
		{"runs/log-inputs", map[string]any{"run_id": run, "models": []any{map[string]any{"model_id": m}}}},
		{"runs/log-metric", map[string]any{"run_id": run, "key": "k", "value": 1, "timestamp": 1, "model_id": m}},
		{"model-versions/create", map[string]any{"name": "links", "source": "s3://bucket/x", "run_id": gone}},
	} {
		if status, answer := srv.Do(t, "POST", mlflowtest.API+c.path, c.body); status == 404 {
			t.Errorf("%s: MLflow answers for itself: %s", c.path, answer)
		}
	}
}

// A list without what the caller cannot see must read like the whole list to
// one who is alone: MLflow may not complain about ids that nobody holds.
func passesOverUnknownIDs(t *testing.T, srv *mlflowtest.Server) {
	exp := srv.CreateExperiment(t, mlflowtest.Name(t, "lists"))
	run := srv.CreateRun(t, exp)
	srv.Call(t, "POST", "runs/log-metric", map[string]any{"run_id": run, "key": "k", "value": 1, "timestamp": 1})
	srv.LogModel(t, exp, run, "m")
	trace := "tr-" + run
	srv.LogSpan(t, exp, trace, "span")
	asked := 0
	for _, e := range newTestTable(t).Rows() {
		mine := map[role]string{experimentID: exp, runID: run, traceID: trace}
		narrows := false
		with := func(ids func(mine, nobody string) []string) any {
			status, answer := ask(t, srv, e, func(f *field) []string {
				if !f.narrow {
					return nil
				}
				return ids(mine[f.is], f.is.nonexistent())
			})
			if status != 200 {
				t.Errorf("%s: %d %s", e.Name, status, answer)
			}
			var got any
			if err := json.Unmarshal(answer, &got); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
			return got
		}
		for i := range e.fields {
			narrows = narrows || e.fields[i].narrow
		}
		if !narrows || !e.Open() || e.Name == "traces/metrics" || namedInPath(e) { // needs a view of its own, see below; or a dataset
			continue
		}
		asked++
		alone := with(func(mine, _ string) []string { return []string{mine} })
		both := with(func(mine, nobody string) []string { return []string{nobody, mine} })
		none := with(func(_, nobody string) []string { return []string{nobody} })
		if !reflect.DeepEqual(alone, both) {
			t.Errorf("%s: %v beside an unknown id is %v", e.Name, alone, both)
		}
		if text, _ := json.Marshal(none); strings.Contains(string(text), run) {
			t.Errorf("%s: of nobody's id it shows %s", e.Name, text)
		}
	}
	if asked < 6 {
		t.Errorf("only %d rows were asked", asked)
	}
	passesOverUnknownTraces(t, srv, exp)
}

func passesOverUnknownTraces(t *testing.T, srv *mlflowtest.Server, exp string) {
	nobody := experimentID.nonexistent()
	location := func(id string) any {
		return map[string]any{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": map[string]any{"experiment_id": id}}
	}
	for path, body := range map[string]map[string]any{
		"/api/3.0/mlflow/traces/search": {"locations": []any{location(nobody), location(exp)}, "max_results": 5},
		"/api/3.0/mlflow/traces/metrics": {
			"experiment_ids": []string{nobody, exp}, "view_type": "TRACES", "metric_name": "trace_count",
			"aggregations": []any{map[string]any{"aggregation_type": "COUNT"}}, "max_results": 5,
		},
	} {
		if status, answer := srv.Do(t, "POST", path, body); status != 200 {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}
