package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// guess is a search of logged models that is right about something that the
// rows do not show alice, and the same with a wrong guess.
type guess struct{ right, wrong m }

func filters(right, wrong string) guess { return guess{m{"filter": right}, m{"filter": wrong}} }

func orders(right, wrong string) guess {
	by := func(s string) m { return m{"order_by": []m{{"field_name": s, "ascending": false}}} }
	return guess{by(right), by(wrong)}
}

// Two of alice's logged models come from bob's run, his run measured a third,
// and that one is registered under his name: whatever she asks about that, she
// cannot tell a right guess from a wrong one.
func TestFiltersTellNothingOfWhatIsTrimmedFromLoggedModels(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	for range 2 {
		srv.LogModel(t, mine.exp, theirs.run, "elsewhere")
	}
	measured := srv.LogModel(t, mine.exp, mine.run, "measured")
	srv.Call(t, "POST", "runs/log-metric", m{"run_id": theirs.run, "key": "hidden", "value": 7, "timestamp": 1, "model_id": measured, "dataset_name": "theirset", "dataset_digest": "d"})
	srv.CreateVersion(t, theirs.model, "models:/"+measured, "")
	none, start, other := strings.Repeat("0", 32), theirs.run[:5], "zz"+theirs.run[:3]
	for _, c := range []guess{
		filters("source_run_id = '"+theirs.run+"'", "source_run_id = '"+none+"'"),
		filters("attributes.source_run_id = '"+theirs.run+"'", "attributes.source_run_id = '"+none+"'"),
		filters("`source_run_id` = '"+theirs.run+"'", "`source_run_id` = '"+none+"'"),
		filters("source_run_id LIKE '"+start+"%'", "source_run_id LIKE '"+other+"%'"),
		filters("source_run_id ILIKE '"+start+"%'", "source_run_id ILIKE '"+other+"%'"),
		filters("source_run_id != '"+theirs.run+"'", "source_run_id != '"+none+"'"),
		filters("source_run_id IN ('"+theirs.run+"')", "source_run_id IN ('"+none+"')"),
		filters("source_run_id NOT IN ('"+theirs.run+"')", "source_run_id NOT IN ('"+none+"')"),
		filters("name LIKE '%' AND source_run_id = '"+theirs.run+"'", "name LIKE '%' AND source_run_id = '"+none+"'"),
		filters("metrics.hidden > 6", "metrics.hidden > 8"),
		filters("metrics.`hidden` > 6", "metrics.`nothing` > 6"),
		filters("name LIKE '%' AND metrics.hidden = 7", "name LIKE '%' AND metrics.nothing = 7"),
		filters("tags.`mlflow.modelVersions` LIKE '%"+theirs.model+"%'", "tags.`mlflow.modelVersions` LIKE '%"+theirs.model+"zz%'"),
		filters("tags.mlflow.modelVersions ILIKE '%"+theirs.model[:8]+"%'", "tags.mlflow.modelVersions ILIKE '%zz"+theirs.model[:8]+"%'"),
		filters("tags.mlflow.modelVersions != '"+theirs.model+"'", "tags.mlflow.modelVersions != 'zz'"),
		{m{"datasets": []m{{"dataset_name": "theirset"}}}, m{"datasets": []m{{"dataset_name": "zz"}}}},
		{m{"datasets": []m{{"dataset_name": "theirset", "dataset_digest": "d"}}}, m{"datasets": []m{{"dataset_name": "theirset", "dataset_digest": "e"}}}},
		{m{"filter": "metrics.hidden > 0", "datasets": []m{{"dataset_name": "theirset"}}}, m{"filter": "metrics.hidden > 0", "datasets": []m{{"dataset_name": "zz"}}}},
		orders("metrics.hidden", "metrics.nothing"),
	} {
		for _, size := range []int{1, 2, 50} {
			right, wrong := siftWalk(t, g, mine.exp, size, c.right), siftWalk(t, g, mine.exp, size, c.wrong)
			if !slices.Equal(right, wrong) {
				t.Errorf("%v, pages of %d:\n    right %v\n    wrong %v", c.right, size, right, wrong)
			}
		}
	}
	for _, ascending := range []bool{true, false} {
		got := strings.Join(siftWalk(t, g, mine.exp, 1, m{"order_by": []m{{"field_name": "source_run_id", "ascending": ascending}}}), " ")
		if strings.Contains(got, "elsewhere") || !strings.Contains(got, "measured") {
			t.Errorf("in the order of their runs: %s", got)
		}
	}
	// What does not ask about hidden things finds everything; her own is found.
	all := []string{"elsewhere elsewhere measured lm-" + mine.secret}
	for _, c := range []struct {
		args m
		want []string
	}{
		{m{}, all},
		{m{"filter": "name LIKE '%e%' AND params.x != 'y'"}, nil},
		{m{"filter": "source_run_id = '" + mine.run + "'"}, []string{"measured lm-" + mine.secret}},
		{m{"filter": "metrics.loss > 0"}, []string{"lm-" + mine.secret}},
		{m{"order_by": []m{{"field_name": "creation_timestamp", "ascending": false}}}, []string{"measured elsewhere elsewhere lm-" + mine.secret}},
	} {
		got := siftWalk(t, g, mine.exp, 50, c.args)
		sorted := func(list []string) []string {
			words := strings.Fields(strings.Join(list, " "))
			slices.Sort(words)
			return words
		}
		if !slices.Equal(sorted(got), sorted(c.want)) {
			t.Errorf("%v: got %v, want %v", c.args, got, c.want)
		}
	}
}

