package proxy_test

import (
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// here are the rows of the MLflow that the tests run against: what it does not
// have is neither planted nor tried, and counts for nothing.
var here = func() *mlflowapi.Table {
	all, err := mlflowapi.NewTable()
	if err != nil {
		panic(err)
	}
	rows, release := all.For(mlflowtest.Version())
	if release != mlflowtest.Version() {
		panic("no routes are recorded of MLflow " + mlflowtest.Version())
	}
	return rows
}()

// has reports whether the MLflow behind has an endpoint.
func has(method, path string) bool {
	return request{method: method, path: path}.endpoint(here) != nil
}

// logsModels: since MLflow 3 a logged model is a thing of its own. Before, it
// is a folder among its run's artifacts.
func logsModels() bool { return has("POST", "logged-models") }

// noFile is the status of MLflow's answer to a file that is not there. Before
// 3.17 that is a fault (and a client tries again), with mlgate before it or not.
func noFile() int {
	if has("POST", v3+"traces") {
		return 404
	}
	return 500
}

// onlyHere leaves the tries of what the MLflow behind has, and words those
// about logged models for one that knows none.
func onlyHere(all []reach) (kept []reach) {
	for _, r := range all {
		if !has(r.method, r.path) {
			continue
		}
		if !logsModels() {
			r.body = withoutModels.Replace(r.body)
		}
		if r.method == "GET" && strings.HasPrefix(r.path, store+"/") {
			r.want = noFile()
		}
		kept = append(kept, r)
	}
	return kept
}

var withoutModels = strings.NewReplacer(
	`"models":[{"model_id":"<LM>"}]`, `"datasets":[{"dataset":{"name":"n","digest":"d","source_type":"local","source":"s"}}]`,
	`"source":"models:/<LM>","model_id":"<LM>"`, `"source":"mlflow-artifacts:/<EXP>/<RUN>/artifacts/model","run_id":"<RUN>"`,
)

// The rows that an older MLflow has are not a handful: a list that is read
// wrongly would let every test pass.
func TestTheMLflowBehindHasItsRows(t *testing.T) {
	t.Parallel()
	most := len(slices.DeleteFunc(slices.Clone(here.Rows()), func(e *mlflowapi.Endpoint) bool { return !e.Open() }))
	if most < 70 || len(foreign) < 60 {
		t.Errorf("MLflow %s has %d open rows, and %d calls are tried", mlflowtest.Version(), most, len(foreign))
	}
	for _, core := range []string{"POST runs/create", "POST runs/search", "GET registered-models/search", "POST model-versions/create", "POST traces", "GET /api/2.0/mlflow-artifacts/artifacts"} {
		if method, path, _ := strings.Cut(core, " "); !has(method, path) {
			t.Errorf("MLflow %s has no %s", mlflowtest.Version(), core)
		}
	}
}
