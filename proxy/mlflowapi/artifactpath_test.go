package mlflowapi

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"mlgate/proxy/mlflowtest"
)

var ordinaryPaths = []string{
	"2/" + mineRun + "/artifacts/model/MLmodel", "a b.txt", "ü/日本.txt", "100%.txt", "100%2", "%zz", "a%", "1/x/a+b;c&d=e.txt",
	"why?.txt", "a?b?c", "1/a:b", "a;b/c", "[a]/$HOME/~x", "...", "a..b", ".hidden", "x@y,z!", "'\"`<>|*",
}

var oddPaths = []string{
	"", "/", "/2/x", "//2/x", "2/x/", "2//x", "./2/x", "2/./x", "2/x/.", "../2", "2/../3", "2/x/..", ".", "..",
	"%32/x", "%2532/x", "2%2fx", "2/%2e%2e/3", "%09", "a%0Ab", " 2/x", "2/x ", "\u00a02/x", "2/x\u3000", "\t2/x", "2\t/x", "2/x\n", "2\r/x", "2/x\x00", "2\x7f/x", "2/\u0085x",
	"2/x?", "2/x;", "2/x;?y", "2/x#", "2/x#y", "#", "?", ";", `2\x`, `..\2`, "file:/etc", "file:///etc", "FILE:2", "x:", "c:/2", "A:b", "http://h/2", "mlflow-artifacts:/2", ":2",
	"2/\xff", "\xc0\xae\xc0\xae/2",
}

func TestOrdinaryArtifactPathsSurvive(t *testing.T) {
	t.Parallel()
	for _, p := range ordinaryPaths {
		if got, err := CleanArtifactPath(p); err != nil || got != p {
			t.Errorf("%q: got %q, %v", p, got, err)
		}
	}
}

func TestArtifactPathsThatCouldBeReadTwiceAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range oddPaths {
		got, err := CleanArtifactPath(p)
		var bad *Error
		if !errors.As(err, &bad) || bad.Status != 400 {
			t.Errorf("%q: got %q, %v, want 400", p, got, err)
		}
	}
}

