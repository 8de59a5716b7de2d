package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// seeded is an experiment of a name, with the times it was made and changed.
type seeded struct {
	name             string
	created, updated int
}

// seed puts experiments into a server's database, of ids from 1000 on: to make
// thousands through MLflow takes minutes.
func seed(t *testing.T, srv *mlflowtest.Server, rows []seeded) {
	t.Helper()
	const most = 500 // so that a statement fits into an argument
	id := 1000
	for chunk := range slices.Chunk(rows, most) {
		var values []string
		for _, r := range chunk {
			values = append(values, fmt.Sprintf("(%[1]d,'%[2]s','mlflow-artifacts:/%[1]d','active',%[3]d,%[4]d,'default')", id, r.name, r.created, r.updated))
			id++
		}
		srv.Exec(t, "INSERT INTO experiments (experiment_id,name,artifact_location,lifecycle_stage,creation_time,last_update_time,workspace) VALUES "+strings.Join(values, ","), m{})
	}
}

// The cost follows what the caller may see, not what the server holds.
func TestSearchCostsAConstantAmong5000ForeignExperiments(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	var list []seeded
	for i := range 5000 {
		list = append(list, seeded{fmt.Sprintf("nlp/e%04d", i), 1_700_000_000_000 + i, 1_700_000_000_000 + i})
	}
	for i := range 10 {
		list = append(list, seeded{fmt.Sprintf("cv/e%d", i), 1_600_000_000_000 + i*100_000_000_000, 1_600_000_000_000 + i})
	}
	seed(t, srv, list)
	if got := len(srv.Call(t, "POST", "experiments/search", m{"max_results": 50000})["experiments"].([]any)); got != 5011 {
		t.Fatalf("the server holds %d experiments", got)
	}
	g, c := newCountedGate(t, srv.URL(), rules)
	for _, call := range []struct {
		name, user, body     string
		want, requests, rows int
	}{
		{"one prefix", "alice", `{"max_results":100}`, 10, 1, 10},
		{"one prefix, a filter", "alice", `{"max_results":100,"filter":"name LIKE '%e%'"}`, 10, 2, 11},
		{"the same filter again", "alice", `{"max_results":100,"filter":"name LIKE '%e%'"}`, 10, 1, 10},
		{"one prefix, small pages", "alice", `{"max_results":3}`, 3, 1, 4},
		{"one prefix, by name", "alice", `{"max_results":100,"order_by":["name DESC"]}`, 10, 2, 11},
		{"one prefix and a deny", "most", `{"max_results":100}`, 10, 1, 10},
		{"nothing", "nobody", `{"max_results":100}`, 0, 1, 0},
		{"two prefixes", "both", `{"max_results":20}`, 20, 2, 31},
	} {
		t.Run(call.name, func(t *testing.T) {
			a := g.do(t, call.user, "POST", api+"experiments/search", call.body)
			list, _ := a.json(t)["experiments"].([]any)
			if a.Status != 200 || len(list) != call.want {
				t.Fatalf("got %d with %d experiments: %s", a.Status, len(list), a.Body)
			}
			urls, rows := c.reset()
			if len(urls) > call.requests || rows > call.rows {
				t.Errorf("it took %d requests and %d rows, want at most %d and %d: %v", len(urls), rows, call.requests, call.rows, urls)
			}
		})
	}
	token, n := "", 0
	for {
		a := g.do(t, "both", "POST", api+"experiments/search", m{"max_results": 700, "page_token": token}).json(t)
		list, _ := a["experiments"].([]any)
		n += len(list)
		if token, _ = a["next_page_token"].(string); token == "" {
			break
		}
	}
	urls, rows := c.reset()
	if n != 5010 || rows > 3*5010 {
		t.Errorf("all pages of two prefixes: %d experiments by %d requests and %d rows", n, len(urls), rows)
	}
}
