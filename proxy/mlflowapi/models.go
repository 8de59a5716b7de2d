package mlflowapi

// modelRows are the endpoints about registered models, prompts among them:
// MLflow keeps a prompt as a registered model with a tag.
func modelRows() []Endpoint {
	trims := versionTrims("registered_model.latest_versions[]")
	rows := []Endpoint{
		{Name: "registered-models/alias", Methods: del, Paths: v2("registered-models/alias"), Kind: Model, Action: Edit, Args: InBody,
			Fields: "name:model! alias!"},
		{Name: "registered-models/alias", Methods: get, Paths: v2("registered-models/alias"), Kind: Model, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "name:model! alias!", Trims: versionTrims("model_version"), Echo: "model_version.name"},
		{Name: "registered-models/alias", Methods: post, Paths: v2("registered-models/alias"), Kind: Model, Action: Edit, Args: InBody,
			Fields: "name:model! alias! version:version!"},
		{Name: "registered-models/create", Methods: post, Paths: v2("registered-models/create"), Kind: Model, Action: Edit, Args: InBody, Creates: true,
			Fields: "name:new_model! tags[]{key:tag value} description deployment_job_id", Trims: trims},
		{Name: "registered-models/delete", Methods: del, Paths: v2("registered-models/delete"), Kind: Model, Action: Manage, Args: InBody,
			Fields: "name:model!"},
		{Name: "registered-models/delete-tag", Methods: del, Paths: v2("registered-models/delete-tag"), Kind: Model, Action: Edit, Args: InBody,
			Fields: "name:model! key:tag!"},
		{Name: "registered-models/get", Methods: get, Paths: v2("registered-models/get"), Kind: Model, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "name:model!", Trims: trims, Echo: "registered_model.name"},
		{Name: "registered-models/rename", Methods: post, Paths: v2("registered-models/rename"), Kind: Model, Action: Manage, Args: InBody,
			Fields: "name:model! new_name:new_model!", Trims: trims},
		{Name: "registered-models/search", Methods: get, Paths: v2("registered-models/search"), Kind: Model, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "filter max_results order_by[] page_token", Trims: versionTrims("registered_models[].latest_versions[]"), Search: modelSearch()},
		{Name: "registered-models/set-tag", Methods: post, Paths: v2("registered-models/set-tag"), Kind: Model, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "name:model! key:tag! value"},
		{Name: "registered-models/update", Methods: patch, Paths: v2("registered-models/update"), Kind: Model, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "name:model! description deployment_job_id", Trims: trims},
	}
	return append(rows, inBoth(Endpoint{
		Name: "registered-models/get-latest-versions", Paths: v2("registered-models/get-latest-versions"), Kind: Model, Action: Read, Repeatable: true,
		Fields: "name:model! stages[]", Trims: versionTrims("model_versions[]"),
	})...)
}

// modelSearch is the order of the registry's _parse_search_registered_models_order_by.
func modelSearch() *Search {
	name := sortKey{member: "name"}
	updated := sortKey{member: "last_updated_timestamp", numeric: true}
	return &Search{
		List: "registered_models", Most: 1000, Least: -1, Default: 100,
		Order: []sortKey{name},
		Tie:   []sortKey{name},
		Keys:  map[string]sortKey{"name": name, "timestamp": updated, "last_updated_timestamp": updated},
	}
}
