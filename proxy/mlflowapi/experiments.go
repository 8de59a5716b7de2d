package mlflowapi

// experimentRows are the endpoints about experiments. Setting a tag or a new
// name twice leaves what setting it once leaves, so those are repeatable;
// creating, deleting and restoring twice answers with an error.
func experimentRows() []Endpoint {
	rows := []Endpoint{
		{Name: "experiments/create", Methods: post, Paths: v2("experiments/create"), Kind: Experiment, Action: Edit, Args: InBody, Creates: true,
			Fields: "name:new_experiment! artifact_location:refused tags[]{key:tag value}"},
		{Name: "experiments/delete", Methods: post, Paths: v2("experiments/delete"), Kind: Experiment, Action: Manage, Args: InBody,
			Fields: "experiment_id:experiment!"},
		{Name: "experiments/delete-experiment-tag", Methods: post, Paths: v2("experiments/delete-experiment-tag"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "experiment_id:experiment! key:tag!"},
		{Name: "experiments/get", Methods: get, Paths: v2("experiments/get"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment!"},
		{Name: "experiments/get-by-name", Methods: get, Paths: v2("experiments/get-by-name"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_name:experiment_name!", Echo: "experiment.name"},
		{Name: "experiments/restore", Methods: post, Paths: v2("experiments/restore"), Kind: Experiment, Action: Manage, Args: InBody,
			Fields: "experiment_id:experiment!"},
		{Name: "experiments/search-datasets", Methods: post, Paths: ajax2("experiments/search-datasets"), Kind: Experiment, Action: Read, Args: InBody, Repeatable: true,
			Fields: "experiment_ids:experiment~[]", Trims: []Trim{{At: "dataset_summaries[]", By: "name", Is: "dataset_name"}}},
		{Name: "experiments/set-experiment-tag", Methods: post, Paths: v2("experiments/set-experiment-tag"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "experiment_id:experiment! key:tag! value"},
		{Name: "experiments/update", Methods: post, Paths: v2("experiments/update"), Kind: Experiment, Action: Manage, Args: InBody, Special: RenameExperiment,
			Fields: "experiment_id:experiment! new_name:new_experiment!"},
	}
	return append(rows, inBoth(Endpoint{
		Name: "experiments/search", Paths: v2("experiments/search"), Kind: Experiment, Action: Read, Repeatable: true,
		Fields: "max_results page_token filter order_by[] view_type", Search: experimentSearch(),
	})...)
}

// experimentSearch is the order of sqlalchemy_store.py's
// _get_search_experiments_order_by_clauses. The client must say max_results.
func experimentSearch() *Search {
	created := sortKey{member: "creation_time", numeric: true}
	id := sortKey{member: "experiment_id", numeric: true}
	return &Search{
		List:  "experiments",
		Most:  50000,
		Least: 1,
		Order: []sortKey{{member: "creation_time", desc: true, numeric: true}, id},
		Tie:   []sortKey{{member: "experiment_id", desc: true, numeric: true}},
		Keys: map[string]sortKey{
			"name": {member: "name"}, "experiment_id": id, "creation_time": created,
			"last_update_time": {member: "last_update_time", numeric: true},
		},
		IDs: true,
	}
}
