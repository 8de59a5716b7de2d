package mlflowtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// API is the prefix of MLflow's REST endpoints of version 2.0.
const API = "/api/2.0/mlflow/"

// Do sends one request straight to the server and returns what it answered.
// body may be nil, a string or bytes (sent as they are), or anything that
// encodes to JSON.
func (s *Server) Do(t testing.TB, method, path string, body any) (int, []byte) {
	t.Helper()
	return do(t, method, s.url+path, body, nil)
}

// Call is Do for requests that must succeed; it returns the decoded answer.
// A path that does not begin with a slash is one below [API].
func (s *Server) Call(t testing.TB, method, path string, body any) map[string]any {
	t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = API + path
	}
	status, answer := s.Do(t, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: got status %d: %s", method, path, status, answer)
	}
	var fields map[string]any
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &fields); err != nil {
			t.Fatalf("%s %s: got %q, want JSON: %v", method, path, answer, err)
		}
	}
	return fields
}

// direct lets go of idle connections sooner than the server closes them (5 s):
// on a connection that just died a POST fails, and is not repeated.
var direct = &http.Client{Transport: &http.Transport{IdleConnTimeout: 2 * time.Second}}

func do(t testing.TB, method, url string, body any, change func(*http.Request)) (int, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	text := encode(t, body)
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(req)
	}
	resp, err := direct.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read answer: %v", method, url, err)
	}
	return resp.StatusCode, answer
}

func encode(t testing.TB, body any) []byte {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(body)
	case []byte:
		return body
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatalf("encode body: %v", err)
	}
	return text
}
