package mlflowapi

// datasetRows: evaluation datasets follow their experiments. Without
// experiment_ids MLflow lists those of the whole server.
func datasetRows() []Endpoint {
	return inBoth(Endpoint{
		Name: "datasets/search", Paths: v3("datasets/search"), Kind: Experiment, Action: Read, Special: NarrowDatasets, Repeatable: true,
		Fields: "experiment_ids:experiment~[] filter_string max_results order_by[] page_token",
	})
}
