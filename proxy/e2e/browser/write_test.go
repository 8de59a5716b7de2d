package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// A browser sends Origin with every write, which MLflow itself refuses.
func TestExperimentIsCreatedFromTheBrowser(t *testing.T) {
	t.Parallel()
	for _, at := range []struct{ name, path, host string }{
		{"root", "", "127.0.0.1"}, {"mounted", "/mlflow", "127.0.0.1"},
		// To a host that is not of this machine the browser sends no
		// Sec-Fetch-Site over plain HTTP.
		{"by-name", "", "gate.example"},
	} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, at.path, "create-"+at.name)
			b := s.signIn(t)
			b.open(t, strings.Replace(s.ui("experiments"), "127.0.0.1", at.host, 1))
			b.shows(t, "cv/"+s.word+"/detector")
			name := "cv/" + s.word + "/made-by-hand"
			b.create(t, name)
			b.shows(t, name)
			b.traffic.quiet(t)
			b.shot(t, "created")
			b.clean(t, taken)
			if status := s.find(t, name); status != http.StatusOK {
				t.Errorf("got status %d from MLflow for the new experiment, want 200", status)
			}
		})
	}
}

// The UI's own check of the name is refused already, so that it sends no more.
func TestForeignExperimentIsNotCreatedFromTheBrowser(t *testing.T) {
	t.Parallel()
	s := newStage(t, "", "refuse")
	b := s.signIn(t)
	b.open(t, s.ui("experiments"))
	b.shows(t, "cv/"+s.word+"/detector")
	b.clean(t)
	name := "nlp/" + s.word + "/made-by-hand"
	b.create(t, name)
	b.shows(t, "Could not validate experiment name")
	b.shot(t, "refused")
	b.clean(t, taken)
	if status := s.find(t, name); status != http.StatusNotFound {
		t.Errorf("got status %d from MLflow for the refused experiment, want 404", status)
	}
}

// taken is where the UI looks, at each pause in typing, whether there is such
// an experiment: half a name is not hers (403), and the whole one is free (404).
const taken = "/ajax-api/2.0/mlflow/experiments/get-by-name"

// create fills in the form of the experiment list.
func (b *tab) create(t *testing.T, name string) {
	t.Helper()
	b.click(t, "button", "Create")
	b.click(t, "[role=dialog] input", "")
	b.write(t, name)
	b.click(t, "[role=dialog] button", "Create")
}

// find asks MLflow itself for an experiment.
func (s *stage) find(t *testing.T, name string) int {
	t.Helper()
	status, _ := s.srv.Do(t, "GET", mlflowtest.API+"experiments/get-by-name?experiment_name="+url.QueryEscape(name), nil)
	return status
}
