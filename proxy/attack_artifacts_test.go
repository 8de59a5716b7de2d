package proxy_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

const store = "/api/2.0/mlflow-artifacts/artifacts"

// disguised are spellings of a path in bob's experiment that some MLflow or
// some part of it reads as that path.
var disguised = []string{
	"<EXP>/<RUN>/artifacts/secret.txt", "./<EXP>/<RUN>/artifacts/secret.txt", "<EXP>%09/<RUN>/artifacts/secret.txt",
	"%20<EXP>/<RUN>/artifacts/secret.txt", "%09<EXP>/<RUN>/artifacts/secret.txt", "<EXP>/<RUN>/artifacts/secret.txt%3f",
	"<EXP>/<RUN>/artifacts/secret.txt%23x", "<EXP>%2f<RUN>/artifacts/secret.txt", "<EXP>%252f<RUN>/artifacts/secret.txt",
	"<EXP>/<RUN>/artifacts/secret%252etxt", "<EXP>/<RUN>/%2561rtifacts/secret.txt", "<EXP>//<RUN>/artifacts/secret.txt",
	"<EXP>/./<RUN>/artifacts/secret.txt", "<exp>/../<EXP>/<RUN>/artifacts/secret.txt", "<exp>%2f..%2f<EXP>%2f<RUN>/artifacts/secret.txt",
	"<exp>%252f..%252f<EXP>/<RUN>/artifacts/secret.txt", "<EXP>%0a/<RUN>/artifacts/secret.txt", "<EXP>%0d/<RUN>/artifacts/secret.txt",
	"%2f<EXP>/<RUN>/artifacts/secret.txt", "/<EXP>/<RUN>/artifacts/secret.txt", "<exp>%5c..%5c<EXP>/<RUN>/artifacts/secret.txt",
	"file:<EXP>/<RUN>/artifacts/secret.txt", "mlflow-artifacts:/<EXP>/<RUN>/artifacts/secret.txt", "<EXP>/<RUN>/artifacts/secret.txt/",
	"<exp>/<RUN>/artifacts/secret.txt", "<EXP>/<run>/artifacts/secret.txt", "0<EXP>/<RUN>/artifacts/secret.txt", "<EXP>%00/<RUN>/artifacts/secret.txt",
	"<EXP>/models/<LM>/artifacts/weights", "<EXP>/models/<LM>/artifacts/MLmodel", "<EXP>/models", "<EXP>",
}

