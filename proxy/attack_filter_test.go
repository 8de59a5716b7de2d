package proxy_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// escapes are filters that try to get out of the clause that stands before
// them, or that are bad alone and would be good behind it.
var escapes = []string{
	"name LIKE '%'", "name ILIKE '%'", "name != 'x'", "name LIKE '%' OR name LIKE '%'", "' OR 1=1", "' OR '1'='1", "name = 'x' OR 1=1", "1=1",
	"name = 'a' -- ", "name = 'a' --", "name LIKE '%' /* x */", "/* x */ name LIKE '%'", "name LIKE '%'; name LIKE '%'", "a; b", ";", "   ", "\t", "\n",
	"AND name LIKE '%'", "name LIKE '%' AND", "OR name LIKE '%'", "(name LIKE '%')", "name LIKE '%') OR (name LIKE '%'", "NOT name = 'x'", "name = 'a", `name = "a`,
	`name = "a" OR "b"`, "`name` LIKE '%'", `"name" LIKE '%'`, "name IN ('a', 'b')", "name NOT IN ('a')", "attribute.name LIKE '%'", "attributes.name LIKE '%'", "name LIKE 'nlp%'", "name LIKE '\\%'",
	"name", "name LIKE", "name LIKE '%' name LIKE '%'", "run_id = 'x'", "experiment_id = '1'", "tags.k LIKE '%'", "tags.`k` = 'x'", "tag.k != ''", "creation_time > 0", "name LIKE '%' AND 1=1", "UNION SELECT 1", "name = 'x' UNION SELECT * FROM experiments", "#", "name LIKE '%' # x", "--", "name LIKE '\u0000'", "name=''", "nаme = 'x'",
}

func TestFilterCannotBreakOutOfHerClause(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, search := range []string{"experiments/search", "registered-models/search", "model-versions/search"} {
		for i, filter := range append(slices.Clone(escapes), with.Replace("name = '<NAME>'"), with.Replace("name = '<MODEL>'"), with.Replace("run_id = '<RUN>'"), with.Replace("name LIKE '%' AND run_id = '<RUN>'")) {
			path := query(search, m{"max_results": 50, "filter": filter})
			status, alone := srv.Do(t, "GET", path, nil)
			for _, user := range [][]string{{"alice"}, {"alice", "both"}, {"most"}, {"alice", "nobody"}}[i%4] {
				a := g.do(t, user, "GET", path, nil)
				if status != 200 && (a.Status != status || string(a.Body) != string(alone)) {
					t.Errorf("%s: %s %q: got %d %s, want MLflow's own %d %s", user, search, filter, a.Status, a.Body, status, alone)
				}
				if status == 200 && a.Status != 200 && a.Status != 400 {
					t.Errorf("%s: %s %q: got %d %s", user, search, filter, a.Status, a.Body)
				}
				if user != "both" {
					theirs.unleaked(t, filter, a)
					if strings.Contains(string(a.Body), `"nlp`) {
						t.Errorf("%s: %s %q shows foreign names: %s", user, search, filter, a.Body)
					}
				}
				if a.Status != 200 && (strings.Contains(string(a.Body), "cv/%") || strings.Contains(string(a.Body), "cv.%") || strings.Contains(string(a.Body), "mlgate")) {
					t.Errorf("%s: %s %q echoes our clause: %s", user, search, filter, a.Body)
				}
			}
		}
	}
}

func TestBadSearchArgumentsGetMLflowsOwnAnswer(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	for _, search := range []string{"experiments/search", "registered-models/search", "model-versions/search"} {
		for _, args := range []m{
			{"max_results": -1}, {"max_results": 0}, {"max_results": 999999}, {"max_results": "x"}, {"max_results": 5, "order_by": []string{"nothing"}},
			{"max_results": 5, "order_by": []string{"name; DROP"}}, {"max_results": 5, "order_by": []string{"name SIDEWAYS"}},
		} {
			path := query(search, args)
			status, want := srv.Do(t, "GET", path, nil)
			if status == 200 {
				continue
			}
			if a := g.do(t, "alice", "GET", path, nil); a.Status != status || string(a.Body) != string(want) {
				t.Errorf("%s: got %d %s, want %d %s", path, a.Status, a.Body, status, want)
			}
		}
	}
}

func TestForgedAndForeignPageTokensAreRefused(t *testing.T) {
	t.Parallel()
	srv, s := live.Server(t), newShelf()
	s.seed(t, srv, "/", func(name string) { srv.CreateExperiment(t, name) })
	g := newGate(t, srv.URL(), s.rules)
	ask := func(user, path, token string) answer {
		return g.do(t, user, "GET", query(path, m{"max_results": 5, "page_token": token}), nil)
	}
	good := map[string]string{}
	for _, user := range []string{"alice", "both", "most", "reader"} {
		good[user], _ = ask(user, "experiments/search", "").json(t)["next_page_token"].(string)
	}
	if good["alice"] == "" || good["both"] == "" {
		t.Fatalf("no tokens: %v", good)
	}
	forged := []string{
		"x", "AAAA", base64.StdEncoding.EncodeToString([]byte(`{"offset": 0}`)), base64.StdEncoding.EncodeToString([]byte(`{"offset": 5}`)),
		good["alice"] + "A", good["alice"][1:], strings.ToUpper(good["alice"]), good["both"],
		base64.RawURLEncoding.EncodeToString([]byte(`{"e":"experiments/search","s":"","o":[0]}`)),
	}
	for _, token := range forged {
		if a := ask("alice", "experiments/search", token); a.Status != 400 {
			t.Errorf("token %q: got %d %s, want 400", token, a.Status, a.Body)
		}
	}
	if a := ask("alice", "registered-models/search", good["alice"]); a.Status != 400 {
		t.Errorf("a token of another search: got %d %s", a.Status, a.Body)
	}
	for _, other := range []string{"nobody", "viewer", "both"} { // who sees nothing, as many prefixes, more
		if a := ask(other, "experiments/search", good["alice"]); a.Status != 400 {
			t.Errorf("%s with another's token: got %d %s", other, a.Status, a.Body)
		}
	}
}

