package proxy_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// zeros is a stream whose length is not told.
type zeros struct{ n int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.n <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), z.n)
	clear(b[:n])
	z.n -= n
	return int(n), nil
}

func TestUploadsOfAnySizeAreStoredAsTheyAre(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	const size = 80 << 20
	req, err := http.NewRequestWithContext(t.Context(), "PUT", g.URL+store+"/"+mine.exp+"/"+mine.run+"/artifacts/big", &zeros{size})
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("alice", "alice")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatalf("got %d", resp.StatusCode)
	}
	if st, err := os.Stat(filepath.Join(srv.ArtifactDir(), mine.exp, mine.run, "artifacts/big")); err != nil || st.Size() != size {
		t.Errorf("got %v, %v", st, err)
	}
}

// Its ids stand in the query of a POST, and Flask reads no chunked body.
func TestUploadArtifactWritesBelowHerRunAlone(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	const upload = "/ajax-api/2.0/mlflow/upload-artifact?run_uuid="
	for query, want := range map[string]int{
		"<run>&path=a.txt": 200, "<RUN>&path=a.txt": 404, "<run>&run_uuid=<RUN>&path=a.txt": 400, "<run>&path=../../<RUN>/artifacts/secret.txt": 400,
		"<run>&path=%2e%2e/x": 400, "<run>&path=%252e%252e/x": 400, "<run>&path=/etc/x": 400, "<run>&path=a.txt&path=b.txt": 400, "<run>": 400,
	} {
		if a := (request{"POST", upload + query, "content"}).send(t, g, "alice", with); a.Status != want {
			t.Errorf("%s: got %d %s, want %d", query, a.Status, a.Body, want)
		}
	}
	check()
	if b, err := os.ReadFile(filepath.Join(srv.ArtifactDir(), mine.exp, mine.run, "artifacts/a.txt")); err != nil || !bytes.Equal(b, []byte("content")) {
		t.Errorf("stored %q, %v", b, err)
	}
}

// The client logs up to a thousand metrics at once.
func TestBatchOfAThousandMetricsPasses(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	var metrics []m
	for i := range 1000 {
		metrics = append(metrics, m{"key": "many", "value": i, "timestamp": i, "step": i, "model_id": mine.lm, "run_id": mine.run})
	}
	if a := g.do(t, "alice", "POST", api+"runs/log-batch", m{"run_id": mine.run, "metrics": metrics}); a.Status != 200 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}
