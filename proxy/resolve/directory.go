package resolve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"mlgate/proxy/mlflowapi"
)

const (
	// namedAge is how long a name leads to the same experiment. It is only a
	// hint of where to look: what is found there is decided about by the name
	// that it bears then.
	namedAge = time.Minute
	// mostNames bounds how many names are asked about one by one; with more of
	// them unknown, all experiments are listed once.
	mostNames = 64
	// fewIDs are asked about one by one, more of them by lists of idsAtOnce.
	fewIDs    = 8
	idsAtOnce = 500
	listSize  = 5000
)

// IDs gives the ids of the experiments that bear the names. A name that none
// bears is missing from it, and is asked about again after
// [Options.ExperimentAge] or [Resolver.ForgetName].
func (r *Resolver) IDs(ctx context.Context, names []string) (map[string]string, error) {
	ids := make(map[string]string, len(names))
	var unknown []string
	for _, n := range names {
		id, at, ok := r.named.known(n)
		if ok && (id != "" || r.now().Sub(at) < r.unborn) {
			ids[n] = id
		} else {
			unknown = append(unknown, n)
		}
	}
	var err error
	if len(unknown) > mostNames {
		err = r.listNames(ctx, unknown, ids)
	} else {
		err = r.askNames(ctx, unknown, ids)
	}
	for n, id := range ids {
		if id == "" {
			delete(ids, n)
		}
	}
	return ids, err
}

// ForgetName makes the next look at a name ask MLflow: an experiment has taken
// it just now.
func (r *Resolver) ForgetName(name string) { r.named.forget(name) }

func (r *Resolver) askNames(ctx context.Context, names []string, into map[string]string) error {
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, n := range names {
		g.Go(func() error {
			id, err := r.named.miss(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			into[n] = id
			return err
		})
	}
	return g.Wait()
}

func (r *Resolver) askNamed(ctx context.Context, name string) (string, error) {
	var a struct {
		Experiment experimentAnswer `json:"experiment"`
	}
	err := r.ask(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}}, &a)
	if errors.Is(err, mlflowapi.ErrNotFound) || err == nil && a.Experiment.Name != name { // a store that knows no case
		return "", nil
	}
	return a.Experiment.ID, err
}

// listNames finds names in the list of all experiments.
func (r *Resolver) listNames(ctx context.Context, names []string, into map[string]string) error {
	m, found := r.named.mark(), make(map[string]string, len(names))
	for _, n := range names {
		found[n] = ""
	}
	for token := ""; ; {
		q := search{Max: listSize, View: "ALL", Order: []string{"experiment_id ASC"}, Token: token}
		a, err := r.search(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range a.Experiments {
			if _, asked := found[e.Name]; asked {
				found[e.Name] = e.ID
			}
		}
		if token = a.Next; token == "" {
			break
		}
	}
	r.named.learn(m, found)
	for n, id := range found {
		into[n] = id
	}
	return nil
}

// Experiments gives what exists of the ids, with few questions for many ids.
func (r *Resolver) Experiments(ctx context.Context, ids []string) (map[string]mlflowapi.ExperimentInfo, error) {
	known := make(map[string]mlflowapi.ExperimentInfo, len(ids))
	var unknown []string
	for _, id := range ids {
		if info, _, ok := r.experiments.known(id); ok {
			known[id] = info
		} else if n, err := strconv.ParseUint(id, 10, 64); err == nil && n <= math.MaxInt64 { // no store counts further
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > fewIDs {
		err := r.listIDs(ctx, unknown, known)
		if !isRefusal(err) { // an old server knows no lists of ids
			return known, err
		}
	}
	return known, r.askIDs(ctx, unknown, known)
}

func (r *Resolver) askIDs(ctx context.Context, ids []string, into map[string]mlflowapi.ExperimentInfo) error {
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, id := range ids {
		g.Go(func() error {
			info, err := r.Experiment(ctx, id)
			if errors.Is(err, mlflowapi.ErrNotFound) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			into[id] = info
			return err
		})
	}
	return g.Wait()
}

func (r *Resolver) listIDs(ctx context.Context, ids []string, into map[string]mlflowapi.ExperimentInfo) error {
	for part := range slices.Chunk(ids, idsAtOnce) {
		m, found := r.experiments.mark(), make(map[string]mlflowapi.ExperimentInfo, len(part))
		a, err := r.search(ctx, search{Max: idsAtOnce, View: "ALL", Filter: "experiment_id IN ('" + strings.Join(part, "', '") + "')"})
		if err != nil {
			return err
		}
		for _, e := range a.Experiments {
			if slices.Contains(part, e.ID) && e.Name != "" {
				found[e.ID] = mlflowapi.ExperimentInfo{ID: e.ID, Name: e.Name, ArtifactLocation: e.Location}
			}
		}
		r.experiments.learn(m, found)
		for id, info := range found {
			into[id] = info
		}
	}
	return nil
}

// search is a question to experiments/search, whose filters outgrow a URL.
type search struct {
	Max    int      `json:"max_results"`
	View   string   `json:"view_type"`
	Filter string   `json:"filter,omitzero"`
	Order  []string `json:"order_by,omitempty"`
	Token  string   `json:"page_token,omitzero"`
}

type searchAnswer struct {
	Experiments []experimentAnswer `json:"experiments"`
	Next        string             `json:"next_page_token"`
}

func (r *Resolver) search(ctx context.Context, q search) (a searchAnswer, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return a, fmt.Errorf("write a search: %w", err)
	}
	return a, r.send(ctx, &mlflowapi.Request{Method: "POST", Path: "/api/2.0/mlflow/experiments/search", Body: body}, "experiments/search", &a)
}
