package resolve

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/go-json-experiment/json"

	"mlgate/proxy/mlflowapi"
)

// tracesAtOnce is how many traces one question asks about.
const tracesAtOnce = 500

// Homes gives the ids of the experiments that a thing belongs to. Label
// schemas, review queues and issues never move. A trace may be deleted and made
// anew elsewhere, so where it lies ages; the experiments of an evaluation
// dataset change with every call, so they are asked for each time.
func (r *Resolver) Homes(ctx context.Context, t mlflowapi.Thing, id string) ([]string, error) {
	switch t {
	case mlflowapi.Trace:
		return one(r.traces.get(ctx, id))
	case mlflowapi.EvalDataset:
		return r.askDataset(ctx, id)
	case mlflowapi.LabelSchema:
		return one(r.schemas.get(ctx, id))
	case mlflowapi.ReviewQueue:
		return one(r.queues.get(ctx, id))
	case mlflowapi.Issue:
		return one(r.issues.get(ctx, id))
	}
	return nil, fmt.Errorf("no way to follow thing %d", t)
}

func one(id string, err error) ([]string, error) { return []string{id}, err }

// ForgetTrace makes the next look at a trace ask MLflow: it is deleted now.
func (r *Resolver) ForgetTrace(id string) { r.traces.forget(id) }

// ask3 is [Resolver.ask] for what MLflow answers below its version 3.0.
func (r *Resolver) ask3(ctx context.Context, endpoint string, query url.Values, into any) error {
	return r.send(ctx, &mlflowapi.Request{Method: "GET", Path: "/api/3.0/mlflow/" + endpoint, Query: query.Encode()}, endpoint, into)
}

// traceInfo is what is read of a trace, in MLflow's third version of it.
type traceInfo struct {
	ID       string `json:"trace_id"`
	Location struct {
		Experiment struct {
			ID string `json:"experiment_id"`
		} `json:"mlflow_experiment"`
	} `json:"trace_location"`
}

func (r *Resolver) askTrace(ctx context.Context, id string) (string, error) {
	var a struct {
		Trace struct {
			Info traceInfo `json:"trace_info"`
		} `json:"trace"`
	}
	err := r.ask3(ctx, "traces/"+url.PathEscape(id), nil, &a)
	if isRefusal(err) && !errors.Is(err, mlflowapi.ErrNotFound) { // MLflow 2 knows no such address
		return r.askOldTrace(ctx, id)
	}
	if err == nil && (a.Trace.Info.ID != id || a.Trace.Info.Location.Experiment.ID == "") {
		err = fmt.Errorf("MLflow answered for trace %q with %q", id, a.Trace.Info.ID)
	}
	return a.Trace.Info.Location.Experiment.ID, err
}

func (r *Resolver) askOldTrace(ctx context.Context, id string) (string, error) {
	var a struct {
		Info struct {
			ID         string `json:"request_id"`
			Experiment string `json:"experiment_id"`
		} `json:"trace_info"`
	}
	err := r.ask(ctx, "traces/"+url.PathEscape(id)+"/info", nil, &a)
	if err == nil && (a.Info.ID != id || a.Info.Experiment == "") {
		err = fmt.Errorf("MLflow answered for trace %q with %q", id, a.Info.ID)
	}
	return a.Info.Experiment, err
}

// Traces gives where the traces lie at this moment, past all that is remembered.
func (r *Resolver) Traces(ctx context.Context, ids []string) (map[string]string, error) {
	at := make(map[string]string, len(ids))
	for len(ids) > 0 {
		part := ids[:min(len(ids), tracesAtOnce)]
		ids = ids[len(part):]
		err := r.askTraces(ctx, part, at)
		if isRefusal(err) { // a server older than 3.10 has no such question
			err = r.askEachTrace(ctx, part, at)
		}
		if err != nil {
			return nil, err
		}
	}
	return at, nil
}

func (r *Resolver) askTraces(ctx context.Context, ids []string, into map[string]string) error {
	body, err := json.Marshal(struct {
		IDs []string `json:"trace_ids"`
	}{ids})
	if err != nil {
		return fmt.Errorf("write a question about traces: %w", err)
	}
	var a struct {
		Infos []traceInfo `json:"trace_infos"`
	}
	const endpoint = "traces/batchGetInfos"
	if err := r.send(ctx, &mlflowapi.Request{Method: "POST", Path: "/api/3.0/mlflow/" + endpoint, Body: body}, endpoint, &a); err != nil {
		return err
	}
	for _, t := range a.Infos {
		if t.Location.Experiment.ID == "" {
			return fmt.Errorf("MLflow does not say where trace %q lies", t.ID)
		}
		into[t.ID] = t.Location.Experiment.ID
	}
	return nil
}

func (r *Resolver) askEachTrace(ctx context.Context, ids []string, into map[string]string) error {
	for _, id := range ids {
		exp, err := r.askTrace(ctx, id)
		switch {
		case errors.Is(err, mlflowapi.ErrNotFound):
		case err != nil:
			return err
		default:
			into[id] = exp
		}
	}
	return nil
}

// askDataset asks twice: MLflow answers the question about the experiments of
// a dataset that does not exist with a fault (3.17.2).
func (r *Resolver) askDataset(ctx context.Context, id string) ([]string, error) {
	var there struct {
		Dataset struct {
			ID string `json:"dataset_id"`
		} `json:"dataset"`
	}
	if err := r.ask3(ctx, "datasets/"+url.PathEscape(id), nil, &there); err != nil {
		return nil, err
	}
	if there.Dataset.ID != id {
		return nil, fmt.Errorf("MLflow answered for dataset %q with %q", id, there.Dataset.ID)
	}
	var a struct {
		IDs []string `json:"experiment_ids"`
	}
	err := r.ask3(ctx, "datasets/"+url.PathEscape(id)+"/experiment-ids", nil, &a)
	return a.IDs, err
}

// placed is a thing that says in which experiment it lies.
type placed struct {
	Experiment string `json:"experiment_id"`
}

func (p placed) in(thing, id string, err error) (string, error) {
	if err == nil && p.Experiment == "" {
		err = fmt.Errorf("MLflow does not say where %s %q lies", thing, id)
	}
	return p.Experiment, err
}

func (r *Resolver) askSchema(ctx context.Context, id string) (string, error) {
	var a struct {
		Schema placed `json:"label_schema"`
	}
	err := r.ask3(ctx, "label-schemas/get", url.Values{"schema_id": {id}}, &a)
	return a.Schema.in("label schema", id, err)
}

func (r *Resolver) askQueue(ctx context.Context, id string) (string, error) {
	var a struct {
		Queue placed `json:"review_queue"`
	}
	err := r.ask3(ctx, "review-queues/get", url.Values{"queue_id": {id}}, &a)
	return a.Queue.in("review queue", id, err)
}

func (r *Resolver) askIssue(ctx context.Context, id string) (string, error) {
	var a struct {
		Issue placed `json:"issue"`
	}
	err := r.ask3(ctx, "issues/"+url.PathEscape(id), nil, &a)
	return a.Issue.in("issue", id, err)
}
