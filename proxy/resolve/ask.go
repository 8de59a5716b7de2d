package resolve

import (
	"context"
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
