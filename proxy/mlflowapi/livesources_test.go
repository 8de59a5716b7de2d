package mlflowapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
)

// A version's source is where its readers, and the server itself, load from.
func TestVersionSourcesOnARealServer(t *testing.T) {
	t.Parallel()
	g := newFilesGate(t, grants{
		"experiment:cv/": mlflowapi.Manage, "experiment:shared/": mlflowapi.Read, "model:cv.": mlflowapi.Manage, "model:pub": mlflowapi.Read,
	})
	s := sources{g, seedTeam(t, g.srv, "cv/a", "alice"), seedTeam(t, g.srv, "shared/a", "bob"), seedTeam(t, g.srv, "nlp/a", "eve")}
	for _, name := range []string{"cv.m", "pub.m", "nlp.m"} {
		g.srv.CreateModel(t, name)
	}
	g.srv.CreateVersion(t, "pub.m", "mlflow-artifacts:/"+s.theirs.exp+"/"+s.theirs.run+"/artifacts/model", s.theirs.run)
	g.srv.Call(t, "POST", "model-versions/create", obj{"name": "nlp.m", "source": "models:/" + s.theirs.logged, "model_id": s.theirs.logged})
	t.Run("what the caller may not read is no source", s.refused)
	t.Run("what could be read twice is no source", s.odd)
	t.Run("what the stock clients send is taken", s.taken)
	t.Run("a scheme that the admin names is let through", s.schemes)
}

type sources struct {
	*filesGate
	mine, shared, theirs team
}

