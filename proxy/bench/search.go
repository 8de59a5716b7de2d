package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// ceilingSearch is how long a narrowed search may take, against MLflow's own
	// time for the same page.
	ceilingSearch = 1.2
	pageSize      = 100
	// searchRounds are more than elsewhere: one search is short.
	searchRounds  = 15
	searchesATurn = 8
)

// seedScript fills a stopped or running server by SQL: through its API 5,000
// experiments take minutes. One in twenty is in cv/, another one in nlp/.
const seedScript = `import sqlite3, sys
db, n = sqlite3.connect(sys.argv[1], timeout=60), int(sys.argv[2])
def name(i, sep):
    team = {0: "cv", 1: "nlp"}.get(i % 20, "team%02d" % (i % 20))
    return "%s%sproject%d%smodel%05d" % (team, sep, i % 7, sep, i)
db.executemany("INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES (?, ?, ?, 'active', ?, ?)",
    [(i, name(i, "/"), "mlflow-artifacts:/%d" % i, 1763900000000 + i, 1763900000000 + i) for i in range(1, n + 1)])
db.executemany("INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)",
    [("owner", "team", i) for i in range(1, n + 1)])
db.executemany("INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES (?, ?, ?)",
    [(name(i, "."), 1763900000000 + i, 1763900000000 + i) for i in range(1, n + 1)])
db.commit()`

// search compares a narrowed search with MLflow's own for the same page.
func (b *bench) search(ctx context.Context) error {
	p, err := b.startPair(ctx, "search", func(s *server) error {
		out, err := exec.CommandContext(ctx, python, "-c", seedScript, s.database, strconv.Itoa(b.experiments)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("seed: %w\n%s", err, out)
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer p.stop()
	t := b.tests.table("Searching among other teams' things",
		fmt.Sprintf("A server with %d experiments and as many registered models, one in twenty of them in `cv/`; a page of %d, one caller at a time. Straight: the caller asks MLflow itself for `name LIKE 'cv/%%'`. Through mlgate the caller asks without a filter.", b.experiments, pageSize),
		"ms a search")
	type searcher struct{ name, user, filter string }
	for _, kind := range []struct {
		path, list, filter string
		floor              bool
	}{
		{"experiments/search", "experiments", "name LIKE 'cv/%'", true},
		{"registered-models/search", "registered_models", "name LIKE 'cv.%'", false},
	} {
		all := []searcher{
			{"straight, filtered", "", kind.filter}, {"mlgate, one prefix", "alice", ""},
			{"straight, all", "", ""}, {"mlgate, admin", "root", ""}, {"mlgate, two prefixes", "both", ""},
		}
		loads := make([]searching, len(all))
		for i, s := range all {
			query := url.Values{"max_results": {strconv.Itoa(pageSize)}}
			if s.filter != "" {
				query.Set("filter", s.filter)
			}
			loads[i] = searching{path: restAPI + kind.path + "?" + query.Encode(), list: kind.list, base: p.gate.url, user: s.user}
			if s.user == "" {
				loads[i].base = p.mlflow.url
			}
		}
		for _, same := range [][2]int{{0, 1}, {2, 3}} {
			if err := equalPages(ctx, loads[same[0]], loads[same[1]]); err != nil {
				return err
			}
		}
		got, err := turns(max(b.rounds, searchRounds), len(loads), func(i int) (float64, error) { return loads[i].time(ctx) })
		if err != nil {
			return err
		}
		name := func(i int) string { return kind.path + ", " + all[i].name }
		t.add(compared(name(0), got[0], got[0], "itself"))
		one := compared(name(1), got[1], got[0], "straight")
		if kind.floor {
			one = b.tests.atMost(one, ceilingSearch)
		}
		t.add(one)
		t.add(compared(name(2), got[2], got[0], "filtered"))
		t.add(compared(name(3), got[3], got[2], "straight, all"))
		t.add(compared(name(4), got[4], got[0], "filtered"))
	}
	return nil
}

// searching is one caller's search; with a body it is posted.
type searching struct{ path, list, base, user, body string }

// found is a row of an answer, and what tells it from the others: a name, or an
// id where things have no name.
type found struct {
	Name  string
	Trace string `json:"trace_id"`
	Info  struct {
		Model string `json:"model_id"`
	}
}

func (s searching) page(ctx context.Context) ([]string, error) {
	var headers []string
	if s.user != "" {
		headers = append(headers, "Authorization: "+basicAuth(s.user))
	}
	method, send := http.MethodGet, io.Reader(nil)
	if s.body != "" {
		method, send, headers = http.MethodPost, strings.NewReader(s.body), append(headers, "Content-Type: application/json")
	}
	status, body, err := ask(ctx, method, s.base+s.path, send, headers...)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s: got %d %s", s.path, status, body)
	}
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	var rows []found
	if err := json.Unmarshal(answer[s.list], &rows); err != nil {
		return nil, err
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Name + r.Trace + r.Info.Model
	}
	return names, nil
}

// time is the mean of a few searches in a row, in milliseconds.
func (s searching) time(ctx context.Context) (float64, error) {
	start := time.Now()
	for range searchesATurn {
		names, err := s.page(ctx)
		if err != nil {
			return 0, err
		}
		if len(names) != pageSize {
			return 0, fmt.Errorf("%s: a page of %d, want %d", s.path, len(names), pageSize)
		}
	}
	return float64(time.Since(start).Microseconds()) / 1000 / searchesATurn, nil
}

// equalPages makes sure that both searches find the same.
func equalPages(ctx context.Context, a, b searching) error {
	one, err := a.page(ctx)
	if err != nil {
		return err
	}
	other, err := b.page(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(one, other) {
		return fmt.Errorf("%s: the pages differ:\n%s\n%s", a.path, strings.Join(one, " "), strings.Join(other, " "))
	}
	return nil
}
