package e2e_test

import (
	"regexp"
	"strings"
	"testing"
)

// complaint finds what MLflow's and Python's logging and warnings print.
var complaint = regexp.MustCompile(`\b(WARNING|ERROR|CRITICAL)\b|Warning: |^Traceback `)

// varies is what differs from run to run: times, ids, numbers, addresses.
var varies = regexp.MustCompile(`https?://[^\s/]+(/mlflow)?|\b[a-z]{1,4}-[0-9a-f]{32}\b|\b[0-9a-f]{16,}\b|[0-9]+`)

// complaints are the lines of a script's output in which something complains,
// without what differs from run to run.
func complaints(out string, names []string) map[string]bool {
	for _, setting := range names {
		_, name, _ := strings.Cut(setting, "=")
		out = strings.ReplaceAll(out, name, "<name>")
	}
	found := map[string]bool{}
	for line := range strings.Lines(out) {
		if complaint.MatchString(line) {
			found[varies.ReplaceAllString(strings.TrimSpace(line), "#")] = true
		}
	}
	return found
}

// quiet fails a test where the client complains of what it does not complain of
// without mlgate.
func quiet(t *testing.T, got, without map[string]bool) {
	t.Helper()
	for line := range got {
		if !without[line] {
			t.Errorf("the client complains through mlgate alone: %s", line)
		}
	}
}

// What a client prints beside results is not counted, and what it complains of is
// told apart whatever the ids in it are.
func TestComplaintsAreToldFromOtherOutput(t *testing.T) {
	t.Parallel()
	out := "2026/01/02 03:04:05 INFO mlflow.x: all is well\n" +
		"2026/01/02 03:04:05 WARNING mlflow.x: no trace tr-" + strings.Repeat("0a", 16) + " in cv/root/a at http://127.0.0.1:80/mlflow/x\n" +
		"/a/b.py:7: FutureWarning: soon\nView run at: http://127.0.0.1:80\n"
	got := complaints(out, []string{"PREFIX=cv/root"})
	want := []string{"#/#/# #:#:# WARNING mlflow.x: no trace # in <name>/a at #/x", "/a/b.py:#: FutureWarning: soon"}
	if len(got) != len(want) || !got[want[0]] || !got[want[1]] {
		t.Errorf("got %v, want %v", got, want)
	}
}
