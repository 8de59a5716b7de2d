package e2e_test

import (
	"testing"

	"mlgate/proxy/mlflowtest"
)

// daily are the scripts of ordinary work, and who may do it.
var daily = []struct{ script, user string }{
	{"tracking", "alice"},
	{"artifacts", "alice"},
	{"models", "alice"},
	{"autolog", "alice"},
	{"prompts", "lea"},
	{"tidy", "lea"},
	{"traces", "lea"},
	{"evaluation", "lea"},
}

// What the scripts ask is what MLflow does: without mlgate they pass as well, and
// the client complains of no less.
func TestDailyWorkThroughTheGateIsStockMLflow(t *testing.T) {
	t.Parallel()
	stages := []*stage{newStage(t, "", "root"), newStage(t, "/mlflow", "mounted")}
	bare := []string{"PREFIX=bare/x", "MODEL_PREFIX=bare.x"}
	for _, d := range daily {
		t.Run(d.script, func(t *testing.T) {
			t.Parallel()
			out := run(t, d.script, []string{"MLFLOW_TRACKING_URI=" + live.Server(t).URL()}, bare)
			for _, s := range stages {
				t.Run(s.team, func(t *testing.T) {
					t.Parallel()
					quiet(t, complaints(run(t, d.script, s.password(d.user), s.names(d.user)), s.names(d.user)), complaints(out, bare))
				})
			}
		})
	}
}

// Everybody who is not of the team meets what the team made, and leaves it as
// it was: compared row by row and file by file on the server itself.
func TestOthersSeeWhatThePolicySaysAndMoveNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []struct{ name, path string }{{"others", ""}, {"others-mounted", "/mlflow"}} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, at.path, at.name)
			words, theirs := s.seed(t, "lea", "seed")
			before := s.srv.Snapshot(t).Mentioning(words...)
			t.Run("meet", func(t *testing.T) {
				for _, o := range []struct{ script, user string }{
					{"viewer", "vera"}, {"modelreader", "rita"}, {"outsider", "bob"}, {"nobody", "nina"},
				} {
					t.Run(o.script, func(t *testing.T) {
						t.Parallel()
						run(t, o.script, s.password(o.user), s.names(o.user), theirs)
					})
				}
			})
			if diff := before.Diff(s.srv.Snapshot(t).Mentioning(words...)); diff != "" {
				t.Errorf("others moved what is not theirs:\n%s", diff)
			}
		})
	}
}

func TestReadOnlyTokenReadsAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "readonly")
	words, theirs := s.seed(t, "alice", "seed")
	_, token := s.token(t, "alice", true)
	before := s.srv.Snapshot(t).Mentioning(words...)
	run(t, "viewer", []string{"MLFLOW_TRACKING_URI=" + s.gate.URL(), "MLFLOW_TRACKING_TOKEN=" + token}, s.names("alice"), theirs)
	if diff := before.Diff(s.srv.Snapshot(t).Mentioning(words...)); diff != "" {
		t.Errorf("a read-only token moved something:\n%s", diff)
	}
}

func TestEditorWritesAndManagesOnlyOwnRuns(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "editor")
	_, theirs := s.seed(t, "lea", "seed")
	run(t, "editor", s.password("alice"), s.names("alice"), theirs)
}

func TestAdminDoesEverything(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "admin")
	_, theirs := s.seed(t, "alice", "seed")
	run(t, "admin", s.password("ada"), s.names("alice"), theirs)
}

// The registry may be named apart from the tracking server: here by another
// gate's address, below a path.
func TestSeparateRegistryURI(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "registry")
	registry := mlflowtest.StartGate(t, s.srv.URL(), mlflowtest.GateOptions{
		Policy: policyText, Users: passwords(), Prefix: "/mlflow",
	})
	run(t, "registry", s.password("alice"), s.names("alice"), []string{"REGISTRY_URI=" + registry.URL()})
}
