package proxy_test

import (
	"slices"
	"testing"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// reach is one call about bob's things, to be tried by alice. It must succeed
// for bob himself, or her refusal would prove nothing.
type reach struct {
	request
	want int // what alice gets; where it is 200, an answer with nothing in it
}

const gql = "/graphql"

// foreign calls every open endpoint about bob's things, in an order in which
// all of them succeed for bob. What deletes what others need stands last.
var foreign = onlyHere(slices.Concat(foreignCore, foreignTraces, foreignOTLP, foreignLabels, foreignDatasets, foreignUploads, foreignServer, foreignLast))

// The tries of each topic; a file of the topic's own may hold them.
var (
	foreignUploads []reach
	foreignServer  []reach
)

var foreignLast = []reach{
	{request{"DELETE", v3 + "traces/<TR>/assessments/<AS>", "{}"}, 200},
	{request{"DELETE", "logged-models/<LM>", `{"model_id":"<LM>"}`}, 404},
}

var foreignCore = []reach{
	{request{"GET", "experiments/get?experiment_id=<EXP>", ""}, 404},
	{request{"GET", "experiments/get-by-name?experiment_name=<NAME>", ""}, 403},
	{request{"POST", "experiments/search", `{"max_results":10,"filter":"name = '<NAME>'"}`}, 200},
	{request{"GET", "experiments/search?max_results=10&filter=name+%3D+'<NAME>'", ""}, 200},
	{request{"POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", `{"experiment_ids":["<EXP>"]}`}, 200},
	{request{"POST", "experiments/create", `{"name":"<NAME>-new"}`}, 403},
	{request{"POST", "experiments/set-experiment-tag", `{"experiment_id":"<EXP>","key":"t","value":"v"}`}, 404},
	{request{"POST", "experiments/delete-experiment-tag", `{"experiment_id":"<EXP>","key":"t"}`}, 404},
	{request{"POST", "experiments/delete", `{"experiment_id":"<EXP>"}`}, 404},
	{request{"POST", "experiments/restore", `{"experiment_id":"<EXP>"}`}, 404},
	{request{"POST", "experiments/update", `{"experiment_id":"<EXP>","new_name":"<NAME>-then"}`}, 403},
	{request{"POST", "experiments/update", `{"experiment_id":"<EXP>","new_name":"<NAME>"}`}, 403},

	{request{"GET", "runs/get?run_id=<RUN>&run_uuid=<RUN>", ""}, 404},
	{request{"POST", "runs/search", `{"experiment_ids":["<EXP>"]}`}, 200},
	{request{"POST", "runs/create", `{"experiment_id":"<EXP>","start_time":1}`}, 404},
	{request{"POST", "runs/update", `{"run_id":"<RUN>","run_uuid":"<RUN>","run_name":"x"}`}, 404},
	{request{"POST", "runs/set-tag", `{"run_id":"<RUN>","key":"t","value":"v"}`}, 404},
	{request{"POST", "runs/delete-tag", `{"run_id":"<RUN>","key":"t"}`}, 404},
	{request{"POST", "runs/log-metric", `{"run_id":"<RUN>","key":"x","value":1,"timestamp":1}`}, 404},
	{request{"POST", "runs/log-parameter", `{"run_id":"<RUN>","key":"p","value":"1"}`}, 404},
	{request{"POST", "runs/log-batch", `{"run_id":"<RUN>","params":[{"key":"q","value":"1"}]}`}, 404},
	{request{"POST", "runs/log-inputs", `{"run_id":"<RUN>","models":[{"model_id":"<LM>"}]}`}, 404},
	{request{"POST", "runs/log-inputs", `{"run_id":"<RUN>","datasets":[{"dataset":{"name":"of many","digest":"d","source_type":"local","source":"mine"}}]}`}, 404},
	{request{"POST", "runs/outputs", `{"run_id":"<RUN>","models":[{"model_id":"<LM>","step":7}]}`}, 404},
	{request{"POST", "runs/log-model", `{"run_id":"<RUN>","model_json":"{\"artifact_path\":\"a\",\"run_id\":\"<RUN>\",\"flavors\":{},\"utc_time_created\":\"x\"}"}`}, 404},
	{request{"POST", "runs/delete", `{"run_id":"<RUN>"}`}, 404},
	{request{"POST", "runs/restore", `{"run_id":"<RUN>"}`}, 404},
	{request{"GET", "metrics/get-history?run_id=<RUN>&metric_key=loss", ""}, 200},
	{request{"GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=<RUN>&metric_key=loss", ""}, 200},
	{request{"GET", "metrics/get-history-bulk-interval?run_ids=<RUN>&metric_key=loss&max_results=10", ""}, 200},

	{request{"GET", "logged-models/<LM>", ""}, 404},
	{request{"POST", "logged-models/search", `{"experiment_ids":["<EXP>"]}`}, 200},
	{request{"POST", "logged-models", `{"experiment_id":"<EXP>","name":"n"}`}, 404},
	{request{"PATCH", "logged-models/<LM>", `{"model_id":"<LM>","status":"LOGGED_MODEL_READY"}`}, 404},
	{request{"POST", "logged-models/<LM>/params", `{"model_id":"<LM>","params":[{"key":"z","value":"1"}]}`}, 404},
	{request{"PATCH", "logged-models/<LM>/tags", `{"model_id":"<LM>","tags":[{"key":"t","value":"v"}]}`}, 404},
	{request{"DELETE", "logged-models/<LM>/tags/t", `{"model_id":"<LM>"}`}, 404},
	{request{"GET", "logged-models/<LM>/artifacts/directories", ""}, 404},
	{request{"GET", "/ajax-api/2.0/mlflow/logged-models/<LM>/artifacts/files?artifact_file_path=weights", ""}, 404},

	{request{"GET", "registered-models/get?name=<MODEL>", ""}, 403},
	{request{"GET", "registered-models/search?filter=name+%3D+'<MODEL>'", ""}, 200},
	{request{"GET", "registered-models/get-latest-versions?name=<MODEL>", ""}, 403},
	{request{"POST", "registered-models/get-latest-versions", `{"name":"<MODEL>"}`}, 403},
	{request{"POST", "registered-models/create", `{"name":"<MODEL>-new"}`}, 403},
	{request{"PATCH", "registered-models/update", `{"name":"<MODEL>","description":"d"}`}, 403},
	{request{"POST", "registered-models/set-tag", `{"name":"<MODEL>","key":"t","value":"v"}`}, 403},
	{request{"DELETE", "registered-models/delete-tag", `{"name":"<MODEL>","key":"t"}`}, 403},
	{request{"POST", "registered-models/alias", `{"name":"<MODEL>","alias":"b","version":"1"}`}, 403},
	{request{"GET", "registered-models/alias?name=<MODEL>&alias=b", ""}, 403},
	{request{"DELETE", "registered-models/alias", `{"name":"<MODEL>","alias":"b"}`}, 403},
	{request{"POST", "registered-models/rename", `{"name":"<MODEL>-new","new_name":"<MODEL>-gone"}`}, 403},
	{request{"DELETE", "registered-models/delete", `{"name":"<MODEL>-gone"}`}, 403},
	{request{"GET", "model-versions/get?name=<MODEL>&version=1", ""}, 403},
	{request{"GET", "model-versions/search?filter=name+%3D+'<MODEL>'", ""}, 200},
	{request{"GET", "model-versions/get-download-uri?name=<MODEL>&version=1", ""}, 403},
	{request{"GET", "/model-versions/get-artifact?name=<MODEL>&version=1&path=weights", ""}, 403},
	{request{"POST", "model-versions/create", `{"name":"<MODEL>","source":"models:/<LM>","model_id":"<LM>"}`}, 403},
	{request{"PATCH", "model-versions/update", `{"name":"<MODEL>","version":"2","description":"d"}`}, 403},
	{request{"POST", "model-versions/set-tag", `{"name":"<MODEL>","version":"2","key":"t","value":"v"}`}, 403},
	{request{"DELETE", "model-versions/delete-tag", `{"name":"<MODEL>","version":"2","key":"t"}`}, 403},
	{request{"POST", "model-versions/transition-stage", `{"name":"<MODEL>","version":"2","stage":"production","archive_existing_versions":true}`}, 403},
	{request{"DELETE", "model-versions/delete", `{"name":"<MODEL>","version":"2"}`}, 403},

	{request{"GET", "artifacts/list?run_id=<RUN>", ""}, 404},
	{request{"GET", "/get-artifact?run_id=<RUN>&path=secret.txt", ""}, 404},
	{request{"POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=<RUN>&path=up.txt", "x"}, 404},
	{request{"GET", "/api/2.0/mlflow-artifacts/artifacts?path=<EXP>/<RUN>/artifacts", ""}, 200},
	{request{"GET", "/api/2.0/mlflow-artifacts/artifacts/<EXP>/<RUN>/artifacts/secret.txt", ""}, 404},
	{request{"PUT", "/api/2.0/mlflow-artifacts/artifacts/<EXP>/<RUN>/artifacts/put.txt", "x"}, 404},
	{request{"DELETE", "/api/2.0/mlflow-artifacts/artifacts/<EXP>/<RUN>/artifacts/put.txt", ""}, 404},

	{request{"POST", "/api/3.0/mlflow/traces/search", `{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<EXP>"}}]}`}, 200},
	{request{"POST", "/api/3.0/mlflow/traces/metrics", `{"experiment_ids":["<EXP>"],"view_type":"TRACES","metric_name":"trace_count","aggregations":[{"aggregation_type":"COUNT"}]}`}, 200},
	{request{"POST", "/api/3.0/mlflow/datasets/search", `{"experiment_ids":["<EXP>"]}`}, 200},
	{request{"GET", "/api/3.0/mlflow/datasets/search?experiment_ids=<EXP>", ""}, 200},
	{request{"POST", gql, `{"query":"query q($data: MlflowGetRunInput!){mlflowGetRun(input:$data){run{info{runName} data{tags{key value}}} apiError{code message}}}","variables":{"data":{"runId":"<RUN>"}}}`}, 200},
}

func TestForeignThingsAnswerNothingAndStayAsTheyAre(t *testing.T) {
	t.Parallel()
	onBothStores(t, foreignThingsStay)
}

func foreignThingsStay(t *testing.T, srv *mlflowtest.Server, foreign []reach) {
	_, g, mine, theirs := twoTeamsOn(t, srv)
	with := fill(mine, theirs)
	check := unmoved(t, srv, theirs)
	for _, r := range foreign {
		a := r.send(t, g, doer(r.endpoint(here)), with)
		if r.want != 0 && a.Status != r.want {
			t.Errorf("%v: got %d %s, want %d", r.request, a.Status, a.Body, r.want)
		}
		theirs.unleaked(t, with.Replace(r.path+r.body), a)
		if a := r.send(t, g, "nobody", with); r.want/100 == 4 && a.Status/100 != 4 {
			t.Errorf("%v: nobody got %d %s", r.request, a.Status, a.Body)
		}
	}
	check()
	for _, r := range foreign {
		if a := r.send(t, g, "bob", with); a.Status != 200 {
			t.Errorf("%v: bob himself got %d %s, so the refusals prove nothing", r.request, a.Status, a.Body)
		}
	}
}

// The matrix must grow with the table.
func TestEveryOpenEndpointIsTriedOnForeignThings(t *testing.T) {
	t.Parallel()
	tried := map[*mlflowapi.Endpoint][]string{}
	for _, r := range slices.Concat(foreign, foreignDirect) {
		e := r.endpoint(here)
		if e == nil {
			t.Fatalf("%v is no endpoint", r.request)
		}
		tried[e] = append(tried[e], r.method)
	}
	for _, e := range here.Rows() {
		for _, method := range e.Methods {
			if e.Open() && e.Kind != mlflowapi.Server && e.Kind != mlflowapi.Gateway && // see TestGatewayEndpointsAreUsedByWhoMayUseThem
				!slices.Contains(tried[e], method) {
				t.Errorf("%s %s is not tried", method, e.Name)
			}
		}
	}
}