func TestListsOfManyShrinkToWhatIsVisible(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	const traces = "/api/3.0/mlflow/traces/search"
	for _, c := range []struct {
		request
		must string
	}{
		{request{"POST", "runs/search", `{"experiment_ids":["<EXP>","<exp>"]}`}, "<run>"},
		{request{"POST", "runs/search", `{"experiment_ids":["<exp>"],"filter":"run_id = '<RUN>' "}`}, ""},
		{request{"POST", "runs/search", `{"experiment_ids":[]}`}, ""},
		{request{"POST", "runs/search", `{}`}, ""},
		{request{"POST", "runs/search", `{"experiment_ids":["<EXP>","900000000000"],"run_view_type":"ALL"}`}, ""},
		{request{"POST", "logged-models/search", `{"experiment_ids":["<exp>","<EXP>"]}`}, "<lm>"},
		{request{"POST", "logged-models/search", `{"experiment_ids":["<EXP>"]}`}, ""},
		{request{"GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=<run>&run_id=<RUN>&metric_key=loss", ""}, "<run>"},
		{request{"GET", "metrics/get-history-bulk-interval?run_ids=<run>&run_ids=<RUN>&metric_key=loss&max_results=9", ""}, "<run>"},
		{request{"POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", `{"experiment_ids":["<exp>","<EXP>"]}`}, ""},
		{request{"POST", traces, `{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<exp>"}},{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<EXP>"}}]}`}, ""},
		{request{"POST", "/api/3.0/mlflow/traces/metrics", `{"experiment_ids":["<exp>","<EXP>"],"view_type":"TRACES","metric_name":"trace_count","aggregations":[{"aggregation_type":"COUNT"}]}`}, ""},
		{request{"POST", "/api/3.0/mlflow/datasets/search", `{}`}, ""},
		{request{"GET", "/api/3.0/mlflow/datasets/search", ""}, ""},
		{request{"POST", "/api/3.0/mlflow/datasets/search", `{"experiment_ids":["<EXP>","<exp>"]}`}, ""},
	} {
		for user, must := range map[string]string{"alice": with.Replace(c.must), "nobody": ""} {
			a := c.send(t, g, user, with)
			if a.Status >= 500 || a.Status != 200 && c.must != "" || !strings.Contains(string(a.Body), must) {
				t.Errorf("%s: %v: got %d %s", user, c.request, a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(c.path+c.body), a)
			if user == "nobody" && strings.Contains(string(a.Body), mine.secret) {
				t.Errorf("nobody: %v: got %s", c.request, a.Body)
			}
		}
	}
	for _, body := range []string{
		`{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<exp>"}},{"type":"MLFLOW_EXPERIMENT","mlflowExperiment":{"experimentId":"<EXP>"}}]}`,
		`{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<exp>","experimentId":"<EXP>"}}]}`,
		`{"locations":[{"type":"MLFLOW_EXPERIMENT"}]}`,
	} {
		if a := (request{"POST", traces, body}).send(t, g, "alice", with); a.Status != 400 {
			t.Errorf("%s: got %d %s, want 400", body, a.Status, a.Body)
		}
	}
}

// What lies in a foreign experiment is found neither by traces nor datasets.
func TestTracesAndDatasetsOfOthersStayUnseen(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, side := range []side{mine, theirs} {
		srv.Call(t, "POST", "/api/3.0/mlflow/datasets/create", m{"name": side.secret, "experiment_ids": []string{side.exp}})
		srv.Call(t, "POST", "/api/3.0/mlflow/traces", m{"trace": m{"trace_info": m{
			"trace_id": "tr-" + side.run, "trace_location": m{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": m{"experiment_id": side.exp}},
			"request_time": "2026-01-01T00:00:00Z", "state": "OK", "request_preview": side.secret,
		}}})
	}
	for _, r := range []request{
		{"POST", "/api/3.0/mlflow/datasets/search", `{}`}, {"GET", "/api/3.0/mlflow/datasets/search?max_results=50", ""},
		{"POST", "/api/3.0/mlflow/datasets/search", `{"experiment_ids":["<exp>","<EXP>"]}`},
		{"POST", "/api/3.0/mlflow/traces/search", `{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<exp>"}},{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<EXP>"}}]}`},
	} {
		a := r.send(t, g, "alice", with)
		if a.Status != 200 || !strings.Contains(string(a.Body), mine.secret) {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
		theirs.unleaked(t, with.Replace(r.body), a)
	}
}
