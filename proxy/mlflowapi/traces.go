package mlflowapi

import "context"

// traceRows are the endpoints about traces, in the two versions of MLflow's API
// that its clients use side by side. A trace lies in an experiment, and MLflow
// would move it to another one: see [World.AdmitTrace].
//
// Starting a trace of a given id twice leaves one; in version 2 MLflow makes the
// id, so that it makes two.
func traceRows() []Endpoint {
	v2one, v3one := oldTraceTrims("trace_info"), traceTrims("trace.trace_info")
	return []Endpoint{
		{Name: "get-trace-artifact", Methods: get, Paths: ajax2and3("get-trace-artifact"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true, File: true,
			Fields: "request_id:trace! path"},
		{Name: "traces", Methods: get, Paths: v2("traces"), Kind: Experiment, Action: Read, Args: InQuery, Special: SearchTraces, Repeatable: true,
			Fields: "experiment_ids:experiment~![] filter max_results order_by[] page_token", Trims: oldTraceTrims("traces[]"), Sift: traceSift("experiment_ids")},
		{Name: "traces", Methods: post, Paths: v2("traces"), Kind: Experiment, Action: Edit, Args: InBody, Creates: true,
			Fields: "experiment_id:experiment! timestamp_ms request_metadata[]{key:trace_entry value} tags[]{key:trace_entry value}", Trims: v2one},
		{Name: "traces", Methods: post, Paths: v3("traces"), Kind: Experiment, Action: Edit, Args: InBody, Creates: true, Special: StartTrace, Repeatable: true,
			Fields: "trace!{trace_info!{trace_id:new_trace! client_request_id trace_location!{type mlflow_experiment!{experiment_id:experiment!}} request_preview response_preview request_time execution_duration state " +
				"trace_metadata:trace_entry* tags:trace_entry* assessments[]{assessment_id " + assessmentFields + "}}}", Trims: v3one},
		{Name: "traces/batchGet", Methods: get, Paths: v3("traces/batchGet"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "trace_ids:trace~![] experiment_ids:experiment~[]", Trims: traceTrims("traces[].trace_info")},
		{Name: "traces/batchGetInfos", Methods: post, Paths: v3("traces/batchGetInfos"), Kind: Experiment, Action: Read, Args: InBody, Repeatable: true,
			Fields: "trace_ids:trace~![] experiment_ids:experiment~[]", Trims: traceTrims("trace_infos[]")},
		{Name: "traces/calculate-filter-correlation", Methods: post, Paths: v3("traces/calculate-filter-correlation"), Kind: Experiment, Action: Read, Args: InBody, Special: CountTraces, Repeatable: true,
			Fields: "experiment_ids:experiment~![] filter_string1 filter_string2 base_filter"},
		{Name: "traces/delete-traces", Methods: post, Paths: v2v3("traces/delete-traces"), Kind: Experiment, Action: Manage, Args: InBody, Special: DeleteTraces, Forgives: true,
			Fields: "experiment_id:experiment! max_timestamp_millis max_traces request_ids[]"},
		{Name: "traces/get", Methods: get, Paths: v3("traces/get"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "trace_id:trace! allow_partial", Trims: v3one},
		{Name: "traces/link-prompts", Methods: post, Paths: v2("traces/link-prompts"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "trace_id:trace! prompt_versions[]{name:model/read! version:version!}"},
		// MLflow takes ids that do not exist, and links what comes to be later.
		{Name: "traces/link-to-run", Methods: post, Paths: v2("traces/link-to-run"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "trace_ids:trace/read?[] run_id:run?!"},
		{Name: "traces/metrics", Methods: post, Paths: v3("traces/metrics"), Kind: Experiment, Action: Read, Args: InBody, Special: CountTraces, Repeatable: true,
			Fields: "experiment_ids:experiment~![] view_type metric_name aggregations[]{aggregation_type percentile_value} dimensions[] filters[] time_interval_seconds start_time_ms end_time_ms max_results page_token"},
		{Name: "traces/search", Methods: post, Paths: v3("traces/search"), Kind: Experiment, Action: Read, Args: InBody, Special: NarrowLocations, Repeatable: true,
			Fields: "locations[]{type mlflow_experiment!{experiment_id:experiment~!}} filter max_results order_by[] page_token", Trims: traceTrims("traces[]"), Sift: traceSift("locations")},
		{Name: "traces/{request_id}", Methods: patch, Paths: v2("traces/{request_id}"), Kind: Experiment, Action: Edit, Args: InBody, Special: EndTrace, Repeatable: true,
			Fields: "request_id:trace timestamp_ms status! request_metadata[]{key:trace_entry value} tags[]{key:trace_entry value}", Trims: v2one},
		{Name: "traces/{request_id}/info", Methods: get, Paths: v2("traces/{request_id}/info"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "request_id:trace", Trims: v2one},
		{Name: "traces/{request_id}/tags", Methods: del, Paths: v2("traces/{request_id}/tags"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "request_id:trace key:trace_entry!"},
		{Name: "traces/{request_id}/tags", Methods: patch, Paths: v2("traces/{request_id}/tags"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "request_id:trace key:trace_entry! value"},
		{Name: "traces/{trace_id}", Methods: get, Paths: v3("traces/{trace_id}"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "trace_id:trace", Trims: v3one},
		{Name: "traces/{trace_id}/tags", Methods: del, Paths: v3("traces/{trace_id}/tags"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "trace_id:trace key:trace_entry!"},
		{Name: "traces/{trace_id}/tags", Methods: patch, Paths: v3("traces/{trace_id}/tags"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "trace_id:trace key:trace_entry! value"},
	}
}

// traceTrims cuts out of a trace, in version 3, what it names of others: the run
// and the logged model it comes of, the runs and traces its assessments come of,
// and the prompts it used.
func traceTrims(at string) []Trim {
	return append(assessmentTrims(at+".assessments[]"),
		Trim{At: at + ".trace_metadata", By: "'mlflow.sourceRun'", Is: "run", Drop: "mlflow.sourceRun"},
		Trim{At: at + ".trace_metadata", By: "'mlflow.modelId'", Is: "logged_model", Drop: "mlflow.modelId"},
		Trim{At: at + ".tags", By: "'mlflow.linkedPrompts'", Is: "linked_prompts"},
	)
}

// oldTraceTrims does the same in version 2.
func oldTraceTrims(at string) []Trim {
	return []Trim{
		{At: at + ".request_metadata[]", By: "value", Is: "run", When: "key=mlflow.sourceRun"},
		{At: at + ".request_metadata[]", By: "value", Is: "logged_model", When: "key=mlflow.modelId"},
		{At: at + ".tags[]", By: "value", Is: "linked_prompts", When: "key=mlflow.linkedPrompts"},
	}
}

// AdmitTrace decides about starting a trace of an id that exists. MLflow would
// move it, with its spans and assessments, to the experiment that the call names;
// so it must lie there. Until this call has ended nobody else starts it.
func (w *World) AdmitTrace(ctx context.Context, c *Call) error {
	if c.Hiding() { // it goes to an experiment that nobody holds, and MLflow looks there first
		return nil
	}
	info := c.args.get("trace").obj.get("trace_info").obj
	id := info.text("trace_id")
	w.Hold([]string{id})
	at, err := w.tracesAt(ctx, []string{id})
	if err != nil {
		return err
	}
	exp, exists := at[id]
	if !exists {
		return nil
	}
	if here := info.get("trace_location").obj.get("mlflow_experiment").obj.text("experiment_id"); exp != here {
		if err := w.admitTrace(ctx, id, exp); err != nil {
			return err
		}
		return &Refusal{Answer: Forbidden("trace %s lies in another experiment, and traces do not move", id), Rule: "rule: traces do not move"}
	}
	return w.keepTrace(ctx, c, info, id)
}

// CountTraces refuses to count by what may be hidden in some of the traces: the
// number would tell of it.
func (w *World) CountTraces(ctx context.Context, c *Call) error {
	if w.Rights.Scope(Experiment).Free() && w.Rights.Scope(Model).Free() {
		return nil
	}
	if traceAsks(c.args).any() {
		return Bad("traces can be counted by run, logged model or prompt only by those who may see everything; search for them instead")
	}
	return nil
}

// DeletedTraces are the ids of the traces that a call deletes one by one.
func (c *Call) DeletedTraces() (ids []string) {
	if list := c.args.get("request_ids"); list != nil {
		for _, v := range list.list {
			ids = append(ids, v.str)
		}
	}
	return ids
}
