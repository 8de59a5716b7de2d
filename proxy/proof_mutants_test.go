package proxy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy"
	"mlgate/proxy/mlflowapi"
)

// stub is an upstream that gives one answer to everything.
func stub(t *testing.T, body string) string {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(up.Close)
	return up.URL
}

func withTable(table *mlflowapi.Table) func(*proxy.Options, *proxy.Snapshot) {
	return func(o *proxy.Options, _ *proxy.Snapshot) { o.Table = table }
}

// mutant is one change of one row.
type mutant struct {
	what   string
	change func(*mlflowapi.Endpoint)
	// param is the path parameter whose role is forgotten, in every row: rows
	// with one path share its name.
	param string
}

// mutants are all changes of a row that would open it or mislead a caller.
func mutants(e *mlflowapi.Endpoint) (all []mutant) {
	add := func(what string, change func(*mlflowapi.Endpoint)) {
		all = append(all, mutant{what: what, change: change})
	}
	if e.Action > mlflowapi.Read {
		add("action lowered", func(e *mlflowapi.Endpoint) { e.Action-- })
	}
	for i, tr := range e.Trims {
		add(fmt.Sprintf("trim of %s at %s dropped", tr.By, tr.At), func(e *mlflowapi.Endpoint) {
			e.Trims = slices.Delete(slices.Clone(e.Trims), i, i+1)
		})
	}
	if e.Special != mlflowapi.Plain {
		add("special dropped", func(e *mlflowapi.Endpoint) { e.Special = mlflowapi.Plain })
	}
	if e.Sift != nil {
		add("sift dropped", func(e *mlflowapi.Endpoint) { e.Sift = nil })
	}
	if e.Search != nil {
		add("search dropped", func(e *mlflowapi.Endpoint) { e.Search = nil })
	}
	if e.Echo != "" {
		add("echo dropped", func(e *mlflowapi.Endpoint) { e.Echo = "" })
	}
	if strings.Contains(e.Fields, ":tag") {
		add("creates toggled", func(e *mlflowapi.Endpoint) { e.Creates = !e.Creates })
	}
	words := strings.Fields(strings.NewReplacer("{", " { ", "}", " } ").Replace(e.Fields))
	for i, w := range words {
		put := func(what, now string) {
			if now == w {
				return
			}
			add(fmt.Sprintf("%s: %s", what, w), func(e *mlflowapi.Endpoint) {
				changed := slices.Clone(words)
				changed[i] = now
				e.Fields = strings.NewReplacer(" {", "{", "} ", "} ").Replace(strings.Join(changed, " "))
			})
		}
		name, rest, ok := strings.Cut(w, ":")
		if ok && strings.Contains(e.Paths[0], "{"+strings.TrimRight(name, "!")+"}") {
			continue // it must be what the path says: see [stage.contradicted]
		}
		if ok {
			marks := rest[strings.IndexFunc(rest+"!", func(r rune) bool { return strings.ContainsRune("!?~[/", r) }):]
			if strings.HasPrefix(marks, "/") {
				marks = strings.TrimLeft(marks, "/readitmng")
			}
			put("role forgotten", name+strings.NewReplacer("?", "", "~", "").Replace(marks))
		}
		put("link mark dropped", strings.Replace(w, "?", "", 1))
		put("narrow mark dropped", strings.Replace(w, "~", "", 1))
		put("field's action lowered", strings.Replace(w, "/edit", "/read", 1))
	}
	for _, p := range []string{"model_id", "trace_id", "request_id", "dataset_id", "issue_id"} {
		if strings.Contains(e.Paths[0], "{"+p+"}") {
			all = append(all, mutant{what: "path's role forgotten: " + p, change: func(*mlflowapi.Endpoint) {}, param: p})
		}
	}
	seen := map[string]int{}
	for i, u := range all { // a field's name may stand in a row twice
		if seen[u.what]++; seen[u.what] > 1 {
			all[i].what = fmt.Sprintf("%s (%d)", u.what, seen[u.what])
		}
	}
	return all
}

// apply builds the table with a row changed, and gives the row.
func (u mutant) apply(table *mlflowapi.Table, target *mlflowapi.Endpoint) (*mlflowapi.Table, error) {
	var rows []mlflowapi.Endpoint
	for _, e := range table.Rows() {
		row := *e
		if e == target {
			u.change(&row)
		}
		if u.param != "" {
			row.Paths = slices.Clone(row.Paths)
			for i := range row.Paths {
				row.Paths[i] = strings.ReplaceAll(row.Paths[i], "{"+u.param+"}", "{plain_"+u.param+"}")
			}
		}
		rows = append(rows, row)
	}
	return mlflowapi.TableOf(rows)
}

