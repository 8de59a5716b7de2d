package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlgate/auth/workload/issuertest"
	"mlgate/proxy/mlflowtest"
)

// ciStage is a gate that knows the jobs of two repositories, and their issuer.
func ciStage(t *testing.T, word string) (*stage, *issuertest.Issuer) {
	t.Helper()
	issuer, srv := issuertest.Start(t), live.Server(t)
	rule := func(repository, user, group string) map[string]any {
		return map[string]any{
			"issuer": issuer.URL(), "audience": "mlgate", "subject": "repo:acme/" + repository + ":*",
			"user": user, "groups": []string{group},
		}
	}
	gate := mlflowtest.StartGate(t, srv.URL(), mlflowtest.GateOptions{
		Policy: policyText + "p, group:vision-ci, cv/*, edit\np, group:language-ci, nlp/*, manage\n", Users: passwords(),
		Config: map[string]any{"auth": map[string]any{"workload": []any{
			rule("vision", "ci-vision", "vision-ci"), rule("language", "ci-language", "language-ci"),
		}}},
	})
	return &stage{gate, srv, "cv/" + word, "nlp/" + word, "cv." + word, "nlp." + word}, issuer
}

const visionJob, languageJob = "repo:acme/vision:ref:refs/heads/main", "repo:acme/language:ref:refs/heads/main"

// job are the stock client's settings in a CI job: it knows no JWTs, and sends
// whatever its token is.
func (s *stage) job(token string) []string {
	return []string{"MLFLOW_TRACKING_URI=" + s.gate.URL(), "MLFLOW_TRACKING_TOKEN=" + token}
}

// as asks for an experiment by name with a bearer token and perhaps other headers.
func (s *stage) as(t *testing.T, token, name string, header ...string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.gate.URL()+mlflowtest.API+"experiments/get-by-name?experiment_name="+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestACIJobLogsRunsWithTheTokenOfItsPlatform(t *testing.T) {
	t.Parallel()
	s, issuer := ciStage(t, "ci")
	token := issuer.Token(t, visionJob, nil)
	run(t, "tracking", s.job(token), s.names("alice"), []string{"EXPECT_USER=ci-vision"})
	run(t, "artifacts", s.job(token), s.names("alice"), []string{"EXPECT_USER=ci-vision"})
	for _, line := range s.gate.Lines("call") {
		if line["user"] != "ci-vision" || line["sign_in"] != "workload" || line["issuer"] != issuer.URL() || line["subject"] != visionJob {
			t.Fatalf("got %v, want the job in it", line)
		}
	}
	if strings.Contains(s.gate.Log(), token) || strings.Contains(s.gate.Log(), strings.Split(token, ".")[2]) {
		t.Error("mlgate's log holds the token")
	}
}

// Tokens of a CI live for minutes, training for hours.
func TestAJobThatRenewsItsTokenGoesOn(t *testing.T) {
	t.Parallel()
	s, issuer := ciStage(t, "ci-renew")
	tokens := []string{
		issuer.Token(t, visionJob, nil), issuer.Token(t, visionJob, issuertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()}),
		issuer.Token(t, visionJob, issuertest.Claims{"jti": "second"}),
	}
	run(t, "renew", s.job(""), s.names("alice"), []string{"EXPECT_USER=ci-vision", "TOKENS=" + strings.Join(tokens, " ")})
}

func TestAPodSignsInByTheClientsOwnPlugin(t *testing.T) {
	t.Parallel()
	s, issuer := ciStage(t, "ci-pod")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(issuer.Token(t, visionJob, nil)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "pod", []string{"MLFLOW_TRACKING_URI=" + s.gate.URL(), "MLFLOW_TRACKING_AUTH=kubernetes", "TOKEN_FILE=" + file},
		s.names("alice"), []string{"EXPECT_USER=ci-vision"})
}

func TestAJobOfAnotherTeamMovesNothing(t *testing.T) {
	t.Parallel()
	s, issuer := ciStage(t, "ci-others")
	words, theirs := s.seed(t, "alice", "seed")
	before := s.srv.Snapshot(t).Mentioning(words...)
	// bob's scripts, as a job of bob's team.
	run(t, "outsider", s.job(issuer.Token(t, languageJob, nil)), s.names("bob"), theirs, []string{"EXPECT_USER=ci-language"})
	if diff := before.Diff(s.srv.Snapshot(t).Mentioning(words...)); diff != "" {
		t.Errorf("a job moved what is not its team's:\n%s", diff)
	}
}

func TestAJobWhoseTokenProvesNothingIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s, issuer := ciStage(t, "ci-refused")
	for name, token := range map[string]string{
		"expired":          issuer.Token(t, visionJob, issuertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()}),
		"other repository": issuer.Token(t, "repo:acme/vision-evil:ref:refs/heads/main", nil),
		"unsigned":         issuertest.Unsigned(t, "none", issuer.Claims(visionJob, nil)) + "AAAA",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, "signinfails", s.job(token), s.names("alice"))
		})
	}
	token := issuer.Token(t, visionJob, nil)
	for name, got := range map[string]int{
		"in a cookie":     s.as(t, "", "cv/x", "Cookie", "Authorization=Bearer "+token+"; access_token="+token),
		"in the query":    s.as(t, "", "cv/x&access_token="+token),
		"without Bearer":  s.as(t, "", "cv/x", "Authorization", token),
		"in other header": s.as(t, "", "cv/x", "X-Auth-Token", token),
	} {
		if got != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", name, got)
		}
	}
	if got := s.as(t, token, "nlp/x"); got != http.StatusForbidden {
		t.Errorf("a foreign name: got %d, want 403", got)
	}
}

// The gate starts while an issuer is down, and heals by itself; the client's own
// repeating of a 503 may be what a job lives on meanwhile.
func TestTheGateStartsWhileAnIssuerIsDown(t *testing.T) {
	t.Parallel()
	s, issuer := ciStage(t, "ci-down")
	issuer.Answers(issuertest.Answer{Down: true})
	s.gate.Restart(t)
	token := issuer.Token(t, visionJob, nil)
	if got := s.as(t, token, "cv/x"); got != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", got)
	}
	if status, answer := s.gate.Do(t, "alice", passwords()["alice"], "GET", "/_gate/api/v1/whoami", nil); status != http.StatusOK {
		t.Errorf("alice: got %d %s, want her to notice nothing", status, answer)
	}
	issuer.Answers(issuertest.Answer{})
	for deadline := time.Now().Add(time.Minute); s.as(t, token, "cv/x") != http.StatusNotFound; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the gate did not heal within a minute")
		}
	}
	if len(s.gate.Lines("an issuer's keys cannot be fetched")) == 0 {
		t.Errorf("the log does not say that %s was down", issuer.URL())
	}
}
