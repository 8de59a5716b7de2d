package mlflowapi

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

func newTestTable(t testing.TB) *Table {
	t.Helper()
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// mlflowRoute is one line of testdata/routes-….txt.
type mlflowRoute struct{ method, path string }

func readRoutes(t testing.TB, text string) []mlflowRoute {
	t.Helper()
	var routes []mlflowRoute
	for line := range strings.Lines(text) {
		method, path, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			t.Fatalf("bad line %q", line)
		}
		routes = append(routes, mlflowRoute{method, path})
	}
	return routes
}

// recordedRoutes are the routes of the newest recorded MLflow.
func recordedRoutes(t testing.TB) []mlflowRoute { return routesOf(t, mlflowtest.Pinned) }

func routesOf(t testing.TB, version string) []mlflowRoute {
	t.Helper()
	text, err := os.ReadFile("routes/" + version + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return readRoutes(t, string(text))
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// sample is an address that a template stands for.
func sample(template string) string { return parameter.ReplaceAllString(template, "x") }

// covers reports whether a row's template stands for a route of MLflow's. Only
// rows that are closed or open to admins alone may stand for a whole tree.
func covers(e *Endpoint, template, route string) bool {
	if outline(template) == outline(route) {
		return true
	}
	prefix, isTree := strings.CutSuffix(outline(template), "**")
	return isTree && (!e.Open() || e.ServerWide()) && strings.HasPrefix(outline(route), prefix)
}

// Each route finds one row (newTable refuses a second), and it is the one
// written for it, not a neighbour whose parameter happens to match.
func TestEveryRouteOfMLflowHasExactlyOneRow(t *testing.T) {
	t.Parallel()
	for version, least := range map[string]int{"2.22.5": 138, "3.1.4": 159, "3.17.2": 479} {
		routes := routesOf(t, version)
		if len(routes) < least {
			t.Errorf("%s: only %d routes were recorded", version, len(routes))
		}
		rows, release := newTestTable(t).For(version)
		if release != version {
			t.Errorf("%s gets the rows of %s", version, release)
		}
		checkRoutesHaveRows(t, rows, routes)
	}
}

func checkRoutesHaveRows(t *testing.T, table *Table, routes []mlflowRoute) {
	t.Helper()
	for _, r := range routes {
		m, _ := table.Find(r.method, sample(r.path))
		if m.Endpoint == nil {
			t.Errorf("%s %s has no row", r.method, r.path)
		} else if !covers(m.Endpoint, m.Template, r.path) {
			t.Errorf("%s %s finds the row of %s", r.method, r.path, m.Template)
		}
	}
}

// ownPaths are answered by mlgate though a stock server has no such route.
var ownPaths = map[string]string{
	"/api/2.0/mlflow/users/current":                  "MLflow's UI asks who is signed in",
	"/ajax-api/2.0/mlflow/users/current":             "MLflow's UI asks who is signed in",
	"/api/2.0/mlflow/users/update-password":          "its account page offers it",
	"/ajax-api/2.0/mlflow/users/update-password":     "its account page offers it",
	"/api/3.0/mlflow/users/current/permissions":      "its account page lists them",
	"/ajax-api/3.0/mlflow/users/current/permissions": "its account page lists them",
	"/api/3.0/mlflow/users/roles/list":               "its account page lists them",
	"/ajax-api/3.0/mlflow/users/roles/list":          "its account page lists them",
}

func TestNoRowNamesARouteThatMLflowLacks(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, version := range table.Releases() {
		routes := routesOf(t, version)
		rows, _ := table.For(version)
		for _, e := range rows.Rows() {
			for _, p := range e.Paths {
				for _, method := range e.Methods {
					has := slices.ContainsFunc(routes, func(r mlflowRoute) bool {
						return r.method == method && covers(e, p, r.path)
					})
					if own := ownPaths[p] != ""; has == own {
						t.Errorf("%s %s: MLflow %s has it: %v, mlgate's own: %v", method, p, version, has, own)
					}
				}
			}
		}
	}
}

// The whole table is the newest release's: a row of none would be let through
// everywhere as mlgate's own.
func TestEveryRowIsOfTheNewestReleaseOrMlgatesOwn(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	newest, _ := table.For(mlflowtest.Pinned)
	if len(newest.Rows()) != len(table.Rows()) {
		t.Errorf("%d rows, of which the newest MLflow has %d", len(table.Rows()), len(newest.Rows()))
	}
	for _, e := range table.Rows() {
		if own := ownPaths[e.Paths[0]] != ""; own != (e.Since == "") {
			t.Errorf("%s: since %q, mlgate's own: %v", e.Name, e.Since, own)
		}
	}
}

func TestAVersionGetsTheRowsOfTheNearestReleaseBeforeIt(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	if got := table.Releases(); !slices.Equal(got, []string{"2.22.5", "3.1.4", "3.17.2"}) {
		t.Errorf("got the releases %v", got)
	}
	for version, want := range map[string]string{
		"2.22.5": "2.22.5", "3.1.4": "3.1.4", "3.17.2": "3.17.2",
		"2.22.6": "2.22.5", "3.1.3": "2.22.5", "3.2.0": "3.1.4", "3.9.0": "3.1.4", "3.17.1": "3.1.4", "3.17": "3.1.4",
		"3.17.2rc1": "3.17.2", "3.17.2.dev0": "3.17.2", "3.18.0": "3.17.2", "10.0": "3.17.2",
		"1.30.0": "2.22.5", "2.9": "2.22.5", "": "3.17.2", "nightly": "3.17.2", "99999999999999999999.1": "3.17.2",
	} {
		if _, got := table.For(version); got != want {
			t.Errorf("%q gets the rows of %s, want %s", version, got, want)
		}
	}
	for route, want := range map[string]bool{
		"GET /api/2.0/mlflow/runs/get": true, "DELETE /api/2.0/mlflow/runs/get": false, "GET /api/3.0/mlflow/traces/{other_name}": true,
		"GET /api/3.0/mlflow/traces/invented": false, "GET /api/3.0/mlflow/mcp-servers/{name...}/versions": true, "GET /api/2.0/mlflow-artifacts/artifacts/new": false,
	} {
		method, path, _ := strings.Cut(route, " ")
		if table.Has(method, path) != want {
			t.Errorf("%s has a row: %v", route, !want)
		}
	}
	old, _ := table.For("2.22.5")
	for path, want := range map[string]bool{"/api/2.0/mlflow/runs/get": true, "/api/2.0/mlflow/users/current": true, "/api/3.0/mlflow/datasets/search": false} {
		if m, _ := old.Find("GET", path); (m.Endpoint != nil) != want {
			t.Errorf("2.22.5 has a row for %s: %v", path, !want)
		}
	}
}

// A tree of the router keeps one name for a parameter that several templates
// share, so templates that name it differently would get each other's.
func TestParametersKeepTheNamesOfTheirTemplate(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, e := range table.Rows() {
		for _, p := range e.Paths {
			m, _ := table.Find(e.Methods[0], sample(p))
			if m.Endpoint != e {
				t.Errorf("%s %s finds the row %v", e.Methods[0], p, m.Endpoint)
				continue
			}
			names := parameter.FindAllString(p, -1)
			for _, n := range names {
				n = strings.TrimSuffix(strings.Trim(n, "{}"), "...")
				if m.Params[n] != "x" {
					t.Errorf("%s: parameter %s is %q", p, n, m.Params[n])
				}
			}
			if len(names) != len(m.Params) {
				t.Errorf("%s: parameters %v", p, m.Params)
			}
		}
	}
}

func TestRowsAreWholeAndClosedOnesSayWhy(t *testing.T) {
	t.Parallel()
	for _, e := range newTestTable(t).Rows() {
		if len(e.Methods) == 0 || len(e.Paths) == 0 || e.Kind == NoKind {
			t.Errorf("%s: incomplete", e.Name)
		}
		for _, p := range e.Paths {
			if !strings.HasSuffix(strings.ReplaceAll(p, "...}", "}"), e.Name) {
				t.Errorf("%s is named after another path than %s", e.Name, p)
			}
		}
		if !e.Open() {
			if strings.HasSuffix(e.Closed, ".") || len(strings.Fields(e.Closed)) < 4 {
				t.Errorf("%s: %q is no reason", e.Name, e.Closed)
			}
			if e.Fields != "" || e.Trims != nil || e.Search != nil || e.Action != 0 {
				t.Errorf("%s is closed, and nothing of it may be read", e.Name)
			}
			continue
		}
		if wants := e.Action < Read || e.Action > Manage; wants != (e.ServerWide() || e.Kind == Gateway && e.Action == Use) {
			t.Errorf("%s: open with the action %v", e.Name, e.Action)
		}
		if e.Fields != "" && e.Args == NoArgs {
			t.Errorf("%s has fields and reads no arguments", e.Name)
		}
	}
}

// What reads may be sent again after a lost answer, what creates, deletes and
// restores may not (rule 8); GET never writes.
func TestOnlyHarmlessEndpointsAreRepeatable(t *testing.T) {
	t.Parallel()
	for _, e := range newTestTable(t).Rows() {
		if !e.Open() {
			continue
		}
		switch {
		case e.Action == Read && !e.Repeatable:
			t.Errorf("%s reads and is not repeatable", e.Name)
		case e.Repeatable && e.Special == StartTrace: // of the client's own id: twice leaves one
		case e.Repeatable && (e.Creates || e.Action == Manage):
			t.Errorf("%s is repeatable", e.Name)
		case e.ServerWide() && e.has("GET") != e.Repeatable:
			t.Errorf("%s is server-wide, and repeatable without being a GET", e.Name)
		case e.has("GET") && e.Action != Read && !e.ServerWide() && e.Kind != Gateway:
			t.Errorf("GET %s needs %v", e.Name, e.Action)
		case e.has("DELETE") && e.Repeatable && !e.Forgives:
			t.Errorf("DELETE %s is repeatable", e.Name)
		}
		isBody := e.Args == InBody
		if e.has("GET") && (isBody || len(e.Methods) > 1) {
			t.Errorf("%s: a GET needs a row whose arguments lie in the query", e.Name)
		}
		if e.Args == InQuery && !e.has("GET") {
			t.Errorf("%s: MLflow reads the query of GET alone", e.Name)
		}
	}
}

// An endpoint is found under both of MLflow's prefixes, and behaves the same.
func TestClientAndUIAddressesShareOneRow(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	for _, r := range recordedRoutes(t) {
		rest, ok := strings.CutPrefix(r.path, "/api/")
		if !ok {
			continue
		}
		a, _ := table.Find(r.method, sample(r.path))
		b, _ := table.Find(r.method, sample("/ajax-api/"+rest))
		if a.Endpoint != b.Endpoint {
			t.Errorf("%s %s: two rows", r.method, r.path)
		}
	}
}

func TestABadRowIsRefusedWhenTheTableIsBuilt(t *testing.T) {
	t.Parallel()
	row := func(change func(*Endpoint)) Endpoint {
		e := Endpoint{Name: "x", Methods: get, Paths: []string{"/x"}}
		change(&e)
		return e
	}
	for name, rows := range map[string][]Endpoint{
		"fields":    {row(func(e *Endpoint) { e.Fields = "a:nobody" })},
		"trims":     {row(func(e *Endpoint) { e.Trims = []Trim{{At: "x", By: "y", Is: "nobody"}} })},
		"one twice": {row(func(e *Endpoint) {}), row(func(e *Endpoint) { e.Name = "y" })},
		"same parameter": {
			row(func(e *Endpoint) { e.Paths = []string{"/x/{a}"} }), row(func(e *Endpoint) { e.Paths = []string{"/x/{b}"} }),
		},
	} {
		if _, err := newTable(rows); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
