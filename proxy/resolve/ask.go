package resolve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/go-json-experiment/json"

	"mlgate/proxy/mlflowapi"
)

// statusError is an answer that is neither what was asked for nor the word
// that it does not exist.
type statusError struct {
	endpoint string
	status   int
	code     string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("ask MLflow for %s: it answered %d %s", e.endpoint, e.status, e.code)
}

// ask reads one of MLflow's answers. What MLflow says does not exist is
// [mlflowapi.ErrNotFound]; a bare 404 is not: it may come from another server
// in between.
func (r *Resolver) ask(ctx context.Context, endpoint string, query url.Values, into any) error {
	return r.send(ctx, &mlflowapi.Request{Method: "GET", Path: "/api/2.0/mlflow/" + endpoint, Query: query.Encode()}, endpoint, into)
}

func (r *Resolver) send(ctx context.Context, req *mlflowapi.Request, endpoint string, into any) error {
	a, err := r.up.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("ask MLflow for %s: %w", endpoint, err)
	}
	if a.Status != 200 {
		var e struct {
			Code string `json:"error_code"`
		}
		_ = json.Unmarshal(a.Body, &e) // no JSON, no code
		if a.Status == 404 && e.Code == "RESOURCE_DOES_NOT_EXIST" {
			return mlflowapi.ErrNotFound
		}
		return &statusError{endpoint, a.Status, e.Code}
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("read MLflow's answer to %s: %w", endpoint, err)
	}
	return nil
}

func isBare404(err error) bool {
	var refused *statusError
	return errors.As(err, &refused) && refused.status == 404
}

// isMLflow2 asks for the version of the server. One of MLflow 2 has no logged
// models and no address for them, so each id of one is an id that nobody holds.
// Only its own word counts for that: a bare 404 may come from elsewhere.
func (r *Resolver) isMLflow2(ctx context.Context) bool {
	a, err := r.up.Do(ctx, &mlflowapi.Request{Method: "GET", Path: "/version"})
	return err == nil && a.Status == 200 && bytes.HasPrefix(a.Body, []byte("2."))
}
