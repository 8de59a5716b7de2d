package mlflowapi_test

import (
	"net/url"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// MLflow serves any path of its store to everybody; these are the attacks that
// this opens, each made on a real server.
func TestArtifactPathsOnARealServer(t *testing.T) {
	t.Parallel()
	g := newFilesGate(t, grants{
		"experiment:cv/": mlflowapi.Manage, "experiment:work/": mlflowapi.Edit, "experiment:shared/": mlflowapi.Read, "model:pub": mlflowapi.Read,
	})
	p := paths{g, seedTeam(t, g.srv, "cv/a", "alice"), seedTeam(t, g.srv, "work/a", "bob"), seedTeam(t, g.srv, "shared/a", "bob"), seedTeam(t, g.srv, "nlp/a", "eve")}
	t.Run("what is the caller's is read and listed", p.ownIsRead)
	t.Run("what is not visible reads as what is missing", p.theirsIsMissing)
	t.Run("no odd spelling reads another's file", p.oddSpellings)
	t.Run("Default is refused by name", p.defaultIsRefused)
	t.Run("the readers of a model read its files and no more", p.modelReaders)
	t.Run("nothing is written outside one's own runs and models", p.writes)
	t.Run("nothing is deleted above a run's artifacts", p.deletes)
	t.Run("who created a run deletes its artifacts", p.creators)
	t.Run("a second location on the same path asks for both", p.overlaps)
}

type paths struct {
	*filesGate
	mine, work, shared, theirs team
}

func (p paths) wants(t *testing.T, method, path, body string, status int, says string) {
	t.Helper()
	got, answer := p.send(t, method, store+"/"+path, "", body)
	if got != status || !strings.Contains(answer, says) {
		t.Errorf("%s %q: got %d %s, want %d %s", method, path, got, answer, status, says)
	}
}

func (p paths) lists(t *testing.T, path, says string) {
	t.Helper()
	status, answer := p.send(t, "GET", store, "path="+url.QueryEscape(path), "")
	if status != 200 || (says == "") != (strings.TrimSpace(answer) == "{}") || !strings.Contains(answer, says) {
		t.Errorf("list %q: got %d %s, want %q", path, status, answer, says)
	}
}

func (p paths) ownIsRead(t *testing.T) {
	for _, e := range []team{p.mine, p.work, p.shared} {
		p.wants(t, "GET", e.file, "", 200, "of ")
		p.wants(t, "GET", e.modelFile, "", 200, e.logged)
		p.wants(t, "GET", e.trace, "", 200, "trace of ")
		p.lists(t, e.exp+"/"+e.run+"/artifacts", "model")
		p.lists(t, e.exp+"/"+e.run+"/artifacts/model/", "a.txt")
		p.lists(t, e.exp+"/"+e.run+"/artifacts/nothing", "")
	}
}

func (p paths) theirsIsMissing(t *testing.T) {
	missing := p.exp(nowhere, p.theirs.file)
	_, nothing := p.send(t, "GET", store+"/"+missing, "", "")
	_, theirs := p.send(t, "GET", store+"/"+p.theirs.file, "", "")
	if want := strings.ReplaceAll(nothing, missing, p.theirs.file); theirs != want || !strings.Contains(theirs, "No such artifact: '"+p.theirs.file+"'") {
		t.Errorf("got %s\nwant %s", theirs, want)
	}
	_, own := p.send(t, "GET", store+"/"+p.mine.exp+"/missing", "", "")
	if want := strings.ReplaceAll(own, p.mine.exp+"/missing", p.theirs.file); theirs != want {
		t.Errorf("another's file: %s\nan own missing one: %s", theirs, own)
	}
	for _, path := range []string{p.theirs.modelFile, p.theirs.trace, p.theirs.exp, nowhere + "/x", "rootfile.txt", p.theirs.exp + `/qu"ote'`} {
		p.wants(t, "GET", path, "", 404, "RESOURCE_DOES_NOT_EXIST")
	}
	for _, path := range []string{"", "/", p.theirs.exp, p.theirs.exp + "/" + p.theirs.run + "/artifacts", p.theirs.exp + "/models", nowhere, "x"} {
		p.lists(t, path, "")
	}
	if status, answer := p.send(t, "GET", store, "", ""); status != 200 || strings.TrimSpace(answer) != "{}" {
		t.Errorf("list the root: got %d %s", status, answer)
	}
}

func (p paths) exp(id, path string) string {
	_, rest, _ := strings.Cut(path, "/")
	return id + "/" + rest
}

func (p paths) oddSpellings(t *testing.T) {
	rest := strings.TrimPrefix(p.theirs.file, p.theirs.exp)
	id := p.theirs.exp
	for _, path := range []string{
		"%3" + id + rest, "%253" + id + rest, "./" + id + rest, " " + id + rest, id + "\t" + rest, id + "\r" + rest, "\x01" + id + rest,
		p.theirs.file + "?", p.theirs.file + "#", p.theirs.file + ";", p.theirs.file + "%3f", p.theirs.file + "#x", "/" + p.theirs.file, "//" + p.theirs.file,
		p.mine.exp + "/../" + p.theirs.file, p.mine.exp + "/%2e%2e/" + p.theirs.file, p.mine.exp + "/.%2e/" + p.theirs.file, p.mine.exp + `\..\` + p.theirs.file,
		"0" + p.theirs.file, "+" + p.theirs.file, "file:" + p.theirs.file, "file:///" + p.theirs.file, "../artifacts/" + p.theirs.file,
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if status, answer := p.send(t, method, store+"/"+path, "", ourBytes); status < 400 || strings.Contains(answer, "of nlp") {
				t.Errorf("%s %q: got %d %s", method, path, status, answer)
			}
		}
		if status, answer := p.send(t, "GET", store, "path="+url.QueryEscape(path), ""); strings.Contains(answer, "is_dir") {
			t.Errorf("list %q: got %d %s", path, status, answer)
		}
	}
	if _, kept := p.srv.Do(t, "GET", store+"/"+p.theirs.file, nil); string(kept) != "of nlp/a" {
		t.Errorf("their file now holds %q", kept)
	}
}

func (p paths) defaultIsRefused(t *testing.T) {
	run := p.srv.CreateRun(t, "0")
	file := "0/" + run + "/artifacts/x"
	p.srv.PutArtifact(t, file, []byte("x"))
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		p.wants(t, method, file, "", 403, `experiment "Default"`)
	}
	if status, answer := p.send(t, "GET", store, "path=0", ""); status != 403 {
		t.Errorf("list 0: got %d %s", status, answer)
	}
}

func (p paths) modelReaders(t *testing.T) {
	theirs, hidden := seedTeam(t, p.srv, "nlp/pub", "eve"), p.theirs
	for _, name := range []string{"pub.m", "nlp.m"} {
		p.srv.CreateModel(t, name)
	}
	p.srv.Call(t, "POST", "model-versions/create", obj{"name": "pub.m", "source": "models:/" + theirs.logged, "model_id": theirs.logged})
	p.srv.Call(t, "POST", "model-versions/create", obj{"name": "nlp.m", "source": "models:/" + hidden.logged, "model_id": hidden.logged})
	p.srv.CreateVersion(t, "pub.m", "mlflow-artifacts:/"+theirs.exp+"/"+theirs.run+"/artifacts/model", theirs.run)
	p.srv.PutArtifact(t, theirs.exp+"/"+theirs.run+"/artifacts/secret.txt", []byte("secret"))

	p.wants(t, "GET", theirs.modelFile, "", 200, theirs.logged)
	p.wants(t, "GET", theirs.file, "", 200, "of nlp/pub")
	p.lists(t, theirs.exp+"/models/"+theirs.logged+"/artifacts", "MLmodel")
	p.lists(t, theirs.exp+"/"+theirs.run+"/artifacts/model", "a.txt")
	p.lists(t, theirs.exp+"/"+theirs.run+"/artifacts", "")
	p.wants(t, "GET", theirs.exp+"/"+theirs.run+"/artifacts/secret.txt", "", 404, "No such artifact")
	p.wants(t, "GET", hidden.modelFile, "", 404, "No such artifact")
	p.wants(t, "PUT", theirs.modelFile, ourBytes, 404, "No such artifact")
	p.wants(t, "DELETE", theirs.modelFile, "", 404, "No such artifact")
}

func (p paths) writes(t *testing.T) {
	before := p.srv.Snapshot(t)
	m := p.mine
	tests := []struct {
		path   string
		status int
		says   string
	}{
		{p.theirs.file, 404, "No such artifact"},
		{p.theirs.exp + "/" + m.run + "/artifacts/x", 404, "No such artifact"},
		{nowhere + "/" + m.run + "/artifacts/x", 404, "No such artifact"},
		{"rootfile.txt", 404, "No such artifact"},
		{nowhere + "/evil.txt", 404, "No such artifact"},
		{p.shared.file, 403, `may not edit experiment "shared/a"`},
		{m.exp + "/" + nobodys + "/artifacts/x", 404, "Run with id=" + nobodys + " not found"},
		{m.exp + "/" + p.theirs.run + "/artifacts/x", 404, "Run with id=" + p.theirs.run + " not found"},
		{m.exp + "/models/m-" + nobodys + "/artifacts/x", 404, "Logged model with ID 'm-" + nobodys + "' not found."},
		{m.exp + "/models/" + p.theirs.logged + "/artifacts/x", 404, "not found"},
		{m.exp + "/" + p.work.run + "/artifacts/x", 404, "not found"},
		{m.exp + "/sub/" + m.run + "/artifacts/x", 404, "not found"},
		{m.exp + "/evil.txt", 403, "only below"},
		{m.exp + "/" + m.run + "/evil.txt", 403, "only below"},
		{m.exp + "/" + m.run + "/artifacts", 403, "only below"},
		{m.exp + "/models/" + m.logged + "/evil.txt", 403, "only below"},
		{m.trace, 404, "Trace with ID 'tr-" + nobodys + "' not found"},
		{m.exp + "/traces/tr-" + nobodys + "/traces.json", 403, "only below"},
		{m.exp + "/" + m.run + "/artifacts/", 400, "empty segment"},
	}
	for _, test := range tests {
		p.wants(t, "PUT", test.path, ourBytes, test.status, test.says)
	}
	if diff := before.Diff(p.srv.Snapshot(t)); diff != "" {
		t.Errorf("refused writes changed the server:\n%s", diff)
	}
	for _, path := range []string{m.file, m.exp + "/" + m.run + "/artifacts/new/ü 100%.txt", m.exp + "/" + m.run + "/artifacts/q?x;y.txt", m.modelFile, p.work.file} {
		p.wants(t, "PUT", path, ourBytes, 200, "")
		p.wants(t, "GET", path, "", 200, ourBytes)
	}
}

func (p paths) deletes(t *testing.T) {
	m := p.mine
	before := p.srv.Snapshot(t)
	for _, path := range []string{m.exp, m.exp + "/", m.exp + "/" + m.run, m.exp + "/models", m.exp + "/models/" + m.logged, m.exp + "/traces", m.exp + "/traces/tr-" + nobodys} {
		p.wants(t, "DELETE", path, "", 403, "deleted only there")
	}
	p.wants(t, "DELETE", m.trace, "", 404, "Trace with ID 'tr-"+nobodys+"' not found")
	for _, path := range []string{p.theirs.exp, p.theirs.file, nowhere, "x", p.theirs.trace} {
		p.wants(t, "DELETE", path, "", 404, "No such artifact")
	}
	for _, path := range []string{".", "..", m.exp + "/" + m.run + "/artifacts/.", m.exp + "/" + m.run + "/artifacts/..", "/", "%2e"} {
		if status, answer := p.send(t, "DELETE", store+"/"+path, "", ""); status < 400 {
			t.Errorf("DELETE %q: got %d %s", path, status, answer)
		}
	}
	p.wants(t, "DELETE", p.work.file, "", 403, `may not manage experiment "work/a"`)
	p.wants(t, "DELETE", p.shared.file, "", 403, `may not manage experiment "shared/a"`)
	if diff := before.Diff(p.srv.Snapshot(t)); diff != "" {
		t.Errorf("refused deletions changed the server:\n%s", diff)
	}
	own := seedTeam(t, p.srv, "cv/gone", "bob")
	p.wants(t, "DELETE", own.file, "", 200, "")
	p.wants(t, "DELETE", own.exp+"/"+own.run+"/artifacts/", "", 200, "") // as mlflow gc does
	p.wants(t, "DELETE", own.exp+"/models/"+own.logged+"/artifacts/", "", 200, "")
	p.wants(t, "GET", own.modelFile, "", 404, "No such artifact")
}

func (p paths) creators(t *testing.T) {
	own := seedTeam(t, p.srv, "work/own", "alice")
	p.wants(t, "DELETE", own.modelFile, "", 403, "manage") // of a logged model nobody is the creator
	p.wants(t, "DELETE", own.file, "", 200, "")
	limited := p
	limited.filesGate = &filesGate{p.srv, p.world, p.table}
	limited.world.Judge = judge{p.world.Rights.(grants), true}
	limited.wants(t, "DELETE", own.exp+"/"+own.run+"/artifacts", "", 403, "manage")
	unowned := p.srv.CreateRun(t, own.exp)
	p.wants(t, "DELETE", own.exp+"/"+unowned+"/artifacts", "", 403, "manage")
	p.wants(t, "DELETE", own.exp+"/"+own.run+"/artifacts", "", 200, "")
}

func (p paths) overlaps(t *testing.T) {
	legacy := p.srv.Call(t, "POST", "experiments/create", obj{"name": "nlp/legacy", "artifact_location": "mlflow-artifacts:/" + p.shared.exp})
	again := p
	again.filesGate = &filesGate{p.srv, p.world, p.table}
	again.freshNames()
	if legacy["experiment_id"] == "" {
		t.Fatal("no experiment")
	}
	again.wants(t, "GET", p.shared.file, "", 404, "No such artifact")
	again.lists(t, p.shared.exp, "")
	again.wants(t, "GET", p.mine.file, "", 200, ourBytes)
}