// MLflow is the judge: what is taken here, it reads as the very same path.
func TestMLflowReadsEveryPathThatIsTakenAsTheSame(t *testing.T) {
	t.Parallel()
	paths := append([]string{}, ordinaryPaths...)
	pieces := []string{"2", "a", "/", "/", ".", "..", "%", "%2", "32", "2e", "%25", ";", "?", ":", "#", "&", "=", "+", " ", "\t", "\\", "file", "http", "x", "é", "\u00a0", "\u2028", "\u0085", "[", "]", "@", "//", "?;", "~", "-", "_", "\ufeff", "℀", "\U0001f600"}
	r := rand.New(rand.NewPCG(1, 2))
	for len(paths) < 20_000 {
		var b strings.Builder
		for range 1 + r.IntN(9) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		if p, err := CleanArtifactPath(b.String()); err == nil {
			paths = append(paths, p)
		}
	}
	file := filepath.Join(t.TempDir(), "paths.json")
	text, err := json.Marshal(paths)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var got []*string
	for line := range strings.Lines(mlflowtest.Python(t, nil, "testdata/safe_path.py", file)) {
		if list, ok := strings.CutPrefix(line, "paths "); ok {
			if err := json.Unmarshal([]byte(list), &got); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(got) != len(paths) {
		t.Fatalf("got %d readings, want %d", len(got), len(paths))
	}
	for i, p := range paths {
		if got[i] == nil {
			t.Errorf("%q: MLflow refuses what was taken", p)
		} else if *got[i] != p {
			t.Errorf("%q: MLflow reads it as %q", p, *got[i])
		}
	}
}

func FuzzCleanArtifactPath(f *testing.F) {
	for _, p := range append(append([]string{}, ordinaryPaths...), oddPaths...) {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		got, err := CleanArtifactPath(p)
		if err != nil {
			return
		}
		if got != p || !utf8.ValidString(got) || path.Clean("/" + got)[1:] != got {
			t.Errorf("%q: got %q", p, got)
		}
		if again, err := url.PathUnescape(got); err == nil && again != got {
			t.Errorf("%q: decoding it once more gives %q", p, again)
		}
		if back, err := url.PathUnescape(escapePath(got)); err != nil || back != got {
			t.Errorf("%q: on the wire it is %q", p, escapePath(got))
		}
	})
}

func TestServedPathReadsURIsOfTheStoreAlone(t *testing.T) {
	t.Parallel()
	tests := []struct{ uri, host, path string }{
		{"mlflow-artifacts:/2/x", "", "2/x"}, {"mlflow-artifacts:/2/x/", "", "2/x"},
		{"mlflow-artifacts://host:5000/2/x", "host:5000", "2/x"}, {"mlflow-artifacts:/2/a b", "", "2/a b"},
		{"mlflow-artifacts:/", "", ""}, {"mlflow-artifacts:///2/x", "", ""}, {"mlflow-artifacts:2/x", "", ""}, {"MLFLOW-artifacts:/2/x", "", ""},
		{"mlflow-artifacts:/2/x?y", "", ""}, {"mlflow-artifacts:/2/x#y", "", ""}, {"mlflow-artifacts:/%32/x", "", ""}, {"mlflow-artifacts:/2/../3", "", ""},
		{"mlflow-artifacts://u:p@host/2/x", "", ""}, {"s3://b/2/x", "", ""}, {"/2/x", "", ""}, {"", "", ""},
	}
	for _, test := range tests {
		host, got, ok := ServedPath(test.uri)
		if ok != (test.path != "") || (ok && (got != test.path || host != test.host)) {
			t.Errorf("%q: got %q, %q, %v", test.uri, host, got, ok)
		}
	}
}

func TestArtifactHolderKnowsRunsAndLoggedModels(t *testing.T) {
	t.Parallel()
	tests := []struct{ path, id, root string }{
		{"2/" + mineRun + "/artifacts", mineRun, "2/" + mineRun + "/artifacts"},
		{"2/" + mineRun + "/artifacts/a/b", mineRun, "2/" + mineRun + "/artifacts"},
		{"foo/2/" + mineRun + "/artifacts/a", mineRun, "foo/2/" + mineRun + "/artifacts"},
		{"2/models/" + mineModel + "/artifacts/a", mineModel, "2/models/" + mineModel + "/artifacts"},
		{"2/" + mineRun + "/artifacts/" + theirsRun + "/artifacts/x", mineRun, "2/" + mineRun + "/artifacts"},
		{"2/" + mineRun, "", ""}, {"2", "", ""}, {mineRun + "/artifacts", "", ""}, {"2/x/artifacts/y", "", ""},
		{"2/" + mineModel + "/artifacts/a", "", ""}, {"2/traces/tr-" + mineRun + "/artifacts/traces.json", "", ""}, {"2/" + mineRun + "/Artifacts/x", "", ""},
	}
	for _, test := range tests {
		h, ok := ArtifactHolder(test.path)
		if ok != (test.id != "") || h.ID != test.id || h.Root != test.root {
			t.Errorf("%s: got %+v, %v", test.path, h, ok)
		}
	}
}

func TestEveryPathArgumentIsHeldToOneSpelling(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	tests := []struct{ method, path, query string }{
		{"GET", "/get-artifact", "run_id=" + mineRun + "&path="},
		{"GET", "/api/2.0/mlflow/artifacts/list", "run_id=" + mineRun + "&path="},
		{"POST", "/ajax-api/2.0/mlflow/upload-artifact", "run_uuid=" + mineRun + "&path="},
		{"GET", "/model-versions/get-artifact", "name=cv.m&version=1&path="},
		{"GET", "/ajax-api/2.0/mlflow/logged-models/" + mineModel + "/artifacts/files", "artifact_file_path="},
		{"GET", "/api/2.0/mlflow/logged-models/" + mineModel + "/artifacts/directories", "artifact_directory_path="},
		{"GET", "/api/2.0/mlflow-artifacts/artifacts", "path="},
	}
	for _, test := range tests {
		for _, p := range []string{"..", "a/../b", "%2e%2e/x", "%252e", "a\tb", "/etc", "a?", `a\b`, "#", " x", "file:/x"} {
			if _, err := readAt(table, test.method, test.path, test.query+url.QueryEscape(p), "", ""); !isBad(err) {
				t.Errorf("%s %q: got %v, want 400", test.path, p, err)
			}
		}
		for sent, want := range map[string]string{"": "", "a b/ü": "a b/ü", "dir/": "dir"} {
			c, err := readAt(table, test.method, test.path, test.query+url.QueryEscape(sent), "", "")
			if err != nil {
				t.Errorf("%s %q: %v", test.path, sent, err)
				continue
			}
			q, _ := url.ParseQuery(c.Request().Query)
			if got := q.Get("path") + q.Get("artifact_file_path") + q.Get("artifact_directory_path"); got != want {
				t.Errorf("%s %q: got %q upstream, want %q", test.path, sent, got, want)
			}
		}
	}
}

func TestArtifactPathsInTheAddressAreHeldToOneSpelling(t *testing.T) {
	t.Parallel()
	table := newTestTable(t)
	const store = "/api/2.0/mlflow-artifacts/artifacts/"
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		for _, p := range oddPaths {
			if method == "DELETE" && strings.HasSuffix(p, "/") || p == "" {
				continue
			}
			if _, err := readAt(table, method, store+p, "", "", ""); err == nil { // those with dots have no row
				t.Errorf("%s %q: it was taken", method, p)
			}
		}
	}
	c, err := readAt(table, "DELETE", store+"2/"+mineRun+"/artifacts/", "", "", "")
	if err != nil || c.Request().Path != store+"2/"+mineRun+"/artifacts" {
		t.Errorf("got %v, want a folder's closing slash dropped, as MLflow's client deletes", err)
	}
}

func isBad(err error) bool {
	var bad *Error
	return errors.As(err, &bad) && bad.Status == 400
}
