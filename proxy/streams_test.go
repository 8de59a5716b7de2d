package proxy_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlgate/proxy/mlflowtest"
)

// told are the headers by which a client reads a file in parts or keeps it.
var told = []string{"Content-Type", "Content-Length", "Content-Range", "Content-Disposition", "Content-Encoding", "Accept-Ranges", "ETag", "Last-Modified"}

// straight asks MLflow itself.
func straight(t *testing.T, srv *mlflowtest.Server, method, path string, header ...string) answer {
	t.Helper()
	g := &gate{Server: &httptest.Server{URL: srv.URL()}}
	return g.do(t, "", method, path, nil, header...)
}

// Files through the gate are those of MLflow, whole or in part.
func TestFilesPassAsMLflowGivesThem(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	files := []string{
		store + "/<exp>/<run>/artifacts/secret.txt", "/ajax-api/2.0/mlflow-artifacts/artifacts/<exp>/models/<lm>/artifacts/weights", "/get-artifact?run_id=<run>&path=secret.txt",
		"/model-versions/get-artifact?name=<model>&version=1&path=weights", "/ajax-api/2.0/mlflow/logged-models/<lm>/artifacts/files?artifact_file_path=weights",
		store + "/<exp>/<run>/artifacts/none.txt", "/get-artifact?run_id=<run>&path=none.txt",
	}
	for _, file := range files {
		path := fill(mine, mine).Replace(file)
		whole := straight(t, srv, "GET", path)
		tag, date := whole.Header.Get("ETag"), whole.Header.Get("Last-Modified")
		for _, header := range [][]string{
			nil, {"Range", "bytes=0-5"}, {"Range", "bytes=5-"}, {"Range", "bytes=-4"}, {"Range", "bytes=99999-"}, {"Range", "bytes=5-2"}, {"Range", "lines=1-2"}, {"Range", "bytes=0-0"},
			{"Range", "bytes=0-5", "If-Range", tag}, {"Range", "bytes=0-5", "If-Range", `"other"`}, {"Range", "bytes=0-5", "If-Range", date},
			{"If-None-Match", tag}, {"If-None-Match", `"other"`}, {"If-None-Match", "*"}, {"If-Modified-Since", date}, {"If-Modified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"},
			{"Accept-Encoding", "gzip"},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				got, want := g.do(t, "alice", method, path, nil, header...), straight(t, srv, method, path, header...)
				if got.Status != want.Status || !bytes.Equal(got.Body, want.Body) {
					t.Errorf("%s %s %v: got %d %q, want %d %q", method, file, header, got.Status, got.Body, want.Status, want.Body)
				}
				for _, h := range told {
					if got, want := got.Header.Get(h), want.Header.Get(h); got != want {
						t.Errorf("%s %s %v: %s is %q, want %q", method, file, header, h, got, want)
					}
				}
			}
		}
	}
}

// What MLflow 3.17.2 makes of the same: else the test above compares nothing.
func TestRangesAndConditionsHoldOnDownloads(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	path, size := store+"/"+mine.exp+"/"+mine.run+"/artifacts/secret.txt", strconv.Itoa(len(mine.secret))
	whole := g.do(t, "alice", "GET", path, nil)
	tag := whole.Header.Get("ETag")
	if whole.Status != 200 || string(whole.Body) != mine.secret || tag == "" || whole.Header.Get("Accept-Ranges") != "bytes" {
		t.Fatalf("got %d %q %v", whole.Status, whole.Body, whole.Header)
	}
	for _, c := range []struct {
		header []string
		status int
		part   string
		body   string
	}{
		{[]string{"Range", "bytes=0-5"}, 206, "bytes 0-5/" + size, mine.secret[:6]},
		{[]string{"Range", "bytes=-4"}, 206, "", mine.secret[len(mine.secret)-4:]},
		{[]string{"Range", "bytes=0-5", "If-Range", tag}, 206, "bytes 0-5/" + size, mine.secret[:6]},
		{[]string{"Range", "bytes=0-5", "If-Range", `"old"`}, 200, "", mine.secret},
		{[]string{"Range", "bytes=99999-"}, 416, "", ""},
	} {
		a := g.do(t, "alice", "GET", path, nil, c.header...)
		if a.Status != c.status || c.body != "" && string(a.Body) != c.body || c.part != "" && a.Header.Get("Content-Range") != c.part {
			t.Errorf("%v: got %d %q %v", c.header, a.Status, a.Body, a.Header)
		}
	}
	head := g.do(t, "alice", "HEAD", path, nil)
	if head.Status != 200 || head.Header.Get("Content-Length") != size || len(head.Body) != 0 {
		t.Errorf("HEAD: got %d %v", head.Status, head.Header)
	}
}

