package mlflowapi

// datasetRows are evaluation datasets, which belong to all their experiments:
// whoever sees one of these sees the dataset, and whoever may edit all of them
// may change it. A dataset of no experiment belongs to no team, so none is
// made. Without experiment_ids MLflow lists those of the whole server.
//
// A record is found by its inputs and within its dataset, and deleted within it
// too: the ids of another dataset's records mean nothing here. The trace that a
// record says it comes from is text that nobody follows.
func datasetRows() []Endpoint {
	trims := []Trim{{At: "dataset.experiment_ids[]", Is: "experiment"}}
	rows := []Endpoint{
		{Name: "datasets/create", Methods: post, Paths: v3("datasets/create"), Kind: Experiment, Action: Edit, Args: InBody, Creates: true,
			Fields: "name! experiment_ids:experiment?![] source_type source schema profile created_by:author tags:tags_text", Trims: trims},
		{Name: "datasets/{dataset_id}", Methods: del, Paths: v3("datasets/{dataset_id}"), Kind: Experiment, Action: Manage, Args: InBody, Forgives: true,
			Fields: "dataset_id:eval_dataset"},
		{Name: "datasets/{dataset_id}", Methods: get, Paths: v3("datasets/{dataset_id}"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "dataset_id:eval_dataset page_token", Trims: trims},
		{Name: "datasets/{dataset_id}/add-experiments", Methods: post, Paths: v3("datasets/{dataset_id}/add-experiments"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "dataset_id:eval_dataset experiment_ids:experiment[]", Trims: trims},
		{Name: "datasets/{dataset_id}/experiment-ids", Methods: get, Paths: v3("datasets/{dataset_id}/experiment-ids"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "dataset_id:eval_dataset", Trims: []Trim{{At: "experiment_ids[]", Is: "experiment"}}},
		{Name: "datasets/{dataset_id}/records", Methods: del, Paths: v3("datasets/{dataset_id}/records"), Kind: Experiment, Action: Edit, Args: InBody, Forgives: true,
			Fields: "dataset_id:eval_dataset dataset_record_ids[]"},
		{Name: "datasets/{dataset_id}/records", Methods: get, Paths: v3("datasets/{dataset_id}/records"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "dataset_id:eval_dataset max_results page_token"},
		{Name: "datasets/{dataset_id}/records", Methods: post, Paths: v3("datasets/{dataset_id}/records"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "dataset_id:eval_dataset records:records_text! updated_by:author"},
		// Experiments that the dataset is not in are passed over, so those that the
		// caller cannot see are too; those that it is in were decided about.
		{Name: "datasets/{dataset_id}/remove-experiments", Methods: post, Paths: v3("datasets/{dataset_id}/remove-experiments"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "dataset_id:eval_dataset experiment_ids:experiment~[]", Trims: trims},
		{Name: "datasets/{dataset_id}/tags", Methods: patch, Paths: v3("datasets/{dataset_id}/tags"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "dataset_id:eval_dataset tags:tags_text!"},
		{Name: "datasets/{dataset_id}/tags/{key}", Methods: del, Paths: v3("datasets/{dataset_id}/tags/{key}"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true, Forgives: true,
			Fields: "dataset_id:eval_dataset"},
	}
	return append(rows, inBoth(Endpoint{
		Name: "datasets/search", Paths: v3("datasets/search"), Kind: Experiment, Action: Read, Special: NarrowDatasets, Repeatable: true,
		Fields: "experiment_ids:experiment~[] filter_string max_results order_by[] page_token", Trims: []Trim{{At: "datasets[].experiment_ids[]", Is: "experiment"}},
	})...)
}
