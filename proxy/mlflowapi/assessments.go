package mlflowapi

import (
	"context"

	"github.com/go-json-experiment/json"
)

// assessmentFields are an assessment's, but for its id and its trace's: where one
// is made alone, MLflow makes the first, and takes the second from the path.
const assessmentFields = "assessment_name:issue_name span_id source{source_type source_id:assessor} create_time last_update_time " +
	"feedback{value* error{error_code error_message stack_trace}} expectation{value* serialized_value{serialization_format value}} issue{issue_name} " +
	"rationale error{error_code error_message stack_trace} metadata:trace_entry* overrides valid"

// assessmentRows are the endpoints about what people and programs say of a
// trace. Its id decides; MLflow looks for an assessment in that trace alone.
func assessmentRows() []Endpoint {
	one := assessmentTrims("assessment")
	return []Endpoint{
		{Name: "traces/{trace_id}/assessments", Methods: post, Paths: v3("traces/{trace_id}/assessments"), Kind: Experiment, Action: Edit, Args: InBody, Creates: true,
			Fields: "assessment!{" + assessmentFields + "}", Trims: one},
		{Name: "traces/{trace_id}/assessments/{assessment_id}", Methods: del, Paths: v3("traces/{trace_id}/assessments/{assessment_id}"), Kind: Experiment, Action: Edit, Args: InBody},
		{Name: "traces/{trace_id}/assessments/{assessment_id}", Methods: get, Paths: v3("traces/{trace_id}/assessments/{assessment_id}"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Trims: one},
		{Name: "traces/{trace_id}/assessments/{assessment_id}", Methods: patch, Paths: v3("traces/{trace_id}/assessments/{assessment_id}"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "assessment!{" + assessmentFields + "} update_mask", Trims: one},
	}
}

// assessmentTrims cuts out of an assessment the run and the trace that it comes of.
func assessmentTrims(at string) []Trim {
	return []Trim{
		{At: at + ".metadata", By: "'mlflow.assessment.sourceRunId'", Is: "run", Drop: "mlflow.assessment.sourceRunId"},
		{At: at + ".metadata", By: "'mlflow.assessment.scorerTraceId'", Is: "trace", Drop: "mlflow.assessment.scorerTraceId"},
	}
}

// ownAssessments takes the ids from those assessments of a trace, started once
// more, that it does not hold yet. MLflow writes over whatever row bears such an
// id, be it of another trace; without one it makes an id of its own.
func (w *World) ownAssessments(ctx context.Context, info *object, trace string) error {
	list := info.get("assessments")
	if list == nil || len(list.list) == 0 {
		return nil
	}
	a, err := w.Upstream.Do(ctx, &Request{Method: "GET", Path: "/api/3.0/mlflow/traces/" + trace})
	if err != nil {
		return err
	}
	var got struct {
		Trace struct {
			Info struct {
				Assessments []struct {
					ID string `json:"assessment_id"`
				} `json:"assessments"`
			} `json:"trace_info"`
		} `json:"trace"`
	}
	if a.Status == 200 {
		if err := json.Unmarshal(a.Body, &got); err != nil {
			return err
		}
	}
	held := map[string]bool{}
	for _, as := range got.Trace.Info.Assessments {
		held[as.ID] = true
	}
	for _, v := range list.list {
		if id := v.obj.text("assessment_id"); !held[id] {
			v.obj.drop("assessment_id")
		}
	}
	return nil
}
