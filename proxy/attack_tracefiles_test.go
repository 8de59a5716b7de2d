package proxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// MLflow's client puts what the store does not take of a trace, and what is
// attached to its spans, into the trace's folder of the artifact store.
func TestTraceFilesGoIntoOnesOwnTracesAlone(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, name := range []string{"traces.json", "attachments/a.png"} {
		path := store + "/<exp>/traces/<tr>/artifacts/" + name
		if a := (request{"PUT", path, `{"spans":[]}`}).send(t, g, "alice", with); a.Status != 200 {
			t.Errorf("PUT %s: got %d %s", name, a.Status, a.Body)
		}
		if a := (request{"GET", path, ""}).send(t, g, "alice", with); a.Status != 200 || string(a.Body) != `{"spans":[]}` {
			t.Errorf("GET %s: got %d %s", name, a.Status, a.Body)
		}
		if a := (request{"DELETE", path, ""}).send(t, g, "alice", with); a.Status != 403 {
			t.Errorf("DELETE %s: got %d %s", name, a.Status, a.Body)
		}
		if a := (request{"DELETE", path, ""}).send(t, g, "lead", with); a.Status != 204 && a.Status != 200 {
			t.Errorf("DELETE %s as lead: got %d %s", name, a.Status, a.Body)
		}
	}
	for _, path := range []string{
		"<EXP>/traces/<TR>/artifacts/traces.json", "<EXP>/traces/<tr>/artifacts/traces.json",
		"<exp>/traces/<TR>/artifacts/traces.json", "<exp>/traces/<fresh>/artifacts/traces.json",
		"<exp>/traces/<hex>/artifacts/traces.json", "<exp>/traces/<HEX>/artifacts/traces.json",
		"<exp>/traces/<tr>/artifacts", "<exp>/traces/<tr>/traces.json", "<exp>/traces/<tr>", "<exp>/traces", "traces/<tr>/artifacts/traces.json",
		"<exp>/x/traces/<tr>/artifacts/traces.json", "<exp>/<run>/traces/<tr>/artifacts/traces.json", "<exp>/traces/<tr>/artifacts%2f..%2f<TR>/x",
		"<exp>/traces/<EXP>/artifacts/traces.json", "<EXP>/<RUN>/artifacts/traces/<tr>/artifacts/x",
	} {
		for method, body := range map[string]string{"PUT": "evil", "DELETE": ""} {
			if a := (request{method, store + "/" + path, body}).send(t, g, "alice", with); a.Status/100 != 4 {
				t.Errorf("%s %s: got %d %s", method, path, a.Status, a.Body)
			}
		}
	}
	// A trace of theirs, in her own folder, is one that there is not.
	words := map[string]string{}
	for _, id := range []string{theirs.tr, "tr-" + strings.Repeat("0", 31) + "1"} {
		a := (request{"PUT", store + "/<exp>/traces/" + id + "/artifacts/traces.json", "evil"}).send(t, g, "alice", with)
		words[strings.ReplaceAll(string(a.Body), id, "<id>")] = id
	}
	if len(words) != 1 {
		t.Errorf("got different answers: %v", words)
	}
	if a := (request{"PUT", store + "/<exp>/traces/<tr>/artifacts/traces.json", "evil"}).send(t, g, "bob", with); a.Status/100 != 4 {
		t.Errorf("bob: got %d %s", a.Status, a.Body)
	}
	if _, err := os.Stat(filepath.Join(srv.ArtifactDir(), mine.exp, "traces", theirs.tr)); err == nil {
		t.Error("her folder holds files of a foreign trace")
	}
	check()
}
