package mlflowapi

import (
	"slices"
	"testing"
)

func TestQueriesThatReadInTwoWaysAreRefused(t *testing.T) {
	t.Parallel()
	const getRun, history = "/api/2.0/mlflow/runs/get", "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
	for name, q := range map[string]struct{ path, query string }{
		"given twice":            {getRun, "run_id=" + mineRun + "&run_id=" + theirsRun},
		"given twice, alike":     {getRun, "run_id=" + mineRun + "&run_id=" + mineRun},
		"given twice by escape":  {getRun, "run_id=" + mineRun + "&%72un_id=" + theirsRun},
		"camelCase":              {getRun, "runId=" + theirsRun},
		"camelCase beside":       {getRun, "run_id=" + mineRun + "&runId=" + theirsRun},
		"case twin":              {getRun, "run_id=" + mineRun + "&RUN_ID=" + theirsRun},
		"semicolon":              {getRun, "x=1;run_id=" + mineRun},
		"semicolon behind":       {getRun, "run_id=" + mineRun + ";run_id=" + theirsRun},
		"names disagree":         {getRun, "run_id=" + mineRun + "&run_uuid=" + theirsRun},
		"no id":                  {getRun, ""},
		"empty id":               {getRun, "run_id="},
		"only separators":        {getRun, "?&&"},
		"bad escape":             {getRun, "run_id=%zz"},
		"bad UTF-8":              {getRun, "run_id=" + mineRun + "&x=%ff"},
		"plus is a blank":        {"/api/2.0/mlflow/experiments/get", "experiment_id=+2"},
		"escaped blank":          {"/api/2.0/mlflow/experiments/get", "experiment_id=%202"},
		"escaped plus":           {"/api/2.0/mlflow/experiments/get", "experiment_id=%2B2"},
		"leading zero":           {"/api/2.0/mlflow/experiments/get", "experiment_id=02"},
		"other digits":           {"/api/2.0/mlflow/experiments/get", "experiment_id=%D9%A2"},
		"id in a list not clean": {history, "run_id=" + mineRun + "&run_id=%20" + theirsRun + "&metric_key=m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readAt(newTestTable(t), "GET", q.path, q.query, "", "")
			wantBad(t, err)
		})
	}
}

func TestQueriesAreWrittenAnew(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for query, want := range map[string]string{
		"%72un_id=" + mineRun:                        "run_id=" + mineRun,
		"&&run_id=" + mineRun + "&x=1&":              "run_id=" + mineRun,
		"run_uuid=" + mineRun:                        "run_id=" + mineRun,
		"run_id=&run_uuid=" + mineRun:                "run_id=" + mineRun,
		"run_id=" + mineRun + "&run_uuid=" + mineRun: "run_id=" + mineRun,
	} {
		c, err := readAt(table, "GET", "/api/2.0/mlflow/runs/get", query, "", "")
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if r := c.Request(); r.Query != want || r.Body != nil {
			t.Errorf("%s: sends %q and body %q, want %q", query, r.Query, r.Body, want)
		}
	}
}

// FuzzReadQuery: what is taken is written so that it reads as the same again.
func FuzzReadQuery(f *testing.F) {
	f.Add("/api/2.0/mlflow/runs/get", "run_id="+mineRun)
	f.Add("/api/2.0/mlflow/runs/get", "%72un_uuid="+mineRun+"&x=%26run_id%3d")
	f.Add("/api/2.0/mlflow/registered-models/search", "filter=name+LIKE+%27a%25%27&order_by=name&order_by=timestamp+DESC&max_results=3")
	f.Add("/ajax-api/2.0/mlflow/metrics/get-history-bulk", "run_id="+mineRun+"&run_id="+theirsRun+"&metric_key=a%3Bb")
	table := newTestTable(f)
	f.Fuzz(func(t *testing.T, path, query string) {
		c, err := readAt(table, "GET", path, query, "", "")
		if err != nil || c.Endpoint.Args != InQuery {
			return
		}
		sent := c.Request().Query
		again, err := readAt(table, "GET", path, sent, "", "")
		if err != nil {
			t.Fatalf("%q reads as %q, which is refused: %v", query, sent, err)
		}
		if a, b := named(c), named(again); !slices.Equal(a, b) || again.Request().Query != sent {
			t.Fatalf("%q names %v; as sent, %q, %v", query, a, sent, b)
		}
	})
}
