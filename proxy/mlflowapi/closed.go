package mlflowapi

import (
	"slices"
	"strings"
)

// Why an endpoint is shut. Callers read these sentences.
const (
	laterScorers  = "scorers are opened in a later version of mlgate"
	laterDatasets = "changing evaluation datasets is opened in a later version of mlgate; until then it only searches them"
	laterReviews  = "issues, label schemas and review queues are opened in a later version of mlgate"
	laterGateway  = "MLflow's AI gateway is opened in a later version of mlgate"
	gatewayConfig = "server-wide: the AI gateway's endpoints, keys and budgets belong to no team"
	runsJobs      = "server-wide: jobs run on the MLflow server itself, with its rights"
	assistant     = "the assistant runs programs on the MLflow server's host"
	webhooks      = "server-wide: webhooks tell about every team's models"
	mcpRegistry   = "server-wide: the MCP registry's names belong to no team"
	workspaces    = "mlgate's prefixes take the place of workspaces"
	demoData      = "server-wide: demo data is written and deleted without regard to teams"
	pastMlgate    = "it hands out addresses of the artifact store that lead past mlgate; files go through mlgate instead"
	promptLab     = "it calls the AI gateway and writes a run in one step; create the run and log to it instead"
	telemetry     = "reports on how people use the UI are not sent on to MLflow's makers"
	otherAddress  = "the UI's files are served below /static-files"
	onlyPost      = "GraphQL is read from POST alone"
	ownAccounts   = "users, roles and passwords are mlgate's and not MLflow's; /_gate/account shows who you are and what you hold, and whoever runs mlgate sets passwords"
)

// closedRows are all endpoints that mlgate keeps shut, by topic.
func closedRows() []Endpoint {
	return slices.Concat(
		closedExperimentRows(), closedGatewayRows(),
		closedServerRows(), closedArtifactRows(), closedAccountRows(),
	)
}

func closedExperimentRows() []Endpoint {
	return slices.Concat(
		shut(Experiment, laterDatasets, v3,
			"POST datasets/create", "DELETE,GET datasets/{dataset_id}", "POST datasets/{dataset_id}/add-experiments",
			"GET datasets/{dataset_id}/experiment-ids", "DELETE,GET,POST datasets/{dataset_id}/records",
			"POST datasets/{dataset_id}/remove-experiments", "PATCH datasets/{dataset_id}/tags", "DELETE datasets/{dataset_id}/tags/{key}"),
		shut(Experiment, laterScorers, v3,
			"DELETE scorers/delete", "GET scorers/get", "GET scorers/list", "PUT scorers/online-config",
			"GET scorers/online-configs", "POST scorers/register", "GET scorers/versions"),
		shut(Experiment, laterReviews, v3,
			"POST issues", "GET,PATCH issues/{issue_id}", "POST issues/search",
			"POST label-schemas/create", "DELETE label-schemas/delete", "GET label-schemas/get",
			"GET label-schemas/get-by-name", "GET label-schemas/list", "PATCH label-schemas/update",
			"POST review-queues/create", "POST review-queues/delete", "GET review-queues/get", "GET review-queues/get-by-name",
			"POST review-queues/get-or-create-user", "POST review-queues/items/add", "GET review-queues/items/list",
			"POST review-queues/items/remove", "POST review-queues/items/set-status", "GET review-queues/list", "POST review-queues/update"),
		shut(Experiment, promptLab, ajax2, "POST runs/create-promptlab-run"),
	)
}

func closedGatewayRows() []Endpoint {
	return slices.Concat(
		shut(Server, gatewayConfig, v3,
			"POST gateway/budgets/create", "DELETE gateway/budgets/delete", "GET gateway/budgets/get",
			"GET gateway/budgets/list", "POST gateway/budgets/update", "GET gateway/budgets/windows",
			"POST gateway/endpoints/bindings/create", "DELETE gateway/endpoints/bindings/delete", "GET gateway/endpoints/bindings/list",
			"POST gateway/endpoints/create", "DELETE gateway/endpoints/delete", "DELETE gateway/endpoints/delete-tag",
			"GET gateway/endpoints/get", "GET gateway/endpoints/list", "POST gateway/endpoints/models/attach",
			"POST gateway/endpoints/models/detach", "POST gateway/endpoints/set-tag", "POST gateway/endpoints/update",
			"POST gateway/guardrails/add-to-endpoint", "POST gateway/guardrails/create", "DELETE gateway/guardrails/delete",
			"GET gateway/guardrails/get", "GET gateway/guardrails/list", "GET gateway/guardrails/list-for-endpoint",
			"DELETE gateway/guardrails/remove-from-endpoint", "PATCH gateway/guardrails/update-config",
			"POST gateway/model-definitions/create", "DELETE gateway/model-definitions/delete", "GET gateway/model-definitions/get",
			"GET gateway/model-definitions/list", "POST gateway/model-definitions/update",
			"POST gateway/secrets/create", "DELETE gateway/secrets/delete", "GET gateway/secrets/get",
			"GET gateway/secrets/list", "POST gateway/secrets/update"),
		shut(Server, gatewayConfig, ajax3,
			"GET gateway/provider-config", "GET gateway/secrets/config", "GET gateway/supported-models", "GET gateway/supported-providers"),
		shut(Server, laterGateway, ajax2, "GET,POST gateway-proxy"),
		shut(Server, laterGateway, atRoot,
			"POST gateway/anthropic/v1/messages", "POST gateway/gemini/v1beta/models/{endpoint_name}",
			"POST gateway/mlflow/v1/chat/completions", "GET gateway/mlflow/v1/models",
			"POST gateway/openai/v1/chat/completions", "POST gateway/openai/v1/embeddings",
			"POST gateway/openai/v1/responses", "POST gateway/openai/v1/responses/compact",
			"POST gateway/proxy/{endpoint_name}/{path...}", "POST gateway/typesafe/v1/systemone",
			"POST gateway/{endpoint_name}/mlflow/invocations"),
	)
}

