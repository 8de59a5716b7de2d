package proxy_test

import (
	"testing"

	"mlgate/proxy"
)

// Whoever may read a model may load its files, and the server fetches them
// with its own rights.
func TestVersionCannotBeMadeFromForeignFiles(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, source := range []string{
		"mlflow-artifacts:/<EXP>/<RUN>/artifacts", "mlflow-artifacts:/<EXP>/models/<LM>/artifacts", "mlflow-artifacts:/<EXP>",
		"mlflow-artifacts:/<exp>/../<EXP>/<RUN>/artifacts", "mlflow-artifacts:/%32/x", "mlflow-artifacts:/./<EXP>/<RUN>/artifacts",
		"mlflow-artifacts:/<EXP>/<RUN>/artifacts?x", "MLFLOW-ARTIFACTS:/<EXP>/<RUN>/artifacts", " mlflow-artifacts:/<EXP>/<RUN>/artifacts",
		"mlflow-artifacts://evil.example/<exp>/<run>/artifacts", "mlflow-artifacts://evil.example/<EXP>/<RUN>/artifacts",
		"models:/<MODEL>/1", "models:/<MODEL>@champion", "models:/<MODEL>/Production", "models:/<LM>", "models:/<MODEL>/latest",
		"models://<MODEL>/1", "models:/%6elp.x/1", "models:/<model>/../<MODEL>/1", "runs:/<RUN>/model", "runs:/<RUN>", "runs:/<run>/../../<RUN>/artifacts",
		"s3://bucket/<EXP>/x", "gs://bucket/x", "dbfs:/x", "abfss://x/y", "file:///etc", "/etc", "etc", "../x", "http://169.254.169.254/latest", "https://evil.example/x",
		"hdfs://x/y", "ftp://x/y", "\\\\host\\share", "C:/x", "", "dummy-source", "prompt-template",
	} {
		for _, extra := range []string{"", `,"run_id":"<run>"`, `,"run_id":"<RUN>"`, `,"model_id":"<lm>"`, `,"model_id":"<LM>"`} {
			r := request{"POST", "model-versions/create", `{"name":"<model>","source":` + quote(source) + extra + `}`}
			a := r.send(t, g, "alice", with)
			if a.Status/100 != 4 {
				t.Errorf("%s: got %d %s", with.Replace(r.body), a.Status, a.Body)
			}
			theirs.unleaked(t, with.Replace(r.body), a)
		}
	}
	check()
	if v := (request{"GET", "model-versions/get?name=<model>&version=2", ""}).send(t, g, "alice", with); v.Status != 404 {
		t.Errorf("a version was made: %s", v.Body)
	}
}

func TestVersionFromHerOwnFilesIsMade(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	srv.Call(t, "POST", "registered-models/create", m{"name": mine.model + "-p", "tags": []m{{"key": "mlflow.prompt.is_prompt", "value": "true"}}})
	with := fill(mine, mine)
	for _, body := range []string{
		`"name":"<model>","source":"models:/<lm>","model_id":"<lm>"`, `"name":"<model>","source":"models:/<model>/1"`, `"name":"<model>","source":"models:/<model>@champion"`,
		`"name":"<model>","source":"mlflow-artifacts:/<exp>/<run>/artifacts","run_id":"<run>"`,
		`"name":"<model>","source":"mlflow-artifacts:/<exp>/<run>/artifacts/sub","run_id":"<run>"`,
		`"name":"<model>-p","source":"dummy-source","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"},{"key":"mlflow.prompt.text","value":"x"}]`,
	} {
		r := request{"POST", "model-versions/create", "{" + body + "}"}
		if a := r.send(t, g, "alice", with); a.Status != 200 {
			t.Errorf("%s: got %d %s", with.Replace(body), a.Status, a.Body)
		}
	}
}

func TestSourceSchemesCanBeAllowed(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules, func(o *proxy.Options, _ *proxy.Snapshot) { o.SourceSchemes = []string{"s3"} })
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	for source, want := range map[string]int{"s3://bucket/x": 200, "gs://bucket/x": 403} {
		r := request{"POST", "model-versions/create", `{"name":"<model>","source":"` + source + `"}`}
		if a := r.send(t, g, "alice", with); a.Status != want {
			t.Errorf("%s: got %d %s, want %d", source, a.Status, a.Body, want)
		}
	}
}

// The location of an experiment says what its paths mean.
func TestArtifactLocationIsRefused(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, place := range []string{"mlflow-artifacts:/<EXP>", "mlflow-artifacts:/<exp>", "file:///srv", "/etc", "s3://bucket/2", "mlflow-artifacts:/", "x"} {
		for _, field := range []string{"artifact_location", "artifactLocation", "Artifact_Location"} {
			r := request{"POST", "experiments/create", `{"name":"<name>-at","` + field + `":"` + place + `"}`}
			if a := r.send(t, g, "alice", with); a.Status != 403 && a.Status != 400 {
				t.Errorf("%v: got %d %s", r, a.Status, a.Body)
			}
		}
	}
	if a := (request{"GET", "experiments/get-by-name?experiment_name=<name>-at", ""}).send(t, g, "alice", with); a.Status != 404 {
		t.Errorf("it was made: %s", a.Body)
	}
}
