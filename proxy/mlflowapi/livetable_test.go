package mlflowapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// script runs a script of testdata with the installed MLflow and returns the
// lines that it marked; MLflow prints notices beside them.
func script(t *testing.T, name, mark string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(mlflowtest.Python(t, nil, "testdata/"+name)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), mark+" "); ok {
			lines = append(lines, rest)
		}
	}
	if len(lines) == 0 {
		t.Fatalf("%s printed no line %q", name, mark)
	}
	return lines
}

func TestTheInstalledMLflowHasNoRouteWithoutARow(t *testing.T) {
	t.Parallel()
	routes := readRoutes(t, strings.Join(script(t, "dump_routes.py", "route"), "\n"))
	rows, _ := newTestTable(t).For(mlflowtest.Version())
	checkRoutesHaveRows(t, rows, routes)
	for _, r := range routesOf(t, mlflowtest.Version()) {
		if !slices.Contains(routes, r) {
			t.Errorf("%s %s was recorded and is gone", r.method, r.path)
		}
	}
}

// dropped are fields that MLflow's messages have and mlgate leaves out.
var dropped = map[string]string{
	"runs/log-batch metrics.run_id":                                          "MLflow does not read it: the run is the call's own",
	"traces trace.spans":                                                     "MLflow does not read them here; they come by OTLP or as a file",
	"traces trace.trace_info.request":                                        "MLflow does not read it",
	"traces trace.trace_info.response":                                       "MLflow does not read it",
	"traces trace.trace_info.trace_location.inference_table":                 "a Databricks table; the open-source server refuses it",
	"traces trace.trace_info.assessments.trace_id":                           "MLflow sets it to the trace's",
	"traces trace.trace_info.assessments.overrides":                          "it would mark an assessment of any trace",
	"traces/{trace_id}/assessments assessment.trace_id":                      "MLflow takes the path's",
	"traces/{trace_id}/assessments assessment.assessment_id":                 "MLflow makes it; a foreign one would clash",
	"traces/{trace_id}/assessments/{assessment_id} assessment.trace_id":      "MLflow takes the path's",
	"traces/{trace_id}/assessments/{assessment_id} assessment.assessment_id": "MLflow takes the path's",
	"traces/{trace_id}/assessments/{assessment_id} trace_id":                 "MLflow takes the path's",
	"traces/{trace_id}/assessments/{assessment_id} assessment_id":            "MLflow takes the path's",
	"traces/search locations.inference_table":                                "a Databricks table; the open-source server refuses it",
	"datasets/{dataset_id}/tags/{key} key":                                   "MLflow reads the path's alone",
	"logged-models/{model_id}/tags/{tag_key} tag_key":                        "MLflow reads the path's alone",
}

// added are fields that MLflow reads beside its messages.
var added = map[string]string{
	"logged-models/{model_id} allow_deleted": "read from the query by hand",
}

// What mlgate does not know it drops in silence, so it must know all that a
// client or the UI can send.
func TestEveryFieldOfMLflowsMessagesIsKnown(t *testing.T) {
	t.Parallel()
	var messages map[string]map[string]any
	if err := json.Unmarshal([]byte(script(t, "dump_fields.py", "fields")[0]), &messages); err != nil {
		t.Fatal(err)
	}
	table, used, checked := newTestTable(t), map[string]bool{}, 0
	for at, message := range messages {
		method, path, _ := strings.Cut(at, " ")
		m, _ := table.Find(method, sample(path))
		if m.Endpoint == nil || !m.Endpoint.Open() {
			continue
		}
		checked++
		compareFields(t, m.Endpoint.Name, "", message, m.Endpoint.fields, used)
	}
	if checked < 100 {
		t.Errorf("only %d addresses were compared", checked)
	}
	for _, list := range []map[string]string{dropped, added} {
		for at := range list {
			if !used[at] {
				t.Errorf("%s is an exception without need", at)
			}
		}
	}
}

func compareFields(t *testing.T, row, above string, message map[string]any, fields []field, used map[string]bool) {
	t.Helper()
	if n := len(fields); n > 0 && fields[n-1].rest { // all of it passes
		return
	}
	known := map[string]*field{}
	for i := range fields {
		known[fields[i].name] = &fields[i]
		if fields[i].alias != "" {
			known[fields[i].alias] = &fields[i]
		}
	}
	for name, inner := range message {
		name, isList := strings.CutSuffix(name, "[]")
		f, at := known[name], row+" "+above+name
		delete(known, name)
		if dropped[at] != "" {
			if used[at] = true; f != nil {
				t.Errorf("%s is known and listed as dropped", at)
			}
			continue
		}
		of, _ := inner.(map[string]any)
		switch {
		case f == nil:
			t.Errorf("%s would be dropped", at)
		case f.any: // a map, or a value of any form
		case f.many != isList || (f.of != nil) != (of != nil):
			t.Errorf("%s: another form than in MLflow", at)
		case of != nil:
			compareFields(t, row, above+name+".", of, f.of, used)
		}
	}
	for name := range known {
		at := row + " " + above + name
		if used[at] = true; added[at] == "" {
			t.Errorf("%s: MLflow's message has no such field", at)
		}
	}
}
