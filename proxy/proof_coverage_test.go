package proxy_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// writeCoverage makes the test write the page instead of comparing it.
const writeCoverage = "WRITE_COVERAGE"

// docs/coverage.md is what the table and the tests say, and nothing else.
func TestCoveragePageIsCurrent(t *testing.T) {
	t.Parallel()
	root, err := mlflowtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(root, "docs", "coverage.md")
	want := coverage(t, filepath.Join(root, "docs", "traps.csv"))
	if os.Getenv(writeCoverage) != "" {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil { //nolint:gosec // a page of the docs
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/coverage.md is not what the table says: run make coverage")
	}
}

// coverage words the page.
func coverage(t *testing.T, traps string) string {
	t.Helper()
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	named := trapTests(t, traps)
	var b strings.Builder
	b.WriteString(`# What is covered

Made from the endpoint table by ` + "`make coverage`" + `; a test holds it to the table.
*Since* is the first supported MLflow that has the endpoint; empty: MLflow itself
has it in none. *Trimmed* is what the answer loses where the caller cannot see it.
*Tests* are those that docs/traps.csv names for the endpoint, and *matrix*, which
stands for what is made from the table and the catalogue of calls:

`)
	for _, name := range []string{
		"TestForeignThingsAnswerNothingAndStayAsTheyAre", "TestNothingForeignMovesWhereverItsIDStands",
		"TestNothingMovesForWhoMayOnlyRead", "TestEachRoleDoesAllThatIsItsOwn",
	} {
		b.WriteString("- " + name + "\n")
	}
	b.WriteString(`
` + "`make mutants`" + ` changes each open row in each way that would open it (an action
lowered, a trim dropped, an id's role forgotten, …) and counts the changes that a
check misses.

| endpoint | methods | since | needs | trimmed | tests |
|---|---|---|---|---|---|
`)
	open := 0
	rows := table.Rows()
	for _, e := range rows {
		needs := e.Action.String() + " on " + e.Kind.String()
		var trimmed, tests []string
		if e.Open() {
			open++
			trimmed = trimmedOf(e)
			if len(tries(table, e)) > 0 {
				tests = append(tests, "matrix")
			}
		} else {
			needs = "shut"
		}
		for _, method := range e.Methods {
			tests = append(tests, named[method+" "+e.Name]...)
		}
		slices.Sort(tests)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", e.Name, strings.Join(e.Methods, " "), e.Since, needs, strings.Join(trimmed, ", "), strings.Join(slices.Compact(tests), " "))
	}
	fmt.Fprintf(&b, "\n%d endpoints: %d open, %d shut.\n", len(rows), open, len(rows)-open)
	return b.String()
}

// trimmedOf lists the members that name something which may be hidden.
func trimmedOf(e *mlflowapi.Endpoint) (list []string) {
	for _, tr := range e.Trims {
		list = append(list, "`"+strings.TrimPrefix(tr.At+"."+tr.By, ".")+"`")
	}
	if e.Search != nil || e.Sift != nil {
		list = append(list, "rows")
	}
	return list
}

// trapTests are the tests that docs/traps.csv names for each endpoint.
func trapTests(t *testing.T, path string) map[string][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string][]string{}
	for _, rec := range records {
		where := strings.Fields(rec[0])
		if len(where) < 3 {
			continue
		}
		for _, word := range strings.Fields(rec[2]) {
			if name := strings.Trim(word, ",;"); strings.HasPrefix(name, "Test") {
				key := strings.Join(where[1:3], " ")
				named[key] = append(named[key], name)
			}
		}
	}
	return named
}
