package mlflowtest

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The buckets of a server that was started with [OnS3].
const (
	Served = "served" // what MLflow serves artifacts from
	Bare   = "bare"   // another, for experiments whose place is one of the store itself
)

// OnS3 keeps the server's artifacts in an S3 store of its own, in place of a
// folder: only such a store has multipart uploads and presigned addresses.
func OnS3() Option { return func(o *options) { o.onS3 = true } }

// store is one running S3 server.
type store struct {
	url, libs string
	proc      *process
}

func startStore(dir string) (*store, error) {
	root, err := storeRoot()
	if err != nil {
		return nil, err
	}
	venv := filepath.Join(root, ".venv-s3")
	libs, err := filepath.Glob(filepath.Join(venv, "lib", "python*", "site-packages"))
	if err != nil || len(libs) != 1 {
		return nil, fmt.Errorf("find libraries of %s: got %v, %v", venv, libs, err)
	}
	s := &store{libs: libs[0]}
	log := filepath.Join(dir, "store.txt")
	err = onFreePort(log, func() error { return s.launch(filepath.Join(venv, "bin", "moto_server"), dir, log) })
	for _, bucket := range []string{Served, Bare} {
		if err == nil {
			_, err = s.ask(http.MethodPut, "/"+bucket, nil)
		}
	}
	return s, err
}

func (s *store) launch(program, dir, log string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	cmd.Dir, cmd.Env = dir, baseEnv(dir)
	if s.proc, err = startProcess(cmd, log); err != nil {
		return err
	}
	s.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := s.proc.ready(s.url+"/moto-api/", startLimit); err != nil {
		s.proc.kill()
		return fmt.Errorf("start an object store: %w\n%s", err, tail(s.proc.text(), 20))
	}
	return nil
}

// env tells MLflow where the store is.
func (s *store) env() []string {
	return []string{
		"MLFLOW_S3_ENDPOINT_URL=" + s.url, "AWS_ACCESS_KEY_ID=mlflow", "AWS_SECRET_ACCESS_KEY=mlflow",
		"AWS_DEFAULT_REGION=us-east-1",
	}
}

func (s *store) stop() {
	if s != nil && s.proc != nil {
		s.proc.kill()
	}
}

// ask asks the store itself; moto does not look who does.
func (s *store) ask(method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := direct.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: got status %d: %s", method, path, resp.StatusCode, answer)
	}
	return answer, err
}

// files are the store's objects and unfinished uploads, each with what tells its
// content: those of the served bucket by their paths alone, as on a disk.
func (s *store) files(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, bucket := range []string{Served, Bare} {
		prefix := strings.TrimPrefix(bucket+"/", Served+"/")
		var uploads struct {
			Upload []struct{ Key, UploadId string }
		} //nolint:staticcheck // the store's name
		s.list(t, "/"+bucket+"?uploads", &uploads)
		for _, u := range uploads.Upload {
			files[prefix+u.Key+" (upload "+u.UploadId+")"] = "unfinished"
		}
		for after := ""; ; {
			var page struct {
				Contents []struct{ Key, ETag string }
				Next     string `xml:"NextContinuationToken"`
			}
			s.list(t, "/"+bucket+"?list-type=2&continuation-token="+url.QueryEscape(after), &page)
			for _, o := range page.Contents {
				files[prefix+o.Key] = o.ETag
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return files
}

func (s *store) list(t testing.TB, path string, into any) {
	t.Helper()
	body, err := s.ask(http.MethodGet, strings.TrimSuffix(path, "&continuation-token="), nil)
	if err == nil {
		err = xml.Unmarshal(body, into)
	}
	if err != nil {
		t.Fatalf("list the store: %v", err)
	}
}

// StoreURL is where the store of a server that was started with [OnS3] listens;
// "" of others.
func (s *Server) StoreURL() string {
	if s.store == nil {
		return ""
	}
	return s.store.url
}
