package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// Every place that the stock client takes credentials from, as alice. Where two
// are set the one that the client itself prefers must count.
func TestEveryWayInIsTheSamePerson(t *testing.T) {
	t.Parallel()
	for _, at := range []struct{ name, path string }{{"ways", ""}, {"ways-mounted", "/mlflow"}} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, at.path, at.name)
			// Two clients that make one experiment at once end in "Default" where the
			// slower one finds it made: MLflow 3.17.2, fluent.py, set_experiment.
			if status, answer := s.gate.Do(t, "alice", passwords()["alice"], "POST", mlflowtest.API+"experiments/create",
				map[string]any{"name": s.team + "/signin"}); status != http.StatusOK {
				t.Fatalf("got status %d, answer %s, want an experiment", status, answer)
			}
			_, token := s.token(t, "alice", false)
			_, bobs := s.token(t, "bob", false)
			for name, env := range ways(t, s, token, bobs) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					run(t, "signin", env, s.names("alice"), []string{"EXPECT_USER=alice"})
				})
			}
			t.Run("none of it in the log", func(t *testing.T) {
				for _, secret := range []string{passwords()["alice"], url.QueryEscape(passwords()["alice"]), token, bobs} {
					if strings.Contains(s.gate.Log(), secret) {
						t.Errorf("mlgate's log holds the secret %q", secret)
					}
				}
			})
		})
	}
}

func ways(t *testing.T, s *stage, token, bobs string) map[string][]string {
	uri := "MLFLOW_TRACKING_URI=" + s.gate.URL()
	password := passwords()["alice"]
	return map[string][]string{
		"password":                      {uri, "MLFLOW_TRACKING_USERNAME=alice", "MLFLOW_TRACKING_PASSWORD=" + password},
		"token":                         {uri, "MLFLOW_TRACKING_TOKEN=" + token},
		"token as password":             {uri, "MLFLOW_TRACKING_USERNAME=alice", "MLFLOW_TRACKING_PASSWORD=" + token},
		"token with the user token":     {uri, "MLFLOW_TRACKING_USERNAME=token", "MLFLOW_TRACKING_PASSWORD=" + token},
		"password in the URL":           {"MLFLOW_TRACKING_URI=" + s.gate.UserURL("alice", password)},
		"token in the URL":              {"MLFLOW_TRACKING_URI=" + s.gate.UserURL("alice", token)},
		"password in the URL, over env": {"MLFLOW_TRACKING_URI=" + s.gate.UserURL("alice", password), "MLFLOW_TRACKING_TOKEN=" + bobs},
		"netrc":                         {uri, home(t, ".netrc", netrc(t, s, token))},
		"netrc over env":                {uri, home(t, ".netrc", netrc(t, s, token)), "MLFLOW_TRACKING_TOKEN=" + bobs},
		"credentials file": {uri, home(t, ".mlflow/credentials",
			"[mlflow]\nmlflow_tracking_username = alice\nmlflow_tracking_password = "+token+"\n")},
		"password over token": {uri, "MLFLOW_TRACKING_USERNAME=alice", "MLFLOW_TRACKING_PASSWORD=" + password,
			"MLFLOW_TRACKING_TOKEN=" + bobs},
	}
}

func netrc(t *testing.T, s *stage, token string) string {
	t.Helper()
	u, err := url.Parse(s.gate.URL())
	if err != nil {
		t.Fatal(err)
	}
	return "machine " + u.Hostname() + " login alice password " + token + "\n"
}

// home is a home folder with one file in it.
func home(t *testing.T, name, content string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return "HOME=" + dir
}

func TestWhoIsNotKnownIsToldAtOnceAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "unknown")
	uri := "MLFLOW_TRACKING_URI=" + s.gate.URL()
	id, revoked := s.token(t, "alice", false)
	if status, answer := s.gate.Do(t, "alice", passwords()["alice"], "DELETE", "/_gate/api/v1/tokens/"+id, nil); status != http.StatusNoContent {
		t.Fatalf("got status %d, answer %s, want the token to be revoked", status, answer)
	}
	for name, env := range map[string][]string{
		"nothing":           {uri},
		"wrong password":    {uri, "MLFLOW_TRACKING_USERNAME=alice", "MLFLOW_TRACKING_PASSWORD=wrong"},
		"unknown user":      {uri, "MLFLOW_TRACKING_USERNAME=mallory", "MLFLOW_TRACKING_PASSWORD=alice-1"},
		"a name alone":      {uri, "MLFLOW_TRACKING_USERNAME=alice"},
		"a made-up token":   {uri, "MLFLOW_TRACKING_TOKEN=mlg_madeup"},
		"a revoked token":   {uri, "MLFLOW_TRACKING_TOKEN=" + revoked},
		"another's token":   {uri, "MLFLOW_TRACKING_USERNAME=bob", "MLFLOW_TRACKING_PASSWORD=" + revoked},
		"password as token": {uri, "MLFLOW_TRACKING_TOKEN=" + passwords()["lea"]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, "signinfails", env, s.names("alice"))
		})
	}
	t.Cleanup(func() {
		status, answer := s.srv.Do(t, "GET", mlflowtest.API+"experiments/get-by-name?experiment_name=cv/by-nobody", nil)
		if status != http.StatusNotFound {
			t.Errorf("got status %d, answer %s, want that nothing was made", status, answer)
		}
	})
}
