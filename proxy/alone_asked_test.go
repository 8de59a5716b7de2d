package proxy_test

// alsoAsked are calls about hers beyond those that the attack tests try on
// everybody: with capitals, they are tried on the other teams' as well.
var alsoAsked = []request{
	{"GET", "runs/get?run_id=<RUN>", ""},
	{"GET", "runs/get?run_uuid=<RUN>", ""},
	{"GET", "experiments/get-by-name?experiment_name=cv/nothing", ""},
	{"POST", "runs/search", `{"experiment_ids":["<EXP>"],"run_view_type":"ALL"}`},
	{"POST", "runs/search", `{"experiment_ids":[]}`},
	{"POST", "runs/search", `{"experiment_ids":["<exp>","<exp2>","<exp3>","<exp4>","<exp5>","<EXP>"],"max_results":2}`},
	{"POST", "logged-models/search", `{"experiment_ids":["<exp>","<exp2>","<EXP>"],"max_results":2}`},
	{"GET", "logged-models/<LM>?allow_deleted=true", ""},
	{"GET", "metrics/get-history?run_id=<RUN>&metric_key=loss", ""},
	{"GET", "metrics/get-history?run_id=<RUN>&metric_key=linked", ""},
	{"GET", "metrics/get-history-bulk-interval?run_ids=<RUN>&metric_key=linked&max_results=10", ""},
	{"GET", "artifacts/list?run_id=<RUN>&path=nothing", ""},
	{"GET", "/get-artifact?run_id=<RUN>&path=nothing.txt", ""},
	{"GET", "/api/2.0/mlflow-artifacts/artifacts", ""},
	{"GET", "/api/2.0/mlflow-artifacts/artifacts?path=<EXP>", ""},
	{"GET", "/api/2.0/mlflow-artifacts/artifacts?path=<EXP>/<RUN>", ""},
	{"GET", "/api/2.0/mlflow-artifacts/artifacts?path=<EXP>/models/<LM>/artifacts", ""},
	{"GET", "/api/2.0/mlflow-artifacts/artifacts/<EXP>/models/<LM>/artifacts/weights", ""},
	{"GET", "/api/2.0/mlflow-artifacts/artifacts/<EXP>/<RUN>/artifacts/nothing.txt", ""},
	{"GET", "registered-models/get?name=cv.nothing", ""},
	{"GET", "registered-models/get-latest-versions?name=<MODEL>&stages=Production", ""},
	{"GET", "registered-models/get-latest-versions?name=<MODEL>&stages=None", ""},
	{"GET", "registered-models/alias?name=<MODEL>&alias=champion", ""},
	{"GET", "registered-models/search", ""},
	{"GET", "registered-models/search?filter=tags.`mlflow.prompt.is_prompt`+%3D+'true'", ""},
	{"GET", "model-versions/search", ""},
	{"GET", "model-versions/get?name=<MODEL>&version=2", ""},
	{"GET", "model-versions/get?name=<MODEL>&version=99", ""},
	{"POST", "experiments/search", `{"max_results":100}`},
	{"GET", "experiments/search?max_results=100", ""},
	{"GET", "experiments/search", ""},
	{"POST", "/api/3.0/mlflow/datasets/search", `{}`},
	{"POST", "/api/3.0/mlflow/traces/search", `{"locations":[]}`},
	{"GET", "/api/3.0/mlflow/label-schemas/get-by-name?experiment_id=<EXP>&name=ls<SECRET>", ""},
	{"GET", "/api/3.0/mlflow/review-queues/get-by-name?experiment_id=<EXP>&name=rq<SECRET>", ""},
	{"GET", "/api/3.0/mlflow/label-schemas/get-by-name?experiment_id=<exp>&name=<lsname>", ""},
	{"GET", "/api/3.0/mlflow/review-queues/get-by-name?experiment_id=<exp>&name=<rqname>", ""},
	{"POST", "/api/3.0/mlflow/traces/metrics", `{"experiment_ids":["<EXP>"],"view_type":"TRACES","metric_name":"trace_count","aggregations":[{"aggregation_type":"COUNT"}],"dimensions":["trace_name"]}`},
	{"POST", "/api/3.0/mlflow/traces/metrics", `{"experiment_ids":["<EXP>"],"view_type":"TRACES","metric_name":"latency","aggregations":[{"aggregation_type":"PERCENTILE","percentile_value":50}]}`},
	{"POST", gql, `{"query":"query q($data: MlflowGetRunInput!){mlflowGetRun(input:$data){run{info{runName runId artifactUri} data{metrics{key value modelId} tags{key value}} inputs{modelInputs{modelId}} outputs{modelOutputs{modelId}} modelVersions{name version source runId modelId}} apiError{code message}}}","variables":{"data":{"runId":"<RUN>"}}}`},
	{"POST", gql, `{"query":"query q($data: MlflowGetExperimentInput!){mlflowGetExperiment(input:$data){experiment{name experimentId} apiError{code message}}}","variables":{"data":{"experimentId":"<EXP>"}}}`},
	{"POST", gql, `{"query":"query q($data: MlflowSearchRunsInput!){mlflowSearchRuns(input:$data){runs{info{runId} modelVersions{name}} nextPageToken apiError{code message}}}","variables":{"data":{"experimentIds":["<EXP>"]}}}`},
	{"POST", gql, `{"query":"query q($data: MlflowGetMetricHistoryBulkIntervalInput!){mlflowGetMetricHistoryBulkInterval(input:$data){metrics{key value step runId}}}","variables":{"data":{"runIds":["<RUN>"],"metricKey":"loss","maxResults":9}}}`},
}

