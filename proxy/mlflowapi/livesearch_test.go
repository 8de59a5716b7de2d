package mlflowapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"mlgate/proxy/mlflowtest"
)

// The pages that mlgate puts together from several streams are in MLflow's
// order only if the rows say which order that is.
func TestSearchRowsSayWhatMLflowDoes(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	for i := range 11 { // a tenth and an eleventh: ids and versions sort as numbers
		srv.CreateExperiment(t, fmt.Sprintf("%c/%d", 'z'-i, i))
	}
	for _, name := range []string{"b.x", "A.x", "a_x"} {
		srv.CreateModel(t, name)
	}
	for i := range 11 {
		srv.CreateVersion(t, []string{"b.x", "A.x"}[min(1, i%5)], "s3://bucket/x", "")
	}
	for _, e := range newTestTable(t).Rows() {
		if e.Search == nil || !e.has("GET") {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			checkSearchLimits(t, srv, e)
			orders := []string{""}
			for key := range e.Search.Keys {
				orders = append(orders, key, key+" ASC", "`"+key+"` desc")
			}
			for _, order := range orders {
				checkSearchOrder(t, srv, e, order)
			}
		})
	}
}

func checkSearchLimits(t *testing.T, srv *mlflowtest.Server, e *Endpoint) {
	t.Helper()
	for most, want := range map[string]bool{
		"": e.Search.Default > 0, strconv.Itoa(e.Search.Most): true, strconv.Itoa(e.Search.Most + 1): false,
	} {
		q := url.Values{"max_results": {most}}
		if most == "" {
			q = url.Values{"filter": {""}}
		}
		status, answer := srv.Do(t, "GET", e.Paths[0]+"?"+q.Encode(), nil)
		if (status == 200) != want {
			t.Errorf("max_results=%q: %d %.200s", most, status, answer)
		}
	}
}

// checkSearchOrder compares MLflow's own order with that of the row.
func checkSearchOrder(t *testing.T, srv *mlflowtest.Server, e *Endpoint, clause string) {
	t.Helper()
	q, asked := url.Values{"max_results": {"100"}}, newList(nil)
	if clause != "" {
		q.Set("order_by", clause)
		asked = newList([]*value{newString(clause)})
	}
	status, answer := srv.Do(t, "GET", e.Paths[0]+"?"+q.Encode(), nil)
	if status != 200 {
		t.Errorf("MLflow does not sort by %q: %d %.200s", clause, status, answer)
		return
	}
	var got map[string]json.RawMessage
	var rows []json.RawMessage
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got[e.Search.List], &rows); err != nil || len(rows) < 3 {
		t.Fatalf("%d rows in %q: %v", len(rows), e.Search.List, err)
	}
	order, err := e.Search.orderOf(asked, true)
	if err != nil {
		t.Fatal(err)
	}
	sorted := make([]row, len(rows))
	for i, r := range rows {
		sorted[i] = row{raw: jsontext.Value(r), index: i, keys: sortValues(jsontext.Value(r), order)}
	}
	slices.Reverse(sorted)
	slices.SortFunc(sorted, func(a, b row) int {
		if a.before(&b, order) {
			return -1
		}
		return 1
	})
	for i, r := range sorted {
		if r.index != i {
			t.Errorf("order %q: MLflow's row %d stands at %d", clause, r.index, i)
			return
		}
	}
}
