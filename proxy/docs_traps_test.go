package proxy_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// traps reads docs/traps.csv: source, trap, test.
func traps(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open("../docs/traps.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = 3
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows[0], []string{"source", "trap", "test"}) {
		t.Fatalf("the header is %v", rows[0])
	}
	return rows[1:]
}

// testFunctions are the names of all tests in the tree.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names[fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEveryTrapHasATestThatExists(t *testing.T) {
	t.Parallel()
	tests, rows, seen := testFunctions(t), traps(t), map[string]bool{}
	if len(rows) < 200 {
		t.Errorf("only %d traps", len(rows))
	}
	for _, row := range rows {
		if !tests[row[2]] {
			t.Errorf("%s, %q: there is no test %s", row[0], row[1], row[2])
		}
		key := row[0] + "\x00" + row[1] + "\x00" + row[2]
		if seen[key] || row[1] == "" {
			t.Errorf("%v stands twice or says nothing", row)
		}
		seen[key] = true
	}
}

// mapped is what is read of an entry of the map of MLflow's endpoints.
type mapped struct {
	Endpoint       string
	Methods, Paths []string
	Traps          []string
}

var segment = regexp.MustCompile(`\{[^}]*\}`)

// The map lies outside the repository; where it is there, no trap that it
// lists for an open endpoint may be missing.
func TestEveryTrapOfAnOpenEndpointIsListed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../shared/mlflow/api-map.json")
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var entries []mapped
	if err := json.Unmarshal(text, &entries); err != nil {
		t.Fatal(err)
	}
	table, err := mlflowapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	listed, checked := map[string]bool{}, 0
	for _, row := range traps(t) {
		words := strings.Fields(row[0])
		listed[words[len(words)-1]+"\x00"+row[1]] = true
	}
	for _, e := range entries {
		if !e.open(table) {
			continue
		}
		for _, trap := range e.Traps {
			checked++
			if !listed[strings.TrimPrefix(e.Endpoint, "mlflow/")+"\x00"+trap] {
				t.Errorf("%s: the trap %q is not listed", e.Endpoint, trap)
			}
		}
	}
	if checked < 150 {
		t.Errorf("only %d traps were compared", checked)
	}
}

// open reports whether mlgate lets any of the entry's calls through.
func (e mapped) open(table *mlflowapi.Table) bool {
	for _, method := range e.Methods {
		for _, path := range e.Paths {
			m, _ := table.Find(method, segment.ReplaceAllString(path, "x"))
			if m.Endpoint != nil && m.Endpoint.Open() {
				return true
			}
		}
	}
	return false
}
