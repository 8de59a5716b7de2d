package mlflowapi

// traceRows are the reads of traces that MLflow's own pages make; the other
// endpoints about traces stand among the closed ones.
func traceRows() []Endpoint {
	return []Endpoint{
		{Name: "traces/metrics", Methods: post, Paths: v3("traces/metrics"), Kind: Experiment, Action: Read, Args: InBody, Repeatable: true,
			Fields: "experiment_ids:experiment~[] view_type metric_name aggregations[]{aggregation_type percentile_value} dimensions[] filters[] time_interval_seconds start_time_ms end_time_ms max_results page_token"},
		{Name: "traces/search", Methods: post, Paths: v3("traces/search"), Kind: Experiment, Action: Read, Args: InBody, Special: NarrowLocations, Repeatable: true,
			Fields: "locations[]{type mlflow_experiment{experiment_id:experiment~}} filter max_results order_by[] page_token"},
	}
}