// siftWalk gives what is on each page of a search of logged models.
func siftWalk(t *testing.T, g *gate, exp string, size int, args m) (pages []string) {
	t.Helper()
	body := m{"experiment_ids": []string{exp}, "max_results": size}
	for k, v := range args {
		body[k] = v
	}
	for {
		a := g.do(t, "alice", "POST", api+"logged-models/search", body)
		if a.Status != 200 || len(pages) > 20 {
			t.Fatalf("%v: got %d %s", body, a.Status, a.Body)
		}
		got := a.json(t)
		rows, _ := got["models"].([]any)
		var names []string
		for _, r := range rows {
			names = append(names, fmt.Sprint(r.(m)["info"].(m)["name"]))
		}
		pages = append(pages, strings.Join(names, " "))
		if body["page_token"], _ = got["next_page_token"].(string); body["page_token"] == "" {
			return pages
		}
	}
}

// What MLflow says about a list, it says with the ids that were sent, and its
// page tokens do not show which of them she cannot see.
func TestIDsInPlaceOfForeignOnesNeverShow(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	srv.LogModel(t, mine.exp, mine.run, "second")
	none := side{exp: "900000000000001", run: strings.Repeat("0", 32)}
	ids := func(s side) []string { return []string{s.exp, mine.exp} }
	search := func(s side, more m) answer {
		body := m{"experiment_ids": ids(s), "max_results": 1}
		for k, v := range more {
			body[k] = v
		}
		return g.do(t, "alice", "POST", api+"logged-models/search", body)
	}
	token, _ := search(theirs, nil).json(t)["next_page_token"].(string)
	if token == "" {
		t.Fatal("no second page")
	}
	if a := search(theirs, m{"page_token": token}); a.Status != 200 || !strings.Contains(string(a.Body), mine.lm) {
		t.Errorf("second page: got %d %s", a.Status, a.Body)
	}
	swapped := g.do(t, "alice", "POST", api+"logged-models/search", m{"experiment_ids": []string{mine.exp, theirs.exp}, "max_results": 1, "page_token": token})
	if swapped.Status != 400 {
		t.Errorf("the token with another list: got %d %s", swapped.Status, swapped.Body)
	}
	answers := map[string]answer{"token": {Body: []byte(unbase64(token))}, "swapped": swapped}
	for i, more := range []m{{"filter": "bogus"}, {"page_token": "bogus"}, {"order_by": []m{{"field_name": "bogus"}}}, {"filter": "name LIKE '%' AND", "page_token": token}, {"max_results": "x"}, {"max_results": -1}} {
		answers[fmt.Sprint("search", i)] = search(theirs, more)
	}
	r := func(method, path, body string) answer {
		return request{method, path, body}.send(t, g, "alice", fill(mine, theirs))
	}
	const ajax = "/ajax-api/2.0/mlflow/"
	answers["bulk"] = r("GET", ajax+"metrics/get-history-bulk?run_id=<RUN>&run_id=<run>&metric_key=loss", "")
	answers["bulk without key"] = r("GET", ajax+"metrics/get-history-bulk?run_id=<RUN>&run_id=<run>", "")
	answers["bulk, bad size"] = r("GET", ajax+"metrics/get-history-bulk?run_id=<RUN>&metric_key=loss&max_results=x", "")
	answers["interval"] = r("GET", "metrics/get-history-bulk-interval?run_ids=<RUN>&run_ids=<run>&metric_key=loss&max_results=5", "")
	answers["interval, bad size"] = r("GET", "metrics/get-history-bulk-interval?run_ids=<RUN>&metric_key=loss&max_results=x", "")
	answers["interval, bad steps"] = r("GET", "metrics/get-history-bulk-interval?run_ids=<RUN>&metric_key=loss&start_step=9&end_step=1&max_results=5", "")
	answers["runs"] = r("POST", "runs/search", `{"experiment_ids":["<EXP>","<exp>"],"max_results":1,"filter":"bogus"}`)
	answers["runs, bad token"] = r("POST", "runs/search", `{"experiment_ids":["<EXP>","<exp>"],"page_token":"bogus"}`)
	answers["datasets"] = r("POST", ajax+"experiments/search-datasets", `{"experiment_ids":["<EXP>"]}`)
	answers["many datasets"] = r("POST", ajax+"experiments/search-datasets", `{"experiment_ids":[`+strings.Repeat(`"<EXP>",`, 30)+`"<exp>"]}`)
	const traces = `{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<EXP>"}}]`
	answers["traces"] = r("POST", "/api/3.0/mlflow/traces/search", traces+`,"filter":"bogus"}`)
	answers["traces, bad token"] = r("POST", "/api/3.0/mlflow/traces/search", traces+`,"page_token":"bogus"}`)
	answers["trace metrics"] = r("POST", "/api/3.0/mlflow/traces/metrics", `{"experiment_ids":["<EXP>"],"view_type":"TRACES","metric_name":"bogus","aggregations":[{"aggregation_type":"COUNT"}]}`)
	answers["evaluation datasets"] = r("POST", "/api/3.0/mlflow/datasets/search", `{"experiment_ids":["<EXP>"],"filter_string":"bogus"}`)
	for name, a := range answers {
		body := string(a.Body)
		if strings.Contains(body, "21470836") || strings.Contains(body, "ffffffffffffffff") || strings.Contains(body, "mlgate") {
			t.Errorf("%s: got %d %s", name, a.Status, body)
		}
	}
	for _, more := range []m{nil, {"filter": "bogus"}, {"page_token": "bogus"}, {"max_results": "x"}} {
		a, b := search(theirs, more), search(none, more)
		if tokenless(t, a) != tokenless(t, b) {
			t.Errorf("%v: got %d %s, for no experiment %d %s", more, a.Status, a.Body, b.Status, b.Body)
		}
	}
}

// A dataset that serves two teams shows each the other's experiment nowhere.
func TestSharedDatasetsTellNothingOfTheirOtherExperiments(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	srv.Call(t, "POST", "/api/3.0/mlflow/datasets/create", m{"name": mine.secret, "experiment_ids": []string{theirs.exp, mine.exp}})
	for _, body := range []m{{}, {"experiment_ids": []string{mine.exp}}, {"experiment_ids": []string{mine.exp, theirs.exp}}} {
		a := g.do(t, "alice", "POST", "/api/3.0/mlflow/datasets/search", body)
		if a.Status != 200 || !strings.Contains(string(a.Body), mine.secret) || strings.Contains(string(a.Body), `"experiment_ids"`) {
			t.Errorf("%v: got %d %s", body, a.Status, a.Body)
		}
	}
}