// create makes a version of cv.m as a client does.
func (s sources) create(t *testing.T, source string, more obj) (int, string) {
	t.Helper()
	body := obj{"name": "cv.m", "source": source}
	for k, v := range more {
		body[k] = v
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return s.send(t, "POST", "/api/2.0/mlflow/model-versions/create", "", string(text))
}

func (s sources) refused(t *testing.T) {
	before := s.srv.Snapshot(t)
	th, sh := s.theirs, s.shared
	store := "mlflow-artifacts:/"
	tests := []struct {
		source string
		more   obj
		status int
		says   string
	}{
		{"models:/" + th.logged, obj{"model_id": th.logged}, 404, "Logged model with ID '" + th.logged + "' not found."},
		{"models:/m-" + nobodys, nil, 404, "Logged model with ID 'm-" + nobodys + "' not found."},
		{"models:/" + sh.logged, obj{"model_id": sh.logged}, 403, `may not edit experiment "shared/a"`},
		{"models:/nlp.m/1", nil, 403, `may not read model "nlp.m"`},
		{"models:/nlp.m/Production", nil, 403, `may not read model "nlp.m"`},
		{"models:/nlp.m/latest", nil, 403, `may not read model "nlp.m"`},
		{"models:/nlp.m@champion", nil, 403, `may not read model "nlp.m"`},
		{"models:/nlp.m@x@y", nil, 403, `may not read model "nlp.m@x"`},
		{"models:/nothing/1", nil, 403, `may not read model "nothing"`},
		{"runs:/" + th.run + "/model", obj{"run_id": th.run}, 404, "Run with id=" + th.run + " not found"},
		{"runs:/" + nobodys + "/model", nil, 404, "Run with id=" + nobodys + " not found"},
		{store + th.exp + "/" + th.run + "/artifacts/other", obj{"run_id": th.run}, 404, "Run with id=" + th.run + " not found"},
		{store + th.exp + "/" + s.mine.run + "/artifacts/model", obj{"run_id": s.mine.run}, 404, "not found"},
		{store + th.exp + "/models/" + th.logged + "/artifacts", obj{"model_id": th.logged}, 404, "not found"},
		{store + nowhere + "/" + nobodys + "/artifacts", nil, 404, "not found"},
		{store + s.mine.exp, nil, 403, "in no run's"}, {store + th.exp, nil, 403, "in no run's"},
		{store + s.mine.trace, nil, 403, "in no run's"},
		{"mlflow-artifacts://evil.example/" + s.mine.file, obj{"run_id": s.mine.run}, 403, "allowed_source_schemes"},
		{"s3://mlflow/" + th.file, nil, 403, "allowed_source_schemes"}, {"gs://mlflow/2", nil, 403, "allowed_source_schemes"},
		{"http://127.0.0.1:5000" + "/api/2.0/mlflow-artifacts/artifacts/" + th.file, nil, 403, "allowed_source_schemes"},
		{"file:///etc", nil, 403, "allowed_source_schemes"}, {"file:/etc", nil, 403, "allowed_source_schemes"}, {"/etc", nil, 403, "allowed_source_schemes"},
		{"relative", nil, 403, "allowed_source_schemes"}, {"a/b:c", nil, 403, "allowed_source_schemes"}, {"dbfs:/x", nil, 403, "allowed_source_schemes"}, {"c:/x", nil, 403, "allowed_source_schemes"},
		{"dummy-source", nil, 403, "allowed_source_schemes"},
		{"dummy-source", obj{"tags": prompt("false")}, 403, "allowed_source_schemes"},
		{"dummy-source", obj{"tags": append(prompt("true"), prompt("no")...)}, 403, "allowed_source_schemes"},
		{"dummy-source/x", obj{"tags": prompt("true")}, 403, "allowed_source_schemes"},
		{"/etc", obj{"tags": prompt("true")}, 403, "allowed_source_schemes"},
		{"models:/nlp.m/1", obj{"tags": prompt("true")}, 403, "may not read"},
	}
	for _, test := range tests {
		if status, answer := s.create(t, test.source, test.more); status != test.status || !strings.Contains(answer, test.says) {
			t.Errorf("%s %v: got %d %s, want %d %s", test.source, test.more, status, answer, test.status, test.says)
		}
	}
	if diff := before.Diff(s.srv.Snapshot(t)); diff != "" {
		t.Errorf("refused versions changed the server:\n%s", diff)
	}
}

func prompt(is string) []obj { return []obj{{"key": "mlflow.prompt.is_prompt", "value": is}} }

func (s sources) odd(t *testing.T) {
	before := s.srv.Snapshot(t)
	file, th := s.mine.file, s.theirs
	for _, source := range []string{
		"Models:/nlp.m/1", "MODELS:/cv.m/1", "models://nlp.m/1", "models://host/cv.m/1", "models:cv.m/1", "models:/", "models:/cv.m", "models:/cv.m/1/2", "models:/cv.m/", "models://", "models:///cv.m/1",
		"models:/cv.m/01", "models:/cv.m/٢", "models:/cv.m/ 1", "models:/cv.m/1?x", "models:/cv.m?/1", "models:/cv.m#/1", "models:/nlp%2em/1", "models:/nlp%252em/1", "models:/ cv.m/1", "models:/cv.m@", "models:/@a", "models:/m-ABC", "models:/cv.m;x/1",
		"models:/cv.m/../nlp.m/1", " models:/cv.m/1", "models:/cv.m/1 ", "\tmodels:/cv.m/1", "mo\ndels:/cv.m/1", "models:/cv.m/1\x00",
		"Runs:/" + s.mine.run + "/model", "runs://" + s.mine.run + "/model", "runs:" + s.mine.run, "runs:/", "runs:/" + strings.ToUpper(s.mine.run) + "/model", "runs:/" + s.mine.run + "/../" + th.run, "runs:/" + s.mine.run + "/%2e%2e/x", "runs:/" + s.mine.run + "//x", "runs:/" + s.mine.run + "/model?x", "runs:/" + s.mine.run + "/m#x", "runs:/ " + s.mine.run + "/model",
		"MLflow-Artifacts:/" + file, "mlflow-artifacts:" + file, "mlflow-artifacts:///" + file, "mlflow-artifacts://u:p@h/" + file, "mlflow-artifacts:/" + file + "?x", "mlflow-artifacts:/" + file + "#x", "mlflow-artifacts:/%3" + th.file, "mlflow-artifacts:/" + file + "/../../../../" + th.file, "mlflow-artifacts:/" + s.mine.exp + "/..%2f" + th.file, "mlflow-artifacts:/./" + file, "mlflow-artifacts://host", "mlflow-artifacts:/",
		"S3://bucket/x", "s3://bucket/../x", "s3://bucket/x?y", "File:///etc", "file:///srv/../etc", "../etc", `\\host\share`, "./x", ":x",
	} {
		for _, more := range []obj{nil, {"run_id": s.mine.run}, {"tags": prompt("true")}} {
			if status, answer := s.create(t, source, more); status != 400 {
				t.Errorf("%q %v: got %d %s, want 400", source, more, status, answer)
			}
		}
	}
	if diff := before.Diff(s.srv.Snapshot(t)); diff != "" {
		t.Errorf("refused versions changed the server:\n%s", diff)
	}
}

func (s sources) taken(t *testing.T) {
	m, sh := s.mine, s.shared
	s.srv.Call(t, "POST", "registered-models/create", obj{"name": "cv.prompt", "tags": prompt("true")})
	tests := []struct {
		source string
		more   obj
	}{
		{"models:/" + m.logged, obj{"model_id": m.logged}},
		{"runs:/" + m.run + "/model", obj{"run_id": m.run}},
		{"runs:/" + sh.run + "/model", obj{"run_id": sh.run}},
		{"mlflow-artifacts:/" + m.exp + "/" + m.run + "/artifacts/model", obj{"run_id": m.run}},
		{"mlflow-artifacts:/" + m.exp + "/" + m.run + "/artifacts/a model/ü", obj{"run_id": m.run}},
		{"mlflow-artifacts:/" + m.exp + "/models/" + m.logged + "/artifacts", obj{"model_id": m.logged}},
		{"mlflow-artifacts:/" + sh.exp + "/" + sh.run + "/artifacts/model", obj{"run_id": sh.run}},
		{"mlflow-artifacts:/" + s.theirs.exp + "/" + s.theirs.run + "/artifacts/model", obj{"run_id": s.theirs.run}}, // read through pub.m
		{"models:/cv.m/1", nil}, {"models:/cv.m/latest", nil}, {"models:/pub.m/1", nil},
		{"dummy-source", obj{"name": "cv.prompt", "tags": prompt("true")}}, {"prompt-template", obj{"name": "cv.prompt", "tags": prompt("true")}},
	}
	for _, test := range tests {
		status, answer := s.create(t, test.source, test.more)
		var a struct {
			Version struct{ Source string } `json:"model_version"`
		}
		if err := json.Unmarshal([]byte(answer), &a); status != 200 || err != nil {
			t.Errorf("%s: got %d %s", test.source, status, answer)
		} else if a.Version.Source != test.source && test.source != "models:/cv.m/latest" {
			t.Errorf("%s: MLflow stored %s", test.source, a.Version.Source)
		}
	}
}

func (s sources) schemes(t *testing.T) {
	open := s
	open.filesGate = &filesGate{s.srv, s.world, s.table}
	open.world.Schemes = []string{"s3"}
	if status, answer := open.create(t, "s3://bucket/models/x", nil); status != 200 {
		t.Errorf("got %d %s for a scheme that is allowed", status, answer)
	}
	for source, want := range map[string]int{"gs://bucket/x": 403, "S3://bucket/x": 400, "s3://bucket/../x": 400, "s3": 403, "/s3": 403} {
		if status, answer := open.create(t, source, nil); status != want {
			t.Errorf("%s: got %d %s, want %d", source, status, answer, want)
		}
	}
}
