package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mlgate/proxy"
)

// crowd notes how many requests are upstream at the same time.
type crowd struct {
	next     http.RoundTripper
	mu       sync.Mutex
	at, most int
	all      int
}

func (c *crowd) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.at, c.all = c.at+1, c.all+1
	c.most = max(c.most, c.at)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.at--
		c.mu.Unlock()
	}()
	time.Sleep(2 * time.Millisecond)
	return c.next.RoundTrip(r)
}

func (c *crowd) reset() (most, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most, all, c.most, c.all = c.most, c.all, 0, 0
	return most, all
}

// What a list costs is bounded, whatever stands in it.
func TestLongListsAreBounded(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	c := &crowd{next: proxy.NewTransport(nil)}
	g := newGate(t, srv.URL(), rules, func(o *proxy.Options, _ *proxy.Snapshot) { o.Transport = c })
	mine := plant(t, srv, "cv")
	runs := func(n int) []string {
		ids := []string{mine.run}
		for i := 1; i < n; i++ {
			ids = append(ids, fmt.Sprintf("%032x", i))
		}
		return ids
	}
	experiments := func(n int) string {
		ids := []string{`"` + mine.exp + `"`}
		for i := 1; i < n; i++ {
			ids = append(ids, fmt.Sprintf(`"%d"`, 800000000+i))
		}
		return "[" + strings.Join(ids, ",") + "]"
	}
	locations := func(n int) string {
		one := `{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"` + mine.exp + `"}}`
		return "[" + strings.Repeat(one+",", n-1) + one + "]"
	}
	graph := func(n int) string {
		return `{"query":"query q($data: MlflowSearchRunsInput!){mlflowSearchRuns(input:$data){runs{info{runId}}}}","variables":{"data":{"experimentIds":` + experiments(n) + `}}}`
	}
	bulk, interval := "/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=loss&run_id=", "metrics/get-history-bulk-interval?metric_key=loss&max_results=9&run_ids="
	for _, r := range []struct {
		request
		status, most, all int
	}{
		{request{"GET", bulk + strings.Join(runs(100), "&run_id="), ""}, 200, 8, 102},
		{request{"GET", bulk + strings.Join(runs(101), "&run_id="), ""}, 400, 0, 0},
		{request{"GET", bulk + strings.Join(runs(3000), "&run_id="), ""}, 400, 0, 0},
		{request{"GET", interval + strings.Join(runs(100), "&run_ids="), ""}, 200, 8, 102},
		{request{"GET", interval + strings.Join(runs(101), "&run_ids="), ""}, 400, 0, 0},
		{request{"POST", "runs/search", `{"experiment_ids":` + experiments(1000) + `}`}, 200, 1, 4},
		{request{"POST", "runs/search", `{"experiment_ids":` + experiments(10001) + `}`}, 400, 0, 0},
		{request{"POST", "logged-models/search", `{"experiment_ids":` + experiments(1000) + `}`}, 200, 1, 4},
		{request{"POST", "logged-models/search", `{"experiment_ids":` + experiments(10001) + `}`}, 400, 0, 0},
		{request{"POST", "/api/3.0/mlflow/traces/search", `{"locations":` + locations(10001) + `}`}, 400, 0, 0},
		{request{"POST", "/api/3.0/mlflow/datasets/search", `{"experiment_ids":` + experiments(10001) + `}`}, 400, 0, 0},
		{request{"POST", gql, graph(1000)}, 200, 1, 4},
		{request{"POST", gql, graph(10001)}, 400, 0, 0},
	} {
		c.reset()
		a := r.send(t, g, "alice", fill(mine, mine))
		most, all := c.reset()
		if a.Status != r.status || most > r.most || all > r.all {
			t.Errorf("%s %.100s %.60s: got %d %.300s, by %d requests, %d of them at a time", r.method, r.path, r.body, a.Status, a.Body, all, most)
		}
		if a.Status == 400 && !strings.Contains(string(a.Body), "ask in several calls") {
			t.Errorf("%.100s: %s", r.path, a.Body)
		}
		if a.Status == 200 && !strings.Contains(string(a.Body), mine.run) && !strings.Contains(string(a.Body), mine.lm) {
			t.Errorf("%.100s: hers is missing: %s", r.path, a.Body)
		}
	}
}
