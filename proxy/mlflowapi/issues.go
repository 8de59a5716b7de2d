package mlflowapi

// issueRows are issues, each in one experiment. MLflow checks nothing of the
// run that an issue says it comes from, and without experiment_id it searches
// the whole server.
func issueRows() []Endpoint {
	one := issueTrims("issue")[:1]
	return []Endpoint{
		{Name: "issues", Methods: post, Paths: v3("issues"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "experiment_id:experiment! name! description! status severity root_causes[] source_run_id:run/read? created_by:author categories[]", Trims: one},
		{Name: "issues/search", Methods: post, Paths: v3("issues/search"), Kind: Experiment, Action: Read, Args: InBody, Repeatable: true,
			Fields: "experiment_id:experiment filter_string max_results page_token include_trace_count",
			Trims:  issueTrims("issues[]"), Scan: &Scan{List: "issues", Default: 100, Most: 50_000}},
		{Name: "issues/{issue_id}", Methods: get, Paths: v3("issues/{issue_id}"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "issue_id:issue", Trims: one},
		{Name: "issues/{issue_id}", Methods: patch, Paths: v3("issues/{issue_id}"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "issue_id:issue! name description status severity", Trims: one},
	}
}

// issueTrims cuts the run out of an issue where the reader cannot see it, and
// out of a list what lies in no experiment of the reader's.
func issueTrims(at string) []Trim {
	return []Trim{
		{At: at, By: "source_run_id", Is: "run", Drop: "source_run_id"},
		{At: at, By: "experiment_id", Is: "experiment"},
	}
}
