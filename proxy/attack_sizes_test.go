package proxy_test

import (
	"fmt"
	"slices"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// A server that holds nothing but alice's things answers her as mlgate does,
// however odd the page size.
func TestPageSizesAnswerAsMLflowDoes(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	srv.Call(t, "POST", "experiments/delete", m{"experiment_id": "0"})
	for i := range 3 {
		srv.CreateExperiment(t, fmt.Sprintf("cv/%d", i))
		srv.CreateModel(t, fmt.Sprintf("cv.%d", i))
		srv.Call(t, "POST", "model-versions/create", m{"name": fmt.Sprintf("cv.%d", i), "source": "s3://bucket/x"})
	}
	g := newGate(t, srv.URL(), rules)
	compare := func(what, list, method, path string, body any) {
		t.Helper()
		status, direct := srv.Do(t, method, path, body)
		want, got := answer{Status: status, Body: direct}, g.do(t, "alice", method, path, body)
		if got.Status != status {
			t.Errorf("%s: got %d %s, want %d %s", what, got.Status, got.Body, status, direct)
			return
		}
		if status != 200 {
			if string(got.Body) != string(direct) {
				t.Errorf("%s: got %s, want %s", what, got.Body, direct)
			}
			return
		}
		a, b := onePage(t, list, got), onePage(t, list, want)
		if !slices.Equal(a, b) || (got.json(t)["next_page_token"] == nil) != (want.json(t)["next_page_token"] == nil) {
			t.Errorf("%s: got %s, want %s", what, got.Body, direct)
		}
	}
	for search, list := range map[string]string{"experiments": "experiments", "registered-models": "registered_models", "model-versions": "model_versions"} {
		most := map[string]int{"experiments": 50000, "registered-models": 1000, "model-versions": 200000}[search]
		for _, n := range []any{0, -1, 1, 2, 3, most, most + 1, "x", 1.5, "", "+2", "02", "2.0", "1e1", "9999999999999999999999", "0x2", "NaN", "-0"} {
			for _, extra := range []string{"", "&filter=name+LIKE+'cv%25'", "&filter=name+LIKE+'none%25'", "&filter=bogus", "&order_by=name"} {
				path := fmt.Sprintf("%s%s/search?max_results=%s%s", api, search, escape(fmt.Sprint(n)), extra)
				compare(path, list, "GET", path, nil)
			}
		}
		compare(search, list, "GET", api+search+"/search", nil)
	}
	for _, n := range []string{"0", "-1", "1", "50000", "50001", `"x"`, "1.5", "2.0", `""`, `"2"`, `"02"`, "1e1", "true", "null", "99999999999999999999"} {
		compare("POST "+n, "experiments", "POST", api+"experiments/search", `{"max_results":`+n+`}`)
	}
}

// onePage are the names on a page.
func onePage(t *testing.T, list string, a answer) []string {
	t.Helper()
	rows, _ := a.json(t)[list].([]any)
	var names []string
	for _, r := range rows {
		names = append(names, fmt.Sprint(r.(m)["name"]))
	}
	return names
}
