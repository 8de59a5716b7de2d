package oidc_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imported lists what the Go files of a directory import, without tests.
func imported(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	var all []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The standard library has no dot in the first part of a path.
func foreign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") || first == "mlgate"
}

func TestOIDCReachesOnlyAuthAndTheProtocolLibraries(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string][]string{
		".": {
			"github.com/coreos/go-oidc/v3/oidc", "github.com/go-jose/go-jose/v4", "github.com/go-json-experiment/json",
			"golang.org/x/oauth2", "golang.org/x/sync/singleflight", "mlgate/auth",
		},
		"oidctest": {"github.com/go-jose/go-jose/v4"},
	} {
		got := slices.DeleteFunc(imported(t, dir), func(p string) bool { return !foreign(p) })
		if !slices.Equal(got, want) {
			t.Errorf("%s imports %q, want %q", dir, got, want)
		}
	}
}

func TestTheRelyingPartyDoesNotHoldTheTestProvider(t *testing.T) {
	t.Parallel()
	if slices.Contains(imported(t, "."), "mlgate/auth/oidc/oidctest") {
		t.Error("oidc imports oidctest: a provider without passwords would be in every build")
	}
}
