package mlflowapi

// metricRows are the endpoints that read a metric's history, of one run or of
// many; of many, the runs that the caller cannot see are left out. Only the
// history of one run names logged models.
func metricRows() []Endpoint {
	return []Endpoint{
		{Name: "metrics/get-history", Methods: get, Paths: v2("metrics/get-history"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "run_id|run_uuid:run! metric_key page_token max_results", Trims: []Trim{{At: "metrics[]", By: "model_id", Is: "logged_model", Drop: "model_id"}}},
		{Name: "metrics/get-history-bulk", Methods: get, Paths: ajax2("metrics/get-history-bulk"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "run_id:run~[] metric_key max_results"},
		{Name: "metrics/get-history-bulk-interval", Methods: get, Paths: v2("metrics/get-history-bulk-interval"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "run_ids:run~[] metric_key start_step end_step max_results"},
	}
}
