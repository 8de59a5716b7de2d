package proxy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"mlgate/auth"
	"mlgate/proxy/mlflowapi"
)

// What callers choose (paths, ids, names) can neither end a line nor add a
// field to it.
func TestAuditLineCannotBeForged(t *testing.T) {
	t.Parallel()
	evil := "x\",\"decision\":\"allow\"\n{\"msg\":\"call\"}\xff\u2028<&>\x00"
	s := &session{
		requestID: "r", client: "127.0.0.1:1", method: "GET" + evil, path: "/" + evil, bytesIn: 3, upstream: 200,
		id:       &auth.Identity{User: evil, Method: auth.MethodToken, TokenID: "t", Issuer: evil, Subject: evil},
		endpoint: &mlflowapi.Endpoint{Name: "runs/get"},
		call:     &mlflowapi.Call{Targets: []*mlflowapi.Target{{Name: evil}, {ID: evil}}},
	}
	l := AuditLine{
		Decision: "deny", Rule: evil, Line: 7, s: s, w: &response{status: 403, bytes: 12},
		ended: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), took: 1234567 * time.Nanosecond,
	}
	line := string(l.AppendJSON(nil))
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
		t.Errorf("not one line: %q", line)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	read := strings.ReplaceAll(evil, "\xff", "\ufffd")
	resources, _ := got["resources"].([]any)
	if len(resources) != 2 || !strings.Contains(resources[0].(string), ":"+read+" ") || !strings.Contains(resources[1].(string), ":#"+read+" ") {
		t.Errorf("resources: got %q", resources)
	}
	delete(got, "resources")
	want := map[string]any{
		"time": "2026-01-02T03:04:05.000000006Z", "level": "INFO", "msg": "call", "request_id": "r", "client": "127.0.0.1:1",
		"http_method": "GET" + read, "path": "/" + read, "status": 403.0, "decision": "deny", "duration_ms": 1.234,
		"bytes_in": 3.0, "bytes_out": 12.0, "user": read, "sign_in": "token", "token_id": "t", "issuer": read, "subject": read, "endpoint": "runs/get",
		"upstream_status": 200.0, "rule": read, "line": 7.0,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A call that ended before anything was known of it leaves out what is not known.
func TestAuditLineOfAnUnknownCallerIsValid(t *testing.T) {
	t.Parallel()
	l := AuditLine{Decision: "deny", s: &session{}, w: &response{status: 401}}
	var got map[string]any
	err := json.Unmarshal(l.AppendJSON(nil), &got)
	for _, absent := range []string{"user", "issuer", "subject", "endpoint", "rule", "line", "resources", "upstream_status"} {
		if _, there := got[absent]; there || err != nil {
			t.Errorf("%s is there, or %v", absent, err)
		}
	}
}
