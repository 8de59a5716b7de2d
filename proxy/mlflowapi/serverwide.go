package mlflowapi

import (
	"slices"
	"strings"
)

// serverWideRows are the endpoints whose things belong to no team: they are
// open to admins alone. Nothing of such a call is decided by what it names, so
// all of it goes upstream, in the one spelling in which it was read.
func serverWideRows() []Endpoint {
	return slices.Concat(
		serverWide(v2, // they tell about every team's models
			"GET,POST webhooks", "DELETE,GET,PATCH webhooks/{webhook_id}", "POST webhooks/{webhook_id}/test"),
		serverWide(v3, // the gateway's keys, endpoints, budgets and guardrails
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
		serverWide(ajax3,
			"GET gateway/provider-config", "GET gateway/secrets/config", "GET gateway/supported-models", "GET gateway/supported-providers"),
		serverWide(ajax2, "GET,POST gateway-proxy"),
		// Any address of the provider, with the stored key: other models than the
		// endpoint's, uploaded files, fine-tuning. More than to use one endpoint.
		serverWide(atRoot, "POST gateway/proxy/{endpoint_name}/{path...}"),
		serverWide(func(p string) []string { return []string{"/ajax-api/3.0/" + p} }, // jobs run on the MLflow server, with its rights
			"POST jobs/", "PATCH jobs/cancel/{job_id}", "POST jobs/search", "GET jobs/{job_id}"),
		serverWide(ajax3,
			"POST genai/evaluate/invoke", "POST issues/invoke", "POST scorer/invoke",
			"GET jobs/{job_id}", "PATCH jobs/cancel/{job_id}"),
		// The same kind of jobs, on prompts, datasets and scorers of whatever team.
		serverWide(v3,
			"POST prompt-optimization/jobs", "DELETE,GET prompt-optimization/jobs/{job_id}",
			"POST prompt-optimization/jobs/{job_id}/cancel", "GET,POST prompt-optimization/jobs/search"),
		// Names of MCP servers hold slashes, so what follows one is not told
		// from it: one row covers the tree.
		serverWide(v3, "GET,POST mcp-servers", "DELETE,GET,PATCH,POST mcp-servers/{name...}"),
		serverWide(v3, "GET,POST workspaces", "DELETE,GET,PATCH workspaces/{workspace_name}"),
		serverWide(ajax3, "POST demo/delete", "POST demo/generate"),
	)
}

// serverWide makes rows of lines like "GET,POST webhooks"; paths gives the
// addresses. GET has a row of its own, because its arguments lie in the query.
func serverWide(paths func(string) []string, lines ...string) []Endpoint {
	var rows []Endpoint
	for _, line := range lines {
		methods, path, _ := strings.Cut(line, " ")
		e := Endpoint{Name: strings.ReplaceAll(path, "...}", "}"), Paths: paths(path), Kind: Server, Action: Admin, Fields: "*"}
		var writes []string
		for method := range strings.SplitSeq(methods, ",") {
			if method != "GET" {
				writes = append(writes, method)
				continue
			}
			reads := e
			reads.Methods, reads.Args, reads.Repeatable = get, InQuery, true
			rows = append(rows, reads)
		}
		if e.Methods, e.Args = writes, InBody; writes != nil {
			rows = append(rows, e)
		}
	}
	return rows
}
