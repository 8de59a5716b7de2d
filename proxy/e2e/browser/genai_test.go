package browser_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// genAI is what a team has of traces and what belongs to them.
type genAI struct{ trace, dataset, prompt string }

// genAIOf seeds an experiment with a trace that has a span and an assessment, an
// evaluation dataset, a judge, a review queue and a prompt; each holds the word.
func (s *stage) genAIOf(t *testing.T, exp, run, prompt, word string) genAI {
	t.Helper()
	const v3 = "/api/3.0/mlflow/"
	g := genAI{trace: "tr-" + run, prompt: prompt}
	call := func(method, path string, body any) m { return s.srv.Call(t, method, path, body) }
	quoted := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	call("POST", v3+"traces", m{"trace": m{"trace_info": m{
		"trace_id": g.trace, "trace_location": m{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": m{"experiment_id": exp}},
		"request_time": time.Now().UTC().Format(time.RFC3339), "execution_duration": "1.5s", "state": "OK",
		"request_preview": "asked by " + word, "response_preview": "answered for " + word,
		"trace_metadata": m{"mlflow.sourceRun": run}, "tags": m{"mlflow.traceName": "trace of " + word},
	}}})
	spans := m{"spans": []m{{
		"trace_id": run, "span_id": run[:16], "name": "span of " + word, "start_time_unix_nano": 1, "end_time_unix_nano": 2,
		"status":     m{"code": "STATUS_CODE_OK"},
		"attributes": m{"mlflow.traceRequestId": quoted(g.trace), "mlflow.spanInputs": quoted(m{"q": word}), "mlflow.spanOutputs": quoted(word)},
	}}}
	s.srv.PutArtifact(t, exp+"/traces/"+g.trace+"/artifacts/traces.json", []byte(quoted(spans)))
	call("POST", v3+"traces/"+g.trace+"/assessments", m{"assessment": m{
		"assessment_name": "verdict-" + word, "trace_id": g.trace,
		"source": m{"source_type": "HUMAN", "source_id": word}, "feedback": m{"value": true}, "rationale": "because " + word,
	}})
	made := call("POST", v3+"datasets/create", m{"name": "questions-" + word, "experiment_ids": []string{exp}})
	g.dataset, _ = made["dataset"].(m)["dataset_id"].(string)
	call("POST", v3+"datasets/"+g.dataset+"/records", m{"records": quoted([]m{{"inputs": m{"q": word}}})})
	call("POST", v3+"scorers/register", m{"experiment_id": exp, "name": "judge-" + word,
		"serialized_scorer": quoted(m{"name": "judge-" + word, "builtin_scorer_class": "Safety", "builtin_scorer_pydantic_data": m{}})})
	call("POST", v3+"review-queues/create", m{"experiment_id": exp, "name": "queue-" + word, "queue_type": "CUSTOM"})
	call("POST", "registered-models/create", m{"name": prompt, "tags": []m{
		{"key": "mlflow.prompt.is_prompt", "value": "true"}, {"key": "_mlflow_experiment_ids", "value": "," + exp + ","},
	}})
	call("POST", "model-versions/create", m{"name": prompt, "source": "dummy-source", "tags": []m{
		{"key": "mlflow.prompt.is_prompt", "value": "true"}, {"key": "mlflow.prompt.text", "value": "say " + word},
	}})
	return g
}

func TestPagesOfTracesAndTheirKindShowWhatIsHers(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "genai")
	hers := s.genAIOf(t, s.exp, s.runs[0], s.model+".greeting", "sparrow")
	theirs := s.genAIOf(t, s.theirExp, s.theirRun, "nlp."+s.word+"."+canary+".greeting", canary)
	b := s.signIn(t)
	in := "experiments/" + s.exp + "/"
	for _, p := range []struct {
		name, page string
		shows      []string
	}{
		{"overview", in + "overview", nil},
		{"traces", in + "traces", []string{"asked by sparrow"}},
		{"trace", in + "traces/" + hers.trace, []string{"span of sparrow"}},
		{"sessions", in + "chat-sessions", nil},
		{"datasets", in + "datasets", []string{"questions-sparrow"}},
		{"dataset", in + "datasets/" + hers.dataset, []string{"sparrow"}},
		{"judges", in + "judges", nil},
		{"queues", in + "review-queue", []string{"queue-sparrow"}},
		{"evaluations", in + "evaluation-runs", nil},
		{"prompts", "prompts", []string{hers.prompt}},
		{"prompt", "prompts/" + hers.prompt, []string{"say sparrow"}},
	} {
		t.Run(p.name, func(t *testing.T) {
			b.open(t, s.ui(p.page))
			b.shows(t, p.shows...)
			b.traffic.quiet(t)
			b.shot(t, p.name)
			b.clean(t)
		})
	}
	t.Run("theirs", func(t *testing.T) {
		b.open(t, s.ui("experiments/"+s.theirExp+"/traces/"+theirs.trace))
		b.traffic.quiet(t)
		if strings.Contains(b.text(t), canary) {
			t.Errorf("the page of the other team's trace shows something of it: %s", b.text(t))
		}
	})
}
