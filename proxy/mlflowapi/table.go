package mlflowapi

import "slices"

// NewTable builds the table of everything that MLflow answers, from the rows
// in the files of the resources. It fails only where a row is badly written.
func NewTable() (*Table, error) {
	return TableOf(slices.Concat(
		experimentRows(), runRows(), metricRows(), modelRows(), versionRows(),
		loggedModelRows(), artifactRows(), transferRows(), traceRows(), assessmentRows(), otlpRows(), datasetRows(),
		scorerRows(), labelRows(), reviewQueueRows(), issueRows(), serverRows(),
		serverWideRows(), gatewayRows(), closedRows(),
	))
}

// TableOf builds a table of other rows, as tests do that change one to see that
// it is missed.
func TableOf(rows []Endpoint) (*Table, error) {
	t, err := newTable(rows)
	if err != nil {
		return nil, err
	}
	return t, t.date()
}

// inBoth gives the two rows of an endpoint that answers GET, with arguments in
// the query, and POST, with the same arguments in the body.
func inBoth(e Endpoint) []Endpoint {
	q, b := e, e
	q.Methods, q.Args = get, InQuery
	b.Methods, b.Args = post, InBody
	return []Endpoint{q, b}
}
