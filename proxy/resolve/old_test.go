package resolve

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// MLflow 2 answers the address of a logged model like any address that it does
// not have. Of a server that says so itself no such id is held by anybody; a
// bare 404 in front of another one proves nothing.
func TestMLflow2HoldsNoLoggedModel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version string
		status  int
		none    bool
	}{
		{"2.22.5", 200, true}, {"3.1.4", 200, false}, {"", 404, false}, {"2.22.5", 502, false}, {"<html>2.", 200, false},
	} {
		r := New(Options{Upstream: scripted(func(_ context.Context, req *mlflowapi.Request) (*mlflowapi.Answer, error) {
			switch {
			case req.Path == "/version":
				return says(c.status, c.version)
			case strings.HasPrefix(req.Path, "/api/2.0/mlflow/logged-models/"):
				return says(404, "<!doctype html><title>404 Not Found</title>")
			}
			return says(500, "")
		}), Now: newClock().now})
		_, err := r.LoggedModel(t.Context(), "m-"+aRun)
		if got := errors.Is(err, mlflowapi.ErrNotFound); got != c.none || err == nil {
			t.Errorf("%d %q: got %v, want not found: %v", c.status, c.version, err, c.none)
		}
	}
}
