package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"mlgate/proxy/mlflowapi"
)

const (
	refreshEvery = time.Minute
	// staleAfter: what is older is not used, but read anew first.
	staleAfter = 5 * time.Minute
	pageSize   = "1000"
	// depth is how many leading segments of a path may name its experiment.
	depth = 8
)

// index holds the experiments that a path does not name by itself.
type index struct {
	at        time.Time
	irregular []irregular
}

type irregular struct {
	id     string
	places []string
}

// Owners gives every experiment whose stored location covers an artifact
// path, the longest location first. The number in a path is only a hint: an
// experiment owns what its own location says. Experiments whose locations lie
// below a path that others own are named too, since deleting it deletes theirs.
func (r *Resolver) Owners(ctx context.Context, p string) ([]mlflowapi.ExperimentInfo, error) {
	x, err := r.irregulars(ctx)
	if err != nil {
		return nil, err
	}
	ids := candidates(p)
	for _, e := range x.irregular {
		if e.meets(p) && !slices.Contains(ids, e.id) {
			ids = append(ids, e.id)
		}
	}
	var above, below []owner
	for _, id := range ids {
		info, err := r.Experiment(ctx, id)
		if errors.Is(err, mlflowapi.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		o := owner{info, -1}
		at := places(info.ArtifactLocation)
		for _, place := range at {
			if covers(place, p) {
				o.length = max(o.length, len(place))
			}
		}
		if o.length >= 0 {
			above = append(above, o)
		} else if (irregular{id, at}).meets(p) {
			below = append(below, o)
		}
	}
	if len(above) == 0 {
		return nil, mlflowapi.ErrNotFound
	}
	slices.SortStableFunc(above, func(a, b owner) int { return cmp.Compare(b.length, a.length) })
	infos := make([]mlflowapi.ExperimentInfo, 0, len(above)+len(below))
	for _, o := range append(above, below...) {
		infos = append(infos, o.info)
	}
	return infos, nil
}

type owner struct {
	info   mlflowapi.ExperimentInfo
	length int // of the location that covers the path
}

// meets reports whether one of the two lies at or below the other.
func (e irregular) meets(p string) bool {
	return slices.ContainsFunc(e.places, func(place string) bool { return covers(place, p) || covers(p, place) })
}

// candidates are the ids that a path's leading segments may be. MLflow makes
// locations of a root and the id, and whatever the root, the id stands before
// the run.
func candidates(p string) []string {
	var ids []string
	for i, seg := range strings.SplitN(p, "/", depth+1) {
		if i == depth || mlflowapi.ValidRunID(seg) {
			break
		}
		if mlflowapi.ValidExperimentID(seg) && !slices.Contains(ids, seg) {
			ids = append(ids, seg)
		}
	}
	return ids
}

// regular reports whether [candidates] finds the experiment for every path
// that its location meets; such experiments need no memory.
func regular(id string, at []string) bool {
	if len(at) != 1 {
		return len(at) == 0 // outside the served store: meets no path
	}
	found := candidates(at[0])
	return len(found) == 1 && found[0] == id && strings.HasSuffix("/"+at[0], "/"+id)
}

// irregulars gives an index that is fresh enough, and lets a minute-old one be
// read anew in the background.
func (r *Resolver) irregulars(ctx context.Context) (*index, error) {
	x := r.index.Load()
	if x != nil {
		age := r.now().Sub(x.at)
		if age < refreshEvery {
			return x, nil
		}
		if age < staleAfter {
			r.refresh(context.WithoutCancel(ctx))
			return x, nil
		}
	}
	if err := r.Refresh(ctx); err != nil {
		return nil, fmt.Errorf("read the experiments' artifact locations: %w", err)
	}
	return r.index.Load(), nil
}

// Refresh reads the locations of all experiments. Calls at the same time share
// one reading. Until the first has succeeded, artifact paths are refused.
func (r *Resolver) Refresh(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case res := <-r.refresh(ctx):
		return res.Err
	}
}

func (r *Resolver) readIndex(ctx context.Context) error {
	x := &index{at: r.now()}
	for token := ""; ; {
		var a struct {
			Experiments []experimentAnswer `json:"experiments"`
			Next        string             `json:"next_page_token"`
		}
		q := url.Values{"max_results": {pageSize}, "view_type": {"ALL"}, "order_by": {"experiment_id ASC"}}
		if token != "" {
			q.Set("page_token", token)
		}
		if err := r.ask(ctx, "experiments/search", q, &a); err != nil {
			return err
		}
		for _, e := range a.Experiments {
			if at := places(e.Location); !regular(e.ID, at) {
				x.irregular = append(x.irregular, irregular{e.ID, at})
			}
		}
		if token = a.Next; token == "" {
			r.index.Store(x)
			return nil
		}
	}
}
