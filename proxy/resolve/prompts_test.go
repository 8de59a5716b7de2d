package resolve

import (
	"errors"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// MLflow is asked once for many versions of a model, and each time about what is a
// prompt, is not there, or is to be told fresh.
func TestThatAModelIsNoPromptIsRememberedForAWhile(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	mark := []map[string]any{{"key": "mlflow.prompt.is_prompt", "value": "true"}}
	srv.CreateModel(t, "cv.plain")
	srv.Call(t, "POST", "registered-models/create", map[string]any{"name": "cv.marked", "tags": mark})
	up, c := &counting{url: srv.URL()}, newClock()
	r := New(Options{Upstream: up, Now: c.now})
	ask := func(name string, fresh, want bool, asked int) {
		t.Helper()
		for range 2 {
			if is, err := r.Prompt(t.Context(), name, fresh); is != want || err != nil {
				t.Errorf("%s: got %v, %v, want %v", name, is, err, want)
			}
		}
		if got := up.since(); len(got) != asked {
			t.Errorf("%s: asked %v, want %d questions", name, got, asked)
		}
	}
	ask("cv.plain", false, false, 1)
	ask("cv.plain", true, false, 2)
	ask("cv.marked", false, true, 2)
	if _, err := r.Prompt(t.Context(), "cv.plain-none", false); !errors.Is(err, mlflowapi.ErrNotFound) {
		t.Errorf("of none: got %v", err)
	}
	up.since()

	srv.Call(t, "DELETE", "registered-models/delete", map[string]any{"name": "cv.plain"})
	srv.Call(t, "POST", "registered-models/create", map[string]any{"name": "cv.plain", "tags": mark})
	ask("cv.plain", false, false, 0)
	c.move(plainAge)
	ask("cv.plain", false, true, 2)
}
