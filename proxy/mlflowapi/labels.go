package mlflowapi

// labelRows are label schemas, each in one experiment. Deleting one that is not
// there is no error to MLflow.
func labelRows() []Endpoint {
	const input = "input{pass_fail{positive_label negative_label} categorical{options[] multi_select} numeric{min_value max_value} text{max_length}}"
	return []Endpoint{
		{Name: "label-schemas/create", Methods: post, Paths: v3("label-schemas/create"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "experiment_id:experiment! name! type instruction enable_comment " + input},
		{Name: "label-schemas/delete", Methods: del, Paths: v3("label-schemas/delete"), Kind: Experiment, Action: Manage, Args: InBody, Forgives: true,
			Fields: "schema_id:label_schema!"},
		{Name: "label-schemas/get", Methods: get, Paths: v3("label-schemas/get"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "schema_id:label_schema!"},
		{Name: "label-schemas/get-by-name", Methods: get, Paths: v3("label-schemas/get-by-name"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment! name!"},
		{Name: "label-schemas/list", Methods: get, Paths: v3("label-schemas/list"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment! max_results page_token"},
		{Name: "label-schemas/update", Methods: patch, Paths: v3("label-schemas/update"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "schema_id:label_schema! name instruction enable_comment " + input},
	}
}
