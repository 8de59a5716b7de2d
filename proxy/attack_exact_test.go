package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// startNamed starts a server with some experiments of names that have nothing
// in common, among 500 foreign ones, and gives a policy that names each of the
// first, and takes team007's away again.
func startNamed(t *testing.T, n int) (srv *mlflowtest.Server, policyText string) {
	t.Helper()
	srv = mlflowtest.Start(t)
	var names []string
	for i := range 500 {
		names = append(names, fmt.Sprintf("nlp/e%03d", i))
	}
	for i := range n {
		names = slices.Insert(names, i*7%len(names), fmt.Sprintf("team%03d/only", i))
	}
	var rows []seeded
	for i, name := range names {
		rows = append(rows, seeded{name, 1_700_000_000_000 + i/3, 1_700_000_000_000 + i*31%500})
	}
	seed(t, srv, rows)
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "p, user:reader, team%03d/only, manage\n", i)
	}
	return srv, b.String() + "p, user:reader, team007/only, read, deny\np, user:reader, late/only, manage\n"
}

// Fifty names without a prefix in common cost what one prefix costs.
func TestManyExactNamesCostNoCallEach(t *testing.T) {
	t.Parallel()
	srv, rules := startNamed(t, 50)
	g, c := newCountedGate(t, srv.URL(), rules)
	ask := func(args m) answer { return g.do(t, "reader", "GET", query("experiments/search", args), nil) }
	ask(m{"max_results": 7})
	if urls, _ := c.reset(); len(urls) > 64 {
		t.Errorf("the first page took %d requests", len(urls))
	}
	for _, order := range [][]string{nil, {"name DESC"}, {"last_update_time ASC"}} {
		args := m{"max_results": 1000, "order_by": order}
		all, _ := walk(t, "experiments", func(token string) answer {
			status, body := srv.Do(t, "GET", query("experiments/search", args), nil)
			return answer{Status: status, Body: body}
		})
		var want []string
		for _, name := range all {
			if strings.HasPrefix(name, "team") && name != "team007/only" {
				want = append(want, name)
			}
		}
		ask(m{"max_results": 7, "order_by": order}) // MLflow has judged the order
		c.reset()
		args["max_results"] = 7
		got, sizes := walk(t, "experiments", func(token string) answer {
			args["page_token"] = token
			return ask(args)
		})
		urls, rows := c.reset()
		if len(want) != 49 || !slices.Equal(got, want) || !slices.Equal(sizes, []int{7, 7, 7, 7, 7, 7, 7}) {
			t.Errorf("order %v: pages of %v:\n got %v\nwant %v", order, sizes, got, want)
		}
		if len(urls) > 2*len(sizes) || rows > 3*len(want) {
			t.Errorf("order %v: %d pages took %d requests and %d rows", order, len(sizes), len(urls), rows)
		}
	}
}

// What takes one of her names is found at once, if it did so through mlgate.
func TestAnExactNameThatIsTakenJustNowIsFound(t *testing.T) {
	t.Parallel()
	srv, rules := startNamed(t, 10)
	g := newGate(t, srv.URL(), rules)
	list := func() []string {
		names, _ := walk(t, "experiments", func(token string) answer {
			return g.do(t, "reader", "GET", query("experiments/search", m{"max_results": 100, "page_token": token}), nil)
		})
		return names
	}
	if got := list(); len(got) != 9 {
		t.Fatalf("got %v", got)
	}
	id, _ := g.do(t, "reader", "POST", api+"experiments/create", m{"name": "late/only"}).json(t)["experiment_id"].(string)
	if got := list(); len(got) != 10 || got[0] != "late/only" {
		t.Errorf("after it was created: %v", got)
	}
	gone := srv.Call(t, "GET", "experiments/get-by-name?experiment_name=team003/only", nil)["experiment"].(m)["experiment_id"]
	srv.Call(t, "POST", "experiments/update", m{"experiment_id": gone, "new_name": "nlp/moved"})
	if a := g.do(t, "reader", "POST", api+"experiments/update", m{"experiment_id": id, "new_name": "team003/only"}); a.Status != 200 {
		t.Fatalf("rename: got %d %s", a.Status, a.Body)
	}
	if got := list(); len(got) != 9 || got[0] != "team003/only" || slices.Contains(got, "late/only") {
		t.Errorf("after it was renamed: %v", got)
	}
}

// With more unknown names than are worth a call each, they are found in one
// list of all; with more than a page can ask about, it is one stream of all.
func TestHundredsOfExactNamesCostFewCalls(t *testing.T) {
	t.Parallel()
	srv, rules := startNamed(t, 240)
	g, c := newCountedGate(t, srv.URL(), rules)
	names, sizes := walk(t, "experiments", func(token string) answer {
		return g.do(t, "reader", "GET", query("experiments/search", m{"max_results": 100, "page_token": token}), nil)
	})
	if urls, _ := c.reset(); len(names) != 239 || len(sizes) != 3 || len(urls) > 12 {
		t.Errorf("%d names on pages of %v took %d requests", len(names), sizes, len(urls))
	}
}

// The experiment that every server has, and deleted ones, are found by name as
// all others are.
func TestExactNamesFindTheDefaultAndTheDeleted(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	gone := srv.CreateExperiment(t, "cv/gone")
	srv.CreateExperiment(t, "cv/other")
	srv.Call(t, "POST", "experiments/delete", m{"experiment_id": gone})
	g := newGate(t, srv.URL(), "p, user:reader, Default, read\np, user:reader, cv/gone, read\np, user:reader, cv/never, read\n")
	for view, want := range map[string][]string{"ACTIVE_ONLY": {"Default"}, "DELETED_ONLY": {"cv/gone"}, "ALL": {"cv/gone", "Default"}, "BOGUS": {"Default"}} {
		args := m{"max_results": 10, "view_type": view}
		status, direct := srv.Do(t, "POST", api+"experiments/search", args)
		a := g.do(t, "reader", "POST", api+"experiments/search", args)
		if got := onePage(t, "experiments", a); a.Status != status || !slices.Equal(got, want) {
			t.Errorf("%s: got %d %s, directly %d %s", view, a.Status, a.Body, status, direct)
		}
	}
}