// judge runs the checks of a row, cheapest first, until one fails. What each role
// is answered about things of its own must be as usual.
func (st *stage) judge(t *testing.T, table *mlflowapi.Table, e *mlflowapi.Endpoint, all []reach, as []side, usual []int) []string {
	t.Helper()
	for _, check := range []func() []string{
		func() []string { return st.lesser(t, e.Action, all) },
		func() []string { return st.forged(t, e, all) },
		func() []string { return st.partly(t, e, all, as) },
		func() []string { return st.contradicted(t, e, all) },
		func() []string { return st.narrowed(t, e, all) },
		func() []string { return st.bare(t, e, all) },
		func() []string { return st.linking(t, e, all) },
		func() []string { return echoed(t, table, e.Echo, all) },
		func() []string {
			if got := st.able(t, e, all); usual != nil && !slices.Equal(got, usual) {
				return []string{fmt.Sprintf("roles are answered %v about their own, want %v", got, usual)}
			}
			return nil
		},
		func() []string {
			before := st.foreign(t)
			found, _ := st.smuggle(t, e, all)
			if d := before.Diff(st.foreign(t)); len(found) == 0 && d != "" {
				found = append(found, "moved: "+d)
			}
			return found
		},
	} {
		if found := check(); len(found) > 0 {
			return found
		}
	}
	return nil
}

// name tells a mutant from all others.
func (u mutant) name(e *mlflowapi.Endpoint) string {
	return fmt.Sprintf("%s %s: %s", strings.Join(e.Methods, ","), e.Name, u.what)
}

// oneMutant names the mutant that every gate of a test run has for its table.
const oneMutant = "TEST_MUTANT"

// tableOf is the table that a gate of these tests has.
func tableOf(t *testing.T) *mlflowapi.Table {
	t.Helper()
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	which := os.Getenv(oneMutant)
	if which == "" {
		return table
	}
	for _, e := range table.Rows() {
		for _, u := range mutants(e) {
			if u.name(e) == which {
				if table, err = u.apply(table, e); err != nil {
					t.Fatal(err)
				}
				return table
			}
		}
	}
	t.Fatalf("%s: no mutant is %q", oneMutant, which)
	return nil
}

// killedBy reports whether a test fails where a mutant is in the table.
func killedBy(t *testing.T, test, name string) bool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	test, version, _ := strings.Cut(test, " on ")
	cmd := exec.CommandContext(t.Context(), self, "-test.run", "^"+test+"$")
	cmd.Env = append(os.Environ(), oneMutant+"="+name, mutantRun+"=")
	if version != "" {
		cmd.Env = append(cmd.Env, "TEST_MLFLOW_VERSION="+version)
	}
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "no tests to run") || strings.Contains(string(out), "no mutant is") {
		t.Errorf("%s: %s", test, out)
	}
	return err != nil && strings.Contains(string(out), "--- FAIL: "+test)
}

// mutantRun asks for the mutants: they take minutes. Its value narrows them to
// the rows whose name holds it; "all" takes every row.
const mutantRun = "TEST_MUTANTS"

// A table with one thing wrong must be missed by a check, or the checks are too few.
func TestEveryMutantOfTheTableIsKilled(t *testing.T) {
	which := os.Getenv(mutantRun)
	if which == "" {
		t.Skipf("the mutants of the table take minutes: make mutants, or set %s=all", mutantRun)
	}
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	var st *stage
	var as []side
	total, killed, same := 0, 0, 0
	for _, e := range table.Rows() {
		all := tries(table, e)
		if !e.Open() || len(all) == 0 || (which != "all" && !strings.Contains(e.Name, which)) {
			continue
		}
		if st == nil || st.srv != storeFor(t, e) || len(st.judge(t, table, e, all, as, nil)) > 0 { // an earlier mutant may have broken the stage
			st = newStage(t, storeFor(t, e))
			as = st.entangled(t)
			if found := st.judge(t, table, e, all, as, nil); len(found) > 0 {
				t.Errorf("the checks fail without a mutant, so they prove nothing here: %s", found[0])
				continue
			}
		}
		usual, good := st.able(t, e, all), st.g
		for _, u := range mutants(e) {
			name := u.name(e)
			changed, err := u.apply(table, e)
			if err != nil {
				t.Logf("no table: %s: %v", name, err)
				continue
			}
			total++
			st.g = newGate(t, st.srv.URL(), rules, withTable(changed))
			found := st.judge(t, changed, e, all, as, usual)
			st.g.Close()
			st.g = good
			switch test, why := elsewhere[name], sameAs(name); {
			case len(found) > 0 && test+why != "":
				t.Errorf("killed, so it needs no mention any more: %s: %s", name, found[0])
			case len(found) > 0:
				killed++
				t.Logf("killed: %s: %.200s", name, found[0])
				if strings.Contains(found[0], "got 2") || strings.Contains(found[0], "moved:") {
					st = newStage(t, st.srv)
					as, good = st.entangled(t), st.g
				}
			case test != "" && killedBy(t, test, name):
				killed++
				t.Logf("killed: %s: %s", name, test)
			case why != "":
				same++
			default:
				t.Errorf("survived: %s", name)
			}
		}
	}
	if total == 0 {
		t.Errorf("%s=%s: no row that can be judged has this in its name", mutantRun, which)
	}
	fmt.Printf("mutants: %d, %d killed, %d behave as the table does, %d survived\n", total, killed, same, total-killed-same)
}