func TestNoSpellingOfAnArtifactPathReachesForeignFiles(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for i, path := range disguised {
		base := []string{store, "/ajax-api/2.0/mlflow-artifacts/artifacts"}[i%2]
		for method, body := range map[string]string{"GET": "", "HEAD": "", "PUT": "evil", "DELETE": ""} {
			a := request{method, base + "/" + path, body}.send(t, g, "alice", with)
			if a.Status/100 != 4 {
				t.Errorf("%s %s: got %d %s", method, path, a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(path), a)
		}
		for _, list := range []string{"/api/2.0/mlflow-artifacts/artifacts?path=", "artifacts/list?run_id=<run>&path=", "/get-artifact?run_id=<run>&path=",
			"logged-models/<lm>/artifacts/directories?artifact_directory_path=", "/ajax-api/2.0/mlflow/logged-models/<lm>/artifacts/files?artifact_file_path=", "/model-versions/get-artifact?name=<model>&version=1&path="} {
			dir := strings.TrimSuffix(path, "/secret.txt")
			a := request{"GET", list + dir, ""}.send(t, g, "alice", with)
			theirs.unleaked(t, with.Replace(path), a)
			if a.Status == 200 && strings.Contains(string(a.Body), "secret.txt") {
				t.Errorf("GET %s%s: got %d %s", list, dir, a.Status, a.Body)
			}
		}
	}
	check()
}

func TestFilesAreWrittenNowhereButInHerRunsAndModels(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, user := range []string{"alice", "lead"} {
		for _, path := range []string{"99999/evil.txt", "evil.txt", "<exp>/evil.txt", "<exp>/models/evil.txt", "<exp>/<run>/evil.txt", "models/evil.txt", ".evil", "<exp>/<run>/artifacts", "<exp>%09/<run>/artifacts/evil.txt"} {
			if a := (request{"PUT", store + "/" + path, "evil"}).send(t, g, user, with); a.Status/100 != 4 {
				t.Errorf("%s: PUT %s: got %d %s", user, path, a.Status, a.Body)
			}
		}
		for _, path := range []string{".", "%2e", "", "/", "..", "*", "<exp>", "<exp>/", "<exp>/models", "<EXP>", "./", ".%2f", "%20", "%09", "%252e"} {
			if a := (request{"DELETE", store + "/" + path, ""}).send(t, g, user, with); a.Status/100 != 4 {
				t.Errorf("%s: DELETE %q: got %d %s", user, path, a.Status, a.Body)
			}
		}
	}
	for _, name := range []string{"99999", "evil.txt", "models", ".evil"} {
		if _, err := os.Stat(filepath.Join(srv.ArtifactDir(), name)); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if _, err := os.Stat(filepath.Join(srv.ArtifactDir(), theirs.exp, theirs.run, "artifacts", "secret.txt")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(srv.ArtifactDir(), mine.exp, mine.run, "artifacts", "secret.txt")); err != nil {
		t.Error(err)
	}
}

func TestListingWithoutAPathShowsNotTheWholeStore(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, q := range []string{"", "?", "?path=", "?path=.", "?path=./", "?path=/", "?path=%2e", "?path=%252e", "?path=&path=<EXP>", "?path=<exp>&path=<EXP>", "?path=%20", "?path=..", "?PATH=<EXP>", "?x=1"} {
		for _, user := range []string{"alice", "nobody", "both"} {
			a := request{"GET", store + q, ""}.send(t, g, user, with)
			if a.Status >= 500 || strings.Contains(string(a.Body), `"path"`) {
				t.Errorf("%s: GET %q: got %d %s", user, q, a.Status, a.Body)
			}
		}
	}
	if a := (request{"GET", store + "?path=<exp>/<run>/artifacts", ""}).send(t, g, "alice", with); !strings.Contains(string(a.Body), "secret.txt") {
		t.Errorf("her own: %d %s", a.Status, a.Body)
	}
}

// Blank, umlaut, percent, plus and semicolon stand in the names of real files.
func TestUnusualButHonestFileNamesSurvive(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	for sent, name := range map[string]string{
		"a%20b.txt": "a b.txt", "%C3%BC.txt": "ü.txt", "100%25.txt": "100%.txt", "a+b;c&d.txt": "a+b;c&d.txt", "deep/er/x": "deep/er/x", "a:b": "a:b", "..x": "..x", "%E6%97%A5": "日",
	} {
		path := store + "/<exp>/<run>/artifacts/n/" + sent
		if a := (request{"PUT", path, "content " + name}).send(t, g, "alice", with); a.Status != 200 {
			t.Errorf("PUT %s: got %d %s", sent, a.Status, a.Body)
		}
		if a := (request{"GET", path, ""}).send(t, g, "alice", with); a.Status != 200 || string(a.Body) != "content "+name {
			t.Errorf("GET %s: got %d %s", sent, a.Status, a.Body)
		}
		if _, err := os.Stat(filepath.Join(srv.ArtifactDir(), mine.exp, mine.run, "artifacts/n", name)); err != nil {
			t.Error(err)
		}
	}
}

// A page among the artifacts would act in the gate's origin with the rights of
// whoever opens it.
func TestArtifactsAreShownInASandbox(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	srv.PutArtifact(t, mine.exp+"/"+mine.run+"/artifacts/x.html", []byte("<script>alert(1)</script>"))
	srv.PutArtifact(t, mine.exp+"/models/"+mine.lm+"/artifacts/x.html", []byte("<script>alert(1)</script>"))
	for _, path := range []string{
		"/get-artifact?run_id=<run>&path=x.html", store + "/<exp>/<run>/artifacts/x.html", "/model-versions/get-artifact?name=<model>&version=1&path=x.html",
		"/ajax-api/2.0/mlflow/logged-models/<lm>/artifacts/files?artifact_file_path=x.html",
	} {
		a := request{"GET", path, ""}.send(t, g, "alice", with)
		if a.Status != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Security-Policy"), "sandbox") || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got %d %v", path, a.Status, a.Header)
		}
	}
}

func TestRangesAndETagsPass(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	r := request{"GET", store + "/<exp>/<run>/artifacts/secret.txt", ""}
	a := r.send(t, g, "alice", with, "Range", "bytes=0-5")
	if a.Status != 206 || string(a.Body) != mine.secret[:6] {
		t.Errorf("got %d %q", a.Status, a.Body)
	}
	if tag := a.Header.Get("ETag"); tag == "" {
		t.Error("no ETag")
	}
}
