package mlflowapi

import (
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// graphqlTypes is the part of MLflow's GraphQL schema (3.17.2) that is open:
// what its own UI asks for, and what lies beside that on the same objects.
// The fields that list artifacts, model versions and datasets are left out,
// since the REST rows give the same, narrowed; mutations and introspection
// are not for clients.
const graphqlTypes = `
type Query {
  mlflowGetExperiment: MlflowGetExperimentResponse
  mlflowGetRun: MlflowGetRunResponse
  mlflowSearchRuns: MlflowSearchRunsResponse
  mlflowGetMetricHistoryBulkInterval: MlflowGetMetricHistoryBulkIntervalResponse
}
type MlflowGetExperimentResponse { experiment: MlflowExperiment apiError: ApiError }
type MlflowGetRunResponse { run: MlflowRunExtension apiError: ApiError }
type MlflowSearchRunsResponse { runs: [MlflowRunExtension!] nextPageToken: String apiError: ApiError }
type MlflowGetMetricHistoryBulkIntervalResponse { metrics: [MlflowMetricWithRunId!] apiError: ApiError }
type ApiError { code: String message: String helpUrl: String traceId: String errorDetails: [ErrorDetail] }
type ErrorDetail { field: String message: String }
type MlflowExperiment {
  experimentId: String name: String artifactLocation: String lifecycleStage: String
  lastUpdateTime: LongString creationTime: LongString tags: [MlflowExperimentTag!]
  effectiveTraceArchivalRetention: String workspace: String
}
type MlflowExperimentTag { key: String value: String }
type MlflowRunExtension {
  info: MlflowRunInfo data: MlflowRunData inputs: MlflowRunInputs outputs: MlflowRunOutputs
  experiment: MlflowExperiment modelVersions: [MlflowModelVersion!]
}
type MlflowRunInfo {
  runId: String runUuid: String runName: String experimentId: String userId: String status: MlflowRunStatus
  startTime: LongString endTime: LongString artifactUri: String lifecycleStage: String
}
type MlflowRunData { metrics: [MlflowMetricExtension!] params: [MlflowParam!] tags: [MlflowRunTag!] }
type MlflowMetricExtension {
  key: String value: Float timestamp: LongString step: LongString
  datasetName: String datasetDigest: String modelId: String runId: String
}
type MlflowMetricWithRunId { key: String value: Float timestamp: LongString step: LongString runId: String }
type MlflowParam { key: String value: String }
type MlflowRunTag { key: String value: String }
type MlflowRunInputs { datasetInputs: [MlflowDatasetInput!] modelInputs: [MlflowModelInput!] }
type MlflowDatasetInput { tags: [MlflowInputTag!] dataset: MlflowDataset }
type MlflowInputTag { key: String value: String }
type MlflowDataset { name: String digest: String sourceType: String source: String schema: String profile: String }
type MlflowModelInput { modelId: String }
type MlflowRunOutputs { modelOutputs: [MlflowModelOutput!] }
type MlflowModelOutput { modelId: String step: LongString }
type MlflowModelVersion {
  name: String version: String creationTimestamp: LongString lastUpdatedTimestamp: LongString userId: String
  currentStage: String description: String source: String runId: String status: MlflowModelVersionStatus
  statusMessage: String tags: [MlflowModelVersionTag!] runLink: String aliases: [String] modelId: String
  modelParams: [MlflowModelParam!] modelMetrics: [MlflowModelMetric!]
  deploymentJobState: MlflowModelVersionDeploymentJobState
}
type MlflowModelVersionTag { key: String value: String }
type MlflowModelParam { name: String value: String }
type MlflowModelMetric {
  key: String value: Float timestamp: LongString step: LongString
  datasetName: String datasetDigest: String modelId: String runId: String
}
type MlflowModelVersionDeploymentJobState {
  jobId: String runId: String jobState: MlflowDeploymentJobConnectionState
  runState: MlflowModelVersionDeploymentJobStateDeploymentJobRunState currentTaskName: String
}
`

// graphqlInput is the one argument that each of MLflow's root fields takes.
type graphqlInput struct {
	typ    string // its type's name, as our document declares it
	fields []field
}

// graphqlInputs are the arguments of the open root fields, in the notation of
// [parseFields]. Lists shrink to what is visible, as in the REST rows.
var graphqlInputs = sync.OnceValues(func() (map[string]graphqlInput, error) {
	inputs := map[string]graphqlInput{}
	for root, in := range map[string][2]string{
		"mlflowGetExperiment":                {"MlflowGetExperimentInput", "experimentId:experiment!"},
		"mlflowGetRun":                       {"MlflowGetRunInput", "runId|runUuid:run!"},
		"mlflowSearchRuns":                   {"MlflowSearchRunsInput", "experimentIds:experiment~[] filter runViewType maxResults orderBy[] pageToken"},
		"mlflowGetMetricHistoryBulkInterval": {"MlflowGetMetricHistoryBulkIntervalInput", "runIds:run~[] metricKey startStep endStep maxResults"},
	} {
		fields, err := parseFields(in[1])
		if err != nil {
			return nil, err
		}
		inputs[root] = graphqlInput{in[0], fields}
	}
	return inputs, nil
})

// graphqlSchema is [graphqlTypes] read once.
var graphqlSchema = sync.OnceValues(func() (ast.DefinitionList, error) {
	doc, err := parser.ParseSchema(&ast.Source{Name: "open part of MLflow's schema", Input: graphqlTypes})
	if err != nil {
		return nil, err
	}
	return doc.Definitions, nil
})

// graphqlRule says what of an object goes when what its field names is not
// visible.
type graphqlRule struct {
	typ   string
	by    string // the field that names something
	is    role
	whole bool // the object goes, and so must always tell its name
	// else these fields read as MLflow fills them when nothing was set
	blank map[string]string
}

// graphqlRules are the trims of the REST rows for runs and versions, by type.
var graphqlRules = []graphqlRule{
	{typ: "MlflowModelVersion", by: "name", is: modelName, whole: true},
	{typ: "MlflowModelVersion", by: "modelId", is: loggedModelID, blank: map[string]string{"modelId": `""`, "modelParams": "[]", "modelMetrics": "[]"}},
	{typ: "MlflowModelInput", by: "modelId", is: loggedModelID, whole: true},
	{typ: "MlflowModelOutput", by: "modelId", is: loggedModelID, whole: true},
	{typ: "MlflowMetricExtension", by: "modelId", is: loggedModelID, blank: map[string]string{"modelId": `""`}},
	{typ: "MlflowModelMetric", by: "modelId", is: loggedModelID, blank: map[string]string{"modelId": `""`}},
	{typ: "MlflowModelMetric", by: "runId", is: runID, blank: map[string]string{"runId": `""`}},
	{typ: "MlflowDataset", by: "name", is: datasetName},
}