// filtersOf are the filters that a search is tried with beside bad ones.
var filtersOf = map[string][]string{
	"experiments/search":       {"name LIKE '%'", "name ILIKE 'CV/%'", "name != 'x'", "tags.k = '<SECRET>'", "creation_time > 0", "name LIKE 'nlp/%'", "name IN ('<name>','<NAME>')", "experiment_id IN ('<EXP>','<exp>')", " "},
	"runs/search":              {"metrics.loss > 1", "params.k LIKE 'run%'", "tags.k = 'run2'", "attributes.run_id IN ('<RUN>','<run>')", "attributes.run_id != '<RUN>'", "attributes.status = 'RUNNING'", "dataset.name LIKE '%'", "metrics.linked > 0", "attributes.artifact_uri LIKE '%<EXP>%'"},
	"logged-models/search":     {"metrics.loss > 0", "name = 'lm2'", "source_run_id = '<RUN>'", "source_run_id = '<run>'", "source_run_id != '<RUN>'", "tags.k = '<SECRET>'", "tags.`mlflow.modelVersions` LIKE '%<MODEL>%'", "creation_timestamp > 0", "model_id = '<LM>'"},
	"registered-models/search": {"name LIKE '%'", "name ILIKE 'CV.%'", "name LIKE 'nlp.%'", "tags.k = '<SECRET>'", "name = '<MODEL>'", "name IN ('<MODEL>','<model>')"},
	"model-versions/search":    {"name LIKE '%'", "run_id = '<RUN>'", "run_id = '<run2>'", "source_path LIKE '%'", "source_path = 's3://bucket/mine'", "tags.k = '<SECRET>'", "version_number > 1", "name = '<MODEL>'", "model_id = '<lm2>'"},
	"traces/search":            {"trace.status = 'OK'", "tags.k = '12'", "request_id = '<TR>'", "metadata.`mlflow.sourceRun` = '<RUN>'", "metadata.`mlflow.sourceRun` LIKE '%'", "run_id = '<RUN>'", "request_metadata.i = '2'", "timestamp_ms > 0", "trace.execution_time_ms > 1"},
	"datasets/search":          {"name LIKE 'ds%'", "name LIKE '%'", "tags.k = '<SECRET>'"},
	"issues/search":            {"status = 'OPEN'"},
}

// ordersOf are the keys that a search may be sorted by.
var ordersOf = map[string][]any{
	"experiments/search":       {"name", "name DESC", "experiment_id", "creation_time DESC", "last_update_time", "last_update_time DESC"},
	"runs/search":              {"attributes.start_time", "start_time DESC", "metrics.loss DESC", "params.k", "tags.k DESC", "attributes.run_name"},
	"logged-models/search":     {m{"field_name": "name"}, m{"field_name": "creation_timestamp"}, m{"field_name": "metrics.loss", "ascending": false}, m{"field_name": "last_updated_timestamp", "ascending": false}},
	"registered-models/search": {"name", "name DESC", "timestamp", "last_updated_timestamp DESC"},
	"model-versions/search":    {"name", "version_number DESC", "last_updated_timestamp", "creation_timestamp DESC"},
	"traces/search":            {"timestamp_ms", "timestamp DESC", "execution_time", "status"},
	"datasets/search":          {"name", "name DESC", "created_time", "last_update_time DESC"},
}

// viewsOf are the views that a search is tried in.
var viewsOf = map[string][]any{
	"experiments/search": {"ALL", "DELETED_ONLY", "ACTIVE_ONLY", 3, "bogus"},
	"runs/search":        {"ALL", "DELETED_ONLY", 2, "bogus"},
}
