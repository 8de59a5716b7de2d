package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

var live = mlflowtest.NewShared()

func TestMain(m *testing.M) { os.Exit(live.Run(m)) }

// policyText is two teams, and around one of them everybody who meets it.
const policyText = `
p, role:vision,      cv/*,       edit
p, role:vision-lead, cv/*,       manage
p, role:language,    nlp/*,      manage
p, role:viewer,      cv/*,       read
p, user:rita,        model:cv/*, read
p, role:admin,       *,          admin
g, user:alice, role:vision
g, user:lea,   role:vision-lead
g, user:bob,   role:language
g, user:vera,  role:viewer
g, user:ada,   role:admin
`

// Passwords hold what URLs, netrc and ini files trip over, as far as each of
// them can hold it.
func passwords() map[string]string {
	return map[string]string{
		"alice": "p@ss:w/rd?ü", "lea": "lea-1", "bob": "bob-1", "vera": "vera-1", "rita": "rita-1", "nina": "nina-1",
		"ada": "ada-1",
	}
}

// stage is a gate in front of the shared server, and names of its own.
type stage struct {
	gate       *mlflowtest.Gate
	srv        *mlflowtest.Server
	team, nlp  string // cv/root and nlp/root
	cv, nlpDot string // cv.root and nlp.root, for models
}

// newStage starts a gate below path; word keeps its names apart from those of
// other stages.
func newStage(t *testing.T, path, word string) *stage {
	t.Helper()
	srv := live.Server(t)
	gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
		Policy: policyText, Users: passwords(), Prefix: path,
	})
	return &stage{gate, srv, "cv/" + word, "nlp/" + word, "cv." + word, "nlp." + word}
}

// password are the client's settings for a user who signs in by password.
func (s *stage) password(user string) []string {
	return []string{
		"MLFLOW_TRACKING_URI=" + s.gate.URL(),
		"MLFLOW_TRACKING_USERNAME=" + user, "MLFLOW_TRACKING_PASSWORD=" + passwords()[user],
		"EXPECT_USER=" + user,
	}
}

// names are where a user of the vision team, or of the other one, writes.
func (s *stage) names(user string) []string {
	if user == "bob" {
		return []string{"PREFIX=" + s.nlp, "MODEL_PREFIX=" + s.nlpDot}
	}
	return []string{"PREFIX=" + s.team, "MODEL_PREFIX=" + s.cv}
}

// run runs a script of testdata, which must end in "passed". What it passes over,
// since this MLflow does not have it, is shown as skipped.
func run(t *testing.T, script string, env ...[]string) string {
	t.Helper()
	var all []string
	for _, settings := range env {
		all = append(all, settings...)
	}
	out := mlflowtest.Python(t, all, filepath.Join("testdata", script+".py"))
	if script != "seed" && !strings.HasSuffix(out, "passed\n") {
		t.Errorf("%s did not run to its end:\n%s", script, out)
	}
	for line := range strings.Lines(out) {
		if what, ok := strings.CutPrefix(strings.TrimSpace(line), "skipped: "); ok {
			t.Run(script+" without", func(t *testing.T) { t.Skip(what) })
		}
	}
	return out
}

// seed makes one of everything as a user, for others to meet: the words that
// name it, and the setting that tells a script.
func (s *stage) seed(t *testing.T, user, word string) (words, setting []string) {
	t.Helper()
	out := run(t, "seed", s.password(user), []string{"PREFIX=" + s.team + "/" + word, "MODEL_PREFIX=" + s.cv + "." + word})
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := lines[len(lines)-1]
	var facts map[string]string
	if err := json.Unmarshal([]byte(last), &facts); err != nil {
		t.Fatalf("got %q from seed.py, want JSON: %v", last, err)
	}
	words = []string{facts["experiment"], facts["run_id"], facts["model"], facts["prompt"]}
	for _, newer := range []string{"model_id", "trace_id", "dataset_id", "schema_id", "queue_id", "issue_id"} {
		if facts[newer] != "" {
			words = append(words, facts[newer])
		}
	}
	return words, []string{"THEIRS=" + last}
}

// token makes an API token over mlgate's own API.
func (s *stage) token(t *testing.T, user string, readOnly bool) (id, token string) {
	t.Helper()
	status, answer := s.gate.Do(t, user, passwords()[user], "POST", "/_gate/api/v1/tokens",
		map[string]any{"name": strings.ReplaceAll(t.Name(), "/", "-"), "ttl": "1h", "read_only": readOnly})
	var made struct{ ID, Token string }
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated || made.Token == "" {
		t.Fatalf("got status %d, answer %s, want a token", status, answer)
	}
	return made.ID, made.Token
}
