package proxy_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// shelf is a set of names of a test's own: two prefixes, one with a denied
// part, and a foreign one between them.
type shelf struct{ a, b, foreign, rules string }

func newShelf() shelf {
	word := strings.ToLower(rand.Text()[:8])
	s := shelf{a: "a" + word, b: "b" + word, foreign: "f" + word}
	s.rules = strings.NewReplacer("A", s.a, "B", s.b).Replace(`p, user:alice, A/*, edit
p, user:both, A/*, edit
p, user:both, B/*, read
p, user:most, A/*, edit
p, user:most, A/x/*, read, deny
p, user:reader, A/e03, read
p, user:reader, A/e11, read
p, user:reader, B/e05, read
p, user:viewer, B/*, read
`)
	return s
}

// sees says what each user sees, apart from the code under test.
func (s shelf) sees(user, name string) bool {
	name = strings.ReplaceAll(name, ".", "/")
	inA, inB := strings.HasPrefix(name, s.a+"/"), strings.HasPrefix(name, s.b+"/")
	switch user {
	case "alice":
		return inA
	case "both":
		return inA || inB
	case "most":
		return inA && !strings.HasPrefix(name, s.a+"/x/")
	case "reader":
		return slices.Contains([]string{s.a + "/e03", s.a + "/e11", s.b + "/e05"}, name)
	}
	return false
}

// seed makes things called A/e00…, B/e00…, A/x/e00…, and as many foreign ones,
// some of which LIKE's wildcard would match too.
func (s shelf) seed(t *testing.T, srv *mlflowtest.Server, sep string, make func(name string)) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < 16; i += 4 {
				for _, prefix := range []string{s.a + "/", s.b + "/", s.foreign + "/", s.a + "/x/", s.a + "y/", s.a + "-"} {
					if i < 12 || prefix == s.a+"/" {
						make(strings.ReplaceAll(fmt.Sprintf("%se%02d", prefix, i), "/", sep))
					}
				}
			}
		})
	}
	wg.Wait()
}

// walk follows the pages of a search to the last, and says how long each was.
func walk(t *testing.T, list string, ask func(token string) answer) (names []string, sizes []int) {
	t.Helper()
	for token := ""; ; {
		a := ask(token)
		if a.Status != 200 {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
		var got map[string]json.RawMessage
		var rows []struct{ Name, Version string }
		if err := json.Unmarshal(a.Body, &got); err != nil {
			t.Fatal(err)
		}
		if got[list] != nil {
			if err := json.Unmarshal(got[list], &rows); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range rows {
			names = append(names, r.Name+r.Version)
		}
		sizes = append(sizes, len(rows))
		if token = ""; got["next_page_token"] != nil {
			json.Unmarshal(got["next_page_token"], &token)
		}
		if token == "" {
			return names, sizes
		}
		if len(sizes) > 100 {
			t.Fatal("the pages do not end")
		}
	}
}

// query is the path of a GET search.
func query(path string, args m) string {
	var b strings.Builder
	for k, v := range args {
		switch v := v.(type) {
		case []string:
			for _, s := range v {
				b.WriteString("&" + k + "=" + escape(s))
			}
		default:
			if s := fmt.Sprint(v); s != "" {
				b.WriteString("&" + k + "=" + escape(s))
			}
		}
	}
	return api + path + "?" + strings.TrimPrefix(b.String(), "&")
}

// comparePages holds each user's pages to what MLflow gives, filtered.
func (s shelf) comparePages(t *testing.T, srv *mlflowtest.Server, path, list string, size int, orders [][]string, filters []string) {
	g := newGate(t, srv.URL(), s.rules)
	for _, order := range orders {
		for _, filter := range filters {
			args := m{"max_results": 1000, "order_by": order, "filter": filter}
			all, _ := walk(t, list, func(token string) answer {
				args["page_token"] = token
				status, body := srv.Do(t, "GET", query(path, args), nil)
				return answer{Status: status, Body: body}
			})
			for _, user := range []string{"alice", "both", "most", "reader", "nobody"} {
				var want []string
				for _, name := range all {
					if s.sees(user, name) || list == "model_versions" && s.sees(user, name[:len(name)-1]) {
						want = append(want, name)
					}
				}
				if len(want) == 0 && user != "nobody" {
					t.Fatalf("%s sees nothing of %v: the test proves nothing", user, all)
				}
				own := m{"max_results": size, "order_by": order, "filter": filter}
				got, sizes := walk(t, list, func(token string) answer {
					own["page_token"] = token
					return g.do(t, user, "GET", query(path, own), nil)
				})
				if !slices.Equal(got, want) {
					t.Errorf("%s, order %v, filter %q:\n got %v\nwant %v", user, order, filter, got, want)
				}
				for i, n := range sizes {
					if i < len(sizes)-1 && n != size {
						t.Errorf("%s, order %v, filter %q: page sizes %v", user, order, filter, sizes)
						break
					}
				}
				if len(want) > 0 && sizes[len(sizes)-1] == 0 {
					t.Errorf("%s, order %v, filter %q: the last page is empty", user, order, filter)
				}
			}
		}
	}
}

func TestExperimentPagesAreFullAndInMLflowsOrder(t *testing.T) {
	t.Parallel()
	srv, s := live.Server(t), newShelf()
	s.seed(t, srv, "/", func(name string) { srv.CreateExperiment(t, name) })
	s.comparePages(t, srv, "experiments/search", "experiments", 7,
		[][]string{nil, {"name ASC"}, {"name DESC"}, {"creation_time ASC"}, {"last_update_time DESC", "name"}, {"experiment_id DESC"}},
		[]string{"", "name LIKE '%e0%'"})
}

func TestModelPagesAreFullAndInMLflowsOrder(t *testing.T) {
	t.Parallel()
	srv, s := live.Server(t), newShelf()
	s.seed(t, srv, ".", func(name string) { srv.CreateModel(t, name) })
	s.comparePages(t, srv, "registered-models/search", "registered_models", 7,
		[][]string{nil, {"name DESC"}, {"timestamp ASC"}}, []string{"", "name LIKE '%e0%'"})
}

func TestVersionPagesAreFullAndInMLflowsOrder(t *testing.T) {
	t.Parallel()
	srv, s := live.Server(t), newShelf()
	s.seed(t, srv, ".", func(name string) {
		srv.CreateModel(t, name)
		srv.Call(t, "POST", "model-versions/create", m{"name": name, "source": "s3://bucket/x"})
	})
	s.comparePages(t, srv, "model-versions/search", "model_versions", 7,
		[][]string{nil, {"name ASC"}, {"creation_timestamp DESC", "name"}}, []string{"", "name LIKE '%e0%'"})
}

func TestAdminsPagesAreMLflowsOwn(t *testing.T) {
	t.Parallel()
	srv, s := live.Server(t), newShelf()
	s.seed(t, srv, "/", func(name string) { srv.CreateExperiment(t, name) })
	g := newGate(t, srv.URL(), rules)
	path := query("experiments/search", m{"max_results": 9, "filter": "name LIKE '" + s.a + "%'"})
	_, want := srv.Do(t, "GET", path, nil)
	if a := g.do(t, "root", "GET", path, nil); string(a.Body) != string(want) {
		t.Errorf("got %s, want %s", a.Body, want)
	}
}
