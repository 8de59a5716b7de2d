package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// The client moves big files straight to and from the store where server-info
// says that it may, or it is told to; else through mlgate. It notices nothing.
func TestBigFilesGoStraightToTheStoreWhereTheyMay(t *testing.T) {
	t.Parallel()
	if mlflowtest.Version() != mlflowtest.Pinned {
		t.Skipf("MLflow %s has no address for a download", mlflowtest.Version())
	}
	srv := mlflowtest.Start(t, mlflowtest.OnS3())
	parts := []string{"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=8000000", "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE=6291456", "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE=6291456"}
	forced := append([]string{"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=true", "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD=true"}, parts...)
	for _, c := range []struct {
		name, path, user string
		config           map[string]any
		env              []string
		direct           bool
	}{
		{"by server-info", "", "alice", nil, parts, true},
		{"told to, below a path", "/mlflow", "lea", nil, forced, true},
		{"off", "", "alice", map[string]any{"upstream": map[string]any{"direct_transfers": false}}, parts, false},
		{"off and told to", "", "lea", map[string]any{"upstream": map[string]any{"direct_transfers": false}}, forced, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{Policy: policyText, Users: passwords(), Prefix: c.path, Config: c.config})
			word := strings.ReplaceAll(c.name, " ", "-")
			s := &stage{gate, srv, "cv/" + word, "nlp/" + word, "cv." + word, "nlp." + word}
			before := srv.Snapshot(t).Files
			run(t, "transfers", s.password(c.user), s.names(c.user), c.env)
			big := 0
			for path := range srv.Snapshot(t).Files {
				if _, had := before[path]; had {
					continue
				}
				if strings.Contains(path, "(upload ") {
					t.Errorf("an upload was left: %s", path)
				}
				if strings.HasSuffix(path, "/artifacts/deep/er/big file ü.bin") {
					big++
				}
			}
			if big != 1 {
				t.Errorf("%d big files were stored", big)
			}
			for endpoint, want := range map[string]bool{
				"mlflow-artifacts/mpu/create/{artifact_path}": c.direct, "mlflow-artifacts/mpu/complete/{artifact_path}": c.direct, "mlflow-artifacts/presigned/{artifact_path}": c.direct,
				"mlflow-artifacts/artifacts/{artifact_path}": true, // the small file at least
			} {
				if got := done(t, gate.Log(), endpoint); got > 0 != want {
					t.Errorf("%s was done %d times, want any: %v", endpoint, got, want)
				}
			}
		})
	}
}

// done counts the calls of an endpoint that went well, by the audit lines.
func done(t *testing.T, log, endpoint string) (n int) {
	t.Helper()
	for line := range strings.Lines(log) {
		var call struct {
			Endpoint string
			Status   int
		}
		if json.Unmarshal([]byte(line), &call) == nil && call.Endpoint == endpoint && call.Status == 200 {
			n++
		}
	}
	return n
}
