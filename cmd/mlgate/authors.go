package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// authorReads bounds how many questions are under way at once: enough to be
// quick, few enough for a server that people work on.
const authorReads = 8

// runsSeen is how many of an experiment's latest runs tell who works in it.
const runsSeen = 50

// authors tells who seems to have made each experiment, by id, and each run seen
// on the way, by id. It is what clients said of themselves.
type authors struct {
	mu          sync.Mutex
	experiments map[string][]string
	runs        map[string]string
}

// authorsOf asks for the latest runs of each experiment.
func (inv *inventory) authorsOf(ctx context.Context, list []experiment) (*authors, error) {
	found := &authors{experiments: map[string][]string{}, runs: map[string]string{}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(authorReads)
	for _, e := range list {
		found.add(e.ID, valueOf(e.Tags, "mlflow.user"))
		group.Go(func() error { return inv.readRuns(ctx, e, found) })
	}
	return found, group.Wait()
}

func (inv *inventory) readRuns(ctx context.Context, e experiment, into *authors) error {
	var page struct {
		Runs []struct {
			Info struct {
				ID   string `json:"run_id"`
				User string `json:"user_id"`
			} `json:"info"`
			Data struct {
				Tags []tag `json:"tags"`
			} `json:"data"`
		} `json:"runs"`
	}
	body := map[string]any{"experiment_ids": []string{e.ID}, "max_results": runsSeen, "run_view_type": "ALL"}
	if err := inv.post(ctx, "runs/search", body, &page); err != nil {
		return fmt.Errorf("read who works in experiment %q: %w", e.Name, err)
	}
	for _, run := range page.Runs {
		user := valueOf(run.Data.Tags, "mlflow.user")
		if user == "" {
			user = run.Info.User
		}
		into.add(e.ID, user)
		into.setRun(run.Info.ID, user)
	}
	return nil
}

func (a *authors) add(experiment, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if user != "" && user != "unknown" && !slices.Contains(a.experiments[experiment], user) {
		a.experiments[experiment] = append(a.experiments[experiment], user)
	}
}

func (a *authors) setRun(run, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runs[run] = user
}

// ofModel tells who seems to have made a model's latest versions.
func (a *authors) ofModel(m model) []string {
	var list []string
	for _, v := range m.Latest {
		user := v.User
		if user == "" {
			user = a.runs[v.Run]
		}
		if user != "" && user != "unknown" && !slices.Contains(list, user) {
			list = append(list, user)
		}
	}
	return list
}

func valueOf(tags []tag, key string) string {
	for _, t := range tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}
