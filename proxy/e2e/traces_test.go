package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// otlpHeaders writes headers as OpenTelemetry's SDKs read them from the
// environment.
func otlpHeaders(pairs ...string) string {
	var list []string
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, pairs[i]+"="+url.PathEscape(pairs[i+1]))
	}
	return strings.Join(list, ",")
}

// tracesSeen are the ids of the traces that a user finds in an experiment.
func (s *stage) tracesSeen(t *testing.T, user, exp string) []string {
	t.Helper()
	status, body := s.gate.Do(t, user, passwords()[user], "POST", "/api/3.0/mlflow/traces/search", map[string]any{
		"locations": []any{map[string]any{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": map[string]any{"experiment_id": exp}}},
	})
	var got struct {
		Traces []struct {
			ID string `json:"trace_id"`
		} `json:"traces"`
	}
	if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK {
		t.Fatalf("%s: got %d %s", user, status, body)
	}
	ids := []string{}
	for _, tr := range got.Traces {
		ids = append(ids, tr.ID)
	}
	return ids
}

// needOTLP skips a test where the MLflow behind takes no spans.
func needOTLP(t *testing.T) {
	t.Helper()
	if mlflowtest.Version() != mlflowtest.Pinned {
		t.Skipf("MLflow %s has no OTLP endpoint", mlflowtest.Version())
	}
}

// MLflow's own client sends spans as they end, here with a token.
func TestTracedFunctionsAreSeenByTheirTeamAlone(t *testing.T) {
	t.Parallel()
	needOTLP(t)
	s := newStage(t, "/mlflow", "traced")
	_, token := s.token(t, "lea", false)
	run(t, "traces", []string{"MLFLOW_TRACKING_URI=" + s.gate.URL(), "MLFLOW_TRACKING_TOKEN=" + token}, s.names("lea"))
	found := s.srv.Call(t, "GET", "experiments/get-by-name?experiment_name="+url.QueryEscape(s.team+"/traces"), nil)
	exp, _ := found["experiment"].(map[string]any)["experiment_id"].(string)
	if got := s.tracesSeen(t, "alice", exp); len(got) < 5 {
		t.Errorf("alice sees %v", got)
	}
	if got := s.tracesSeen(t, "bob", exp); len(got) > 0 {
		t.Errorf("bob sees %v", got)
	}
}

// A service sends its spans with OpenTelemetry's own exporter, set up by nothing
// but its environment.
func TestOpenTelemetrysExporterWorksThroughTheGate(t *testing.T) {
	t.Parallel()
	needOTLP(t)
	for _, at := range []struct{ name, path string }{{"otel", ""}, {"otel-mounted", "/mlflow"}} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, at.path, at.name)
			exp := s.srv.CreateExperiment(t, s.team+"/spans")
			_, token := s.token(t, "alice", false)
			password, err := http.NewRequest("GET", s.gate.URL(), nil)
			if err != nil {
				t.Fatal(err)
			}
			password.SetBasicAuth("alice", passwords()["alice"])
			for _, c := range []struct{ name, authorization, compression string }{
				{"password", password.Header.Get("Authorization"), "none"},
				{"token, gzip", "Bearer " + token, "gzip"},
				{"token, deflate", "Bearer " + token, "deflate"},
			} {
				out := mlflowtest.Exporter(t, []string{
					"OTEL_EXPORTER_OTLP_ENDPOINT=" + s.gate.URL(),
					"OTEL_EXPORTER_OTLP_HEADERS=" + otlpHeaders("x-mlflow-experiment-id", exp, "authorization", c.authorization),
					"OTEL_EXPORTER_OTLP_COMPRESSION=" + c.compression,
				}, filepath.Join("testdata", "exporter.py"))
				id := strings.TrimSpace(out)
				if got := s.tracesSeen(t, "alice", exp); len(got) == 0 || !strings.Contains(strings.Join(got, " "), id) {
					t.Errorf("%s: alice sees %v, want %s in it", c.name, got, id)
				}
			}
			if got := s.tracesSeen(t, "bob", exp); len(got) > 0 {
				t.Errorf("bob sees %v", got)
			}
		})
	}
}