// pattern is n bytes that no shift, loss or doubling leaves as they are.
func pattern(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// unsized hides the length, so that the body is sent in chunks.
type unsized struct{ io.Reader }

func TestUploadInChunksArrivesWhole(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	for _, size := range []int{0, 1, 64 << 10, 5<<20 + 7} {
		file := pattern(size)
		name := "/" + mine.exp + "/" + mine.run + "/artifacts/chunked-" + strconv.Itoa(size)
		resp, err := g.open(t.Context(), t, request{"PUT", store + name, ""}, unsized{bytes.NewReader(file)})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		stored, err := os.ReadFile(filepath.Join(srv.ArtifactDir(), name))
		if resp.StatusCode != 200 || err != nil || sha256.Sum256(stored) != sha256.Sum256(file) {
			t.Errorf("%d bytes: got %d, stored %d bytes, %v", size, resp.StatusCode, len(stored), err)
		}
		if got := g.do(t, "alice", "GET", store+name, nil); !bytes.Equal(got.Body, file) {
			t.Errorf("%d bytes: read back %d %d", size, got.Status, len(got.Body))
		}
	}
}

// Flask reads a body without a length as an empty one: it would store nothing
// and answer 200.
func TestUploadByPOSTWithoutALengthIsRefused(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	r := request{"POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=" + mine.run + "&path=chunked.txt", ""}
	resp, err := g.open(t.Context(), t, r, unsized{strings.NewReader("content")})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 411 || !bytes.Contains(body, []byte("Content-Length")) {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	if _, err := os.Stat(filepath.Join(srv.ArtifactDir(), mine.exp, mine.run, "artifacts/chunked.txt")); !os.IsNotExist(err) {
		t.Errorf("something was stored: %v", err)
	}
}

// Not parallel: what the heap holds must be this test's alone. The client and
// the test are in the same heap as the gate, so the figure is a bound.
func TestFilesOfAnySizePassInConstantMemory(t *testing.T) {
	const size, most = 256 << 20, 64 << 20
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	path := store + "/" + mine.exp + "/" + mine.run + "/artifacts/large"
	runtime.GC()
	idle := inUse()
	peak, stop := make(chan uint64), make(chan struct{})
	go func() {
		var high uint64
		for {
			high = max(high, inUse())
			select {
			case <-stop:
				peak <- high
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	up, err := g.open(t.Context(), t, request{"PUT", path, ""}, &zeros{size})
	if err != nil {
		t.Fatal(err)
	}
	up.Body.Close()
	down, err := g.open(t.Context(), t, request{"GET", path, ""}, nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, down.Body)
	down.Body.Close()
	if up.StatusCode != 200 || down.StatusCode != 200 || n != size || err != nil {
		t.Errorf("up: %d, down: %d, %d bytes, %v", up.StatusCode, down.StatusCode, n, err)
	}
	close(stop)
	over := int64(<-peak) - int64(idle)
	t.Logf("%d MiB up and down: %.1f MiB above idle", size>>20, float64(over)/(1<<20))
	if over > most {
		t.Errorf("%d MiB above idle, want at most %d", over>>20, most>>20)
	}
}

func inUse() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapInuse + s.StackInuse
}
