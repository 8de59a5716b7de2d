package mlflowapi

// runRows are the endpoints about one run or many. Run ids come under two
// names, of which MLflow now prefers one and now the other.
//
// Repeatable are the writes that leave the same rows when they are sent twice:
// MLflow passes over a param, a tag, an input and a metric (with its time, step
// and value) that it holds already. Creating a run twice makes two, and an
// output that is there already is an error.
func runRows() []Endpoint {
	return []Endpoint{
		{Name: "runs/create", Methods: post, Paths: v2("runs/create"), Kind: Experiment, Action: Edit, Args: InBody, Special: CreateRun, Creates: true,
			Fields: "experiment_id:experiment! user_id run_name start_time tags[]{key:tag value}", Trims: runTrims("run")},
		{Name: "runs/delete", Methods: post, Paths: v2("runs/delete"), Kind: Experiment, Action: Manage, Args: InBody,
			Fields: "run_id:run!"},
		{Name: "runs/delete-tag", Methods: post, Paths: v2("runs/delete-tag"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "run_id:run! key:tag!"},
		{Name: "runs/get", Methods: get, Paths: v2("runs/get"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "run_id|run_uuid:run!", Trims: runTrims("run")},
		{Name: "runs/log-batch", Methods: post, Paths: v2("runs/log-batch"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "run_id:run! metrics[]{key value timestamp step dataset_name dataset_digest model_id:logged_model/edit?} params[]{key value} tags[]{key:tag value}"},
		{Name: "runs/log-inputs", Methods: post, Paths: v2("runs/log-inputs"), Kind: Experiment, Action: Edit, Args: InBody, Special: LogInputs, Repeatable: true,
			Fields: "run_id:run! datasets[]{tags[]{key:tag value} dataset{name digest source_type source schema profile}} models[]{model_id:logged_model/read?}"},
		{Name: "runs/log-metric", Methods: post, Paths: v2("runs/log-metric"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "run_id|run_uuid:run! key value timestamp step model_id:logged_model/edit? dataset_name dataset_digest"},
		// The model's JSON is kept as text in the run's tag
		// mlflow.log-model.history and followed by nobody; an entry is added
		// each time.
		{Name: "runs/log-model", Methods: post, Paths: v2("runs/log-model"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "run_id:run! model_json"},
		{Name: "runs/log-parameter", Methods: post, Paths: v2("runs/log-parameter"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "run_id|run_uuid:run! key value"},
		{Name: "runs/outputs", Methods: post, Paths: v2("runs/outputs"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "run_id:run! models[]{model_id:logged_model/edit? step}"},
		{Name: "runs/restore", Methods: post, Paths: v2("runs/restore"), Kind: Experiment, Action: Manage, Args: InBody,
			Fields: "run_id:run!"},
		{Name: "runs/search", Methods: post, Paths: v2("runs/search"), Kind: Experiment, Action: Read, Args: InBody, Special: SearchRuns, Repeatable: true,
			Fields: "experiment_ids:experiment~[] filter run_view_type max_results order_by[] page_token", Trims: runTrims("runs[]")},
		{Name: "runs/set-tag", Methods: post, Paths: v2("runs/set-tag"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "run_id|run_uuid:run! key:tag! value"},
		{Name: "runs/update", Methods: post, Paths: v2("runs/update"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "run_id|run_uuid:run! status end_time run_name"},
	}
}

// runTrims cuts out of a run the logged models that the reader cannot see:
// models it used or made may lie in another team's experiment. Its datasets get
// the names back that they were logged by.
func runTrims(at string) []Trim {
	return []Trim{
		{At: at + ".inputs.model_inputs[]", By: "model_id", Is: "logged_model"},
		{At: at + ".outputs.model_outputs[]", By: "model_id", Is: "logged_model"},
		{At: at + ".data.metrics[]", By: "model_id", Is: "logged_model", Drop: "model_id"},
		{At: at + ".inputs.dataset_inputs[].dataset", By: "name", Is: "dataset_name"},
	}
}
