package mlflowapi

// versionRows are the endpoints about versions of registered models. Of a new
// version MLflow checks now the run, now the logged model, and of a prompt's
// neither, so both count as links.
func versionRows() []Endpoint {
	one := versionTrims("model_version")
	return []Endpoint{
		{Name: "model-versions/create", Methods: post, Paths: v2("model-versions/create"), Kind: Model, Action: Edit, Args: InBody, Special: CreateVersion, Creates: true,
			Fields: "name:model! source:source! run_id:run/read? model_id:logged_model/edit? tags[]{key:tag value} run_link description", Trims: one},
		{Name: "model-versions/delete", Methods: del, Paths: v2("model-versions/delete"), Kind: Model, Action: Manage, Args: InBody,
			Fields: "name:model! version:version!"},
		{Name: "model-versions/delete-tag", Methods: del, Paths: v2("model-versions/delete-tag"), Kind: Model, Action: Edit, Args: InBody,
			Fields: "name:model! version:version! key:tag!"},
		{Name: "model-versions/get", Methods: get, Paths: v2("model-versions/get"), Kind: Model, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "name:model! version:version!", Trims: one, Echo: "model_version.name"},
		{Name: "model-versions/get-artifact", Methods: get, Paths: []string{"/model-versions/get-artifact"}, Kind: Model, Action: Read, Args: InQuery, Repeatable: true, File: true,
			Fields: "name:model! version:version! path!"},
		{Name: "model-versions/get-download-uri", Methods: get, Paths: v2("model-versions/get-download-uri"), Kind: Model, Action: Read, Args: InQuery, Special: DownloadURI, Repeatable: true,
			Fields: "name:model! version:version!"},
		{Name: "model-versions/search", Methods: get, Paths: v2("model-versions/search"), Kind: Model, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "filter max_results order_by[] page_token", Trims: versionTrims("model_versions[]"), Search: versionSearch()},
		{Name: "model-versions/set-tag", Methods: post, Paths: v2("model-versions/set-tag"), Kind: Model, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "name:model! version:version! key:tag! value"},
		{Name: "model-versions/transition-stage", Methods: post, Paths: v2("model-versions/transition-stage"), Kind: Model, Action: Edit, Args: InBody,
			Fields: "name:model! version:version! stage! archive_existing_versions", Trims: one},
		{Name: "model-versions/update", Methods: patch, Paths: v2("model-versions/update"), Kind: Model, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "name:model! version:version! description", Trims: one},
	}
}

// versionTrims cuts out of a version what it says of the run and the logged
// model that it was made from; its readers need not be theirs. The source
// stays: who may use a model can load it.
func versionTrims(at string) []Trim {
	return []Trim{
		{At: at, By: "run_id", Is: "run", Blank: "run_id run_link"},
		{At: at, By: "model_id", Is: "logged_model", Drop: "model_id model_params model_metrics"},
		{At: at + ".model_metrics[]", By: "run_id", Is: "run"},
	}
}

// versionSearch is the order of the registry's _parse_search_model_versions_order_by.
func versionSearch() *Search {
	name := sortKey{member: "name"}
	number := sortKey{member: "version", numeric: true}
	latest := sortKey{member: "version", desc: true, numeric: true}
	updated := sortKey{member: "last_updated_timestamp", numeric: true}
	return &Search{
		List: "model_versions", Most: 200000, Least: 1, Default: 200000,
		Order: []sortKey{{member: "last_updated_timestamp", desc: true, numeric: true}, name, latest},
		Tie:   []sortKey{name, latest},
		Keys: map[string]sortKey{
			"name": name, "version_number": number, "last_updated_timestamp": updated,
			"creation_timestamp": {member: "creation_timestamp", numeric: true},
		},
	}
}