func closedServerRows() []Endpoint {
	return slices.Concat(
		shut(Server, runsJobs, func(p string) []string { return []string{"/ajax-api/3.0/" + p} },
			"POST jobs/", "PATCH jobs/cancel/{job_id}", "POST jobs/search", "GET jobs/{job_id}"),
		shut(Server, runsJobs, ajax3,
			"POST genai/evaluate/invoke", "POST issues/invoke", "POST scorer/invoke",
			"GET jobs/{job_id}", "PATCH jobs/cancel/{job_id}"),
		shut(Server, runsJobs, v3,
			"POST prompt-optimization/jobs", "DELETE,GET prompt-optimization/jobs/{job_id}",
			"POST prompt-optimization/jobs/{job_id}/cancel", "GET,POST prompt-optimization/jobs/search"),
		shut(Server, assistant, ajax3,
			"GET,PUT assistant/config", "POST assistant/message", "GET assistant/providers",
			"GET assistant/providers/{provider}/health", "GET assistant/providers/{provider}/models",
			"PATCH assistant/sessions/{session_id}", "POST assistant/sessions/{session_id}/permission",
			"GET assistant/sessions/{session_id}/stream", "POST assistant/sessions/{session_id}/tool-result",
			"POST assistant/skills/install"),
		shut(Server, webhooks, v2,
			"GET,POST webhooks", "DELETE,GET,PATCH webhooks/{webhook_id}", "POST webhooks/{webhook_id}/test"),
		// Names of MCP servers hold slashes, so what follows one is not told
		// from it: one row covers the tree.
		shut(Server, mcpRegistry, v3, "GET,POST mcp-servers", "DELETE,GET,PATCH,POST mcp-servers/{name...}"),
		shut(Server, workspaces, v3, "GET,POST workspaces", "DELETE,GET,PATCH workspaces/{workspace_name}"),
		shut(Server, demoData, ajax3, "POST demo/delete", "POST demo/generate"),
		shut(Server, telemetry, ajax3, "POST ui-telemetry"),
		shut(Server, otherAddress, atRoot, "GET build/{filename...}"),
		shut(Server, onlyPost, atRoot, "GET graphql"),
	)
}

func closedArtifactRows() []Endpoint {
	return slices.Concat(
		shut(Experiment, pastMlgate, v2, "POST artifacts/presigned-download-url", "POST artifacts/presigned-upload-url"),
		shut(Experiment, pastMlgate, belowV2,
			"POST mlflow-artifacts/mpu/abort/{artifact_path...}", "POST mlflow-artifacts/mpu/complete/{artifact_path...}",
			"POST mlflow-artifacts/mpu/create/{artifact_path...}", "GET mlflow-artifacts/presigned/{artifact_path...}"),
	)
}

// closedAccountRows are what the account page of MLflow's UI asks for once
// users/current has told it who is signed in. Like that, they are no routes of
// a stock server. The page shows the sentence of the refusal in the place of
// its lists, and asks only once.
func closedAccountRows() []Endpoint {
	return slices.Concat(
		shut(Server, ownAccounts, v2, "PATCH users/update-password"),
		shut(Server, ownAccounts, v3, "GET users/current/permissions", "GET users/roles/list"),
	)
}

// shut makes closed rows of lines like "GET,POST traces"; paths gives the
// addresses. They have no action and no fields: nothing of such a call is read.
func shut(kind Kind, reason string, paths func(string) []string, lines ...string) []Endpoint {
	rows := make([]Endpoint, len(lines))
	for i, line := range lines {
		methods, path, _ := strings.Cut(line, " ")
		rows[i] = Endpoint{
			Name: strings.ReplaceAll(path, "...}", "}"), Methods: strings.Split(methods, ","),
			Paths: paths(path), Kind: kind, Closed: reason,
		}
	}
	return rows
}

func atRoot(p string) []string { return []string{"/" + p} }

func ajax2and3(p string) []string { return append(ajax2(p), ajax3(p)...) }

func belowV2(p string) []string { return []string{"/ajax-api/2.0/" + p, "/api/2.0/" + p} }
