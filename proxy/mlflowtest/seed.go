package mlflowtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// fields is a JSON object, in short.
type fields = map[string]any

// CreateExperiment makes an experiment and returns its id.
func (s *Server) CreateExperiment(t testing.TB, name string) string {
	t.Helper()
	return text(t, s.Call(t, "POST", "experiments/create", fields{"name": name}), "experiment_id")
}

// CreateRun makes a run in an experiment and returns its id.
func (s *Server) CreateRun(t testing.TB, experiment string) string {
	t.Helper()
	answer := s.Call(t, "POST", "runs/create", fields{"experiment_id": experiment, "start_time": 1})
	return text(t, answer, "run", "info", "run_id")
}

// LogModel makes a finished logged model with one file, MLmodel, in an
// experiment, and returns its id (m-…). run may be empty.
func (s *Server) LogModel(t testing.TB, experiment, run, name string) string {
	t.Helper()
	body := fields{"experiment_id": experiment, "name": name}
	if run != "" {
		body["source_run_id"] = run
	}
	model := text(t, s.Call(t, "POST", "logged-models", body), "model", "info", "model_id")
	s.PutArtifact(t, experiment+"/models/"+model+"/artifacts/MLmodel", []byte("model_uuid: "+model+"\n"))
	s.Call(t, "PATCH", "logged-models/"+model, fields{"model_id": model, "status": "LOGGED_MODEL_READY"})
	return model
}

// CreateModel makes a registered model.
func (s *Server) CreateModel(t testing.TB, name string) {
	t.Helper()
	s.Call(t, "POST", "registered-models/create", fields{"name": name})
}

// CreateVersion makes a version of a registered model and returns its number.
// run may be empty when source is not a path in the artifact store; a source
// models:/m-… gets its model_id along, without which MLflow refuses it.
func (s *Server) CreateVersion(t testing.TB, name, source, run string) string {
	t.Helper()
	body := fields{"name": name, "source": source}
	if run != "" {
		body["run_id"] = run
	}
	if model, ok := strings.CutPrefix(source, "models:/m-"); ok {
		body["model_id"] = "m-" + model
	}
	return text(t, s.Call(t, "POST", "model-versions/create", body), "model_version", "version")
}

// PutArtifact writes one file of the artifact store, by the store's own path:
// <experiment>/<run>/artifacts/….
func (s *Server) PutArtifact(t testing.TB, path string, content []byte) {
	t.Helper()
	var segments []string
	for segment := range strings.SplitSeq(path, "/") {
		segments = append(segments, url.PathEscape(segment))
	}
	target := s.url + "/api/2.0/mlflow-artifacts/artifacts/" + strings.Join(segments, "/")
	status, answer := do(t, "PUT", target, content, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/octet-stream")
	})
	if status != http.StatusOK {
		t.Fatalf("put artifact %s: got status %d: %s", path, status, answer)
	}
}

// LogSpan writes one span into a trace, tr- and 32 hex digits, of an experiment.
func (s *Server) LogSpan(t testing.TB, experiment, trace, name string) {
	t.Helper()
	id := strings.TrimPrefix(trace, "tr-")
	body := fields{"resourceSpans": []fields{{"scopeSpans": []fields{{"spans": []fields{{
		"traceId": id, "spanId": id[:16], "name": name, "startTimeUnixNano": "1767323045000000000", "endTimeUnixNano": "1767323046000000000",
	}}}}}}}
	status, answer := do(t, "POST", s.url+"/v1/traces", body, func(r *http.Request) { r.Header.Set("X-Mlflow-Experiment-Id", experiment) })
	if status != http.StatusOK {
		t.Fatalf("log a span: got status %d: %s", status, answer)
	}
}

// text reads one string of an answer, by its path.
func text(t testing.TB, answer fields, path ...string) string {
	t.Helper()
	var at any = answer
	for _, key := range path {
		object, ok := at.(fields)
		if !ok {
			t.Fatalf("got answer %v, want %s in it", answer, strings.Join(path, "."))
		}
		at = object[key]
	}
	value, ok := at.(string)
	if !ok || value == "" {
		t.Fatalf("got answer %v, want %s in it", answer, strings.Join(path, "."))
	}
	return value
}
