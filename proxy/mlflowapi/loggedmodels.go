package mlflowapi

// loggedModelRows are the endpoints about logged models, which lie in an
// experiment. Most stand in the path; where a body names the model too, MLflow
// uses now the one and now the other, so both must agree. A param that is
// there already is an error, so logging params is not repeatable.
func loggedModelRows() []Endpoint {
	one := loggedModelTrims("model")
	return []Endpoint{
		{Name: "logged-models", Methods: post, Paths: v2("logged-models"), Kind: Experiment, Action: Edit, Args: InBody, Creates: true,
			Fields: "experiment_id:experiment! name model_type source_run_id:run/edit? params[]{key value} tags[]{key:tag value}", Trims: one},
		{Name: "logged-models/search", Methods: post, Paths: v2("logged-models/search"), Kind: Experiment, Action: Read, Args: InBody, Repeatable: true,
			Fields: "experiment_ids:experiment~[] filter datasets[]{dataset_name dataset_digest} max_results order_by[]{field_name ascending dataset_name dataset_digest} page_token", Trims: loggedModelTrims("models[]"), Sift: loggedModelSift()},
		{Name: "logged-models/{model_id}", Methods: del, Paths: v2("logged-models/{model_id}"), Kind: Experiment, Action: Manage, Args: InBody,
			Fields: "model_id:logged_model"},
		{Name: "logged-models/{model_id}", Methods: get, Paths: v2("logged-models/{model_id}"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "model_id:logged_model allow_deleted", Trims: one},
		{Name: "logged-models/{model_id}", Methods: patch, Paths: v2("logged-models/{model_id}"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "model_id:logged_model! status", Trims: one},
		{Name: "logged-models/{model_id}/artifacts/directories", Methods: get, Paths: v2("logged-models/{model_id}/artifacts/directories"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "model_id:logged_model artifact_directory_path page_token"},
		{Name: "logged-models/{model_id}/artifacts/files", Methods: get, Paths: ajax2("logged-models/{model_id}/artifacts/files"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true, File: true,
			Fields: "artifact_file_path"},
		{Name: "logged-models/{model_id}/params", Methods: post, Paths: v2("logged-models/{model_id}/params"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "model_id:logged_model params[]{key value}"},
		{Name: "logged-models/{model_id}/tags", Methods: patch, Paths: v2("logged-models/{model_id}/tags"), Kind: Experiment, Action: Edit, Args: InBody, Special: SetLoggedModelTags, Repeatable: true,
			Fields: "model_id:logged_model tags[]{key:tag value}", Trims: one},
		{Name: "logged-models/{model_id}/tags/{tag_key}", Methods: del, Paths: v2("logged-models/{model_id}/tags/{tag_key}"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "model_id:logged_model"},
	}
}

// loggedModelTrims cuts out of a logged model the runs that the reader cannot
// see (the one it comes from, and those that logged a metric about it) and the
// registered models made from it.
func loggedModelTrims(at string) []Trim {
	return []Trim{
		{At: at + ".info", By: "source_run_id", Is: "run", Blank: "source_run_id"},
		{At: at + ".data.metrics[]", By: "run_id", Is: "run"},
		{At: at + ".info.tags[]", By: "key", Is: "model_versions_tag"},
		{At: at + ".info.registrations[]", By: "name", Is: "model"},
	}
}
