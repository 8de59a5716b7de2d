package mlflowapi

import (
	"slices"
	"strings"
)

// Why an endpoint is shut. Callers read these sentences.
const (
	assistant    = "the assistant runs programs on the MLflow server's host"
	promptLab    = "it calls the AI gateway and writes a run in one step; create the run and log to it instead"
	telemetry    = "reports on how people use the UI are not sent on to MLflow's makers"
	otherAddress = "the UI's files are served below /static-files"
	onlyPost     = "GraphQL is read from POST alone"
	ownAccounts  = "users, roles and passwords are mlgate's and not MLflow's; /_gate/account shows who you are and what you hold, and whoever runs mlgate sets passwords"
)

// closedRows are all endpoints that mlgate keeps shut, by topic.
func closedRows() []Endpoint {
	return slices.Concat(
		closedExperimentRows(),
		closedServerRows(), closedAccountRows(),
	)
}

func closedExperimentRows() []Endpoint {
	return slices.Concat(
		shut(Experiment, promptLab, ajax2, "POST runs/create-promptlab-run"),
	)
}

func closedServerRows() []Endpoint {
	return slices.Concat(
		shut(Server, assistant, ajax3,
			"GET,PUT assistant/config", "POST assistant/message", "GET assistant/providers",
			"GET assistant/providers/{provider}/health", "GET assistant/providers/{provider}/models",
			"PATCH assistant/sessions/{session_id}", "POST assistant/sessions/{session_id}/permission",
			"GET assistant/sessions/{session_id}/stream", "POST assistant/sessions/{session_id}/tool-result",
			"POST assistant/skills/install"),
		shut(Server, telemetry, ajax3, "POST ui-telemetry"),
		shut(Server, otherAddress, atRoot, "GET build/{filename...}"),
		shut(Server, onlyPost, atRoot, "GET graphql"),
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
