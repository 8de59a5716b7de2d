package mlflowapi

import (
	"context"

	"github.com/go-json-experiment/json"
)

// assessmentFields are an assessment's, but for its id and its trace's: where one
// is made alone, MLflow makes the first, and takes the second from the path.
//
// What overrides another is marked in its own trace alone where it is made
// alone; of a trace that is started with both, MLflow looks at no trace.
const assessmentFields = "assessment_name:issue_name span_id source{source_type source_id:assessor} create_time last_update_time " +
	"feedback{value* error{error_code error_message stack_trace}} expectation{value* serialized_value{serialization_format value}} issue{issue_name} " +
	"rationale error{error_code error_message stack_trace} metadata:trace_entry* valid"

// assessmentRows are the endpoints about what people and programs say of a
// trace. Its id decides; MLflow looks for an assessment in that trace alone.
func assessmentRows() []Endpoint {
	one := assessmentTrims("assessment")
	return []Endpoint{
		{Name: "traces/{trace_id}/assessments", Methods: post, Paths: v3("traces/{trace_id}/assessments"), Kind: Experiment, Action: Edit, Args: InBody, Creates: true,
			Fields: "assessment!{" + assessmentFields + " overrides}", Trims: one},
		{Name: "traces/{trace_id}/assessments/{assessment_id}", Methods: del, Paths: v3("traces/{trace_id}/assessments/{assessment_id}"), Kind: Experiment, Action: Edit, Args: InBody, Forgives: true},
		{Name: "traces/{trace_id}/assessments/{assessment_id}", Methods: get, Paths: v3("traces/{trace_id}/assessments/{assessment_id}"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Trims: one},
		{Name: "traces/{trace_id}/assessments/{assessment_id}", Methods: patch, Paths: v3("traces/{trace_id}/assessments/{assessment_id}"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "assessment!{" + assessmentFields + " overrides} update_mask", Trims: one},
	}
}

// assessmentTrims cuts out of an assessment the run and the trace that it comes of.
func assessmentTrims(at string) []Trim {
	return []Trim{
		{At: at + ".metadata", By: "'mlflow.assessment.sourceRunId'", Is: "run", Drop: "mlflow.assessment.sourceRunId"},
		{At: at + ".metadata", By: "'mlflow.assessment.scorerTraceId'", Is: "trace", Drop: "mlflow.assessment.scorerTraceId"},
	}
}

// keepTrace keeps what a trace, started once more, is already: who made it, and
// its assessments. It takes the ids from those that the trace does not hold yet:
// MLflow writes over whatever row bears such an id, be it of another trace;
// without one it makes an id of its own.
func (w *World) keepTrace(ctx context.Context, c *Call, info *object, trace string) error {
	a, err := w.Upstream.Do(ctx, &Request{Method: "GET", Path: "/api/3.0/mlflow/traces/" + trace})
	if err != nil {
		return err
	}
	var got struct {
		Trace struct {
			Info struct {
				Metadata    map[string]string `json:"trace_metadata"`
				Tags        map[string]string `json:"tags"`
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
	for _, by := range []string{got.Trace.Info.Metadata[userTag], got.Trace.Info.Tags[userTag]} {
		if by != "" && by != w.User {
			for _, e := range c.authors {
				e.in.drop(e.member)
			}
		}
	}
	held := map[string]bool{}
	for _, as := range got.Trace.Info.Assessments {
		held[as.ID] = true
	}
	if list := info.get("assessments"); list != nil {
		for _, v := range list.list {
			if id := v.obj.text("assessment_id"); !held[id] {
				v.obj.drop("assessment_id")
			}
		}
	}
	return nil
}
