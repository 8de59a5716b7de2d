package proxy_test

import (
	"slices"
	"strings"
	"testing"

	"mlgate/proxy"
	"mlgate/proxy/mlflowtest"
)

// Whoever forged a creator while mlgate only watched would hold its rights
// when enforcement begins.
func TestAuthorshipIsSignedInWarnModeToo(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Mode = proxy.Warn })
	exp := srv.CreateExperiment(t, mlflowtest.Name(t, "cv/warn"))
	a := g.do(t, "bob", "POST", api+"runs/create", m{"experiment_id": exp, "tags": []m{{"key": "mlgate.user", "value": "alice"}}})
	if a.Status != 403 {
		t.Errorf("forged creator: got %d %s", a.Status, a.Body)
	}
	a = g.do(t, "bob", "POST", api+"runs/create", m{"experiment_id": exp, "user_id": "mallory"})
	if a.Status != 200 || strings.Contains(string(a.Body), "mallory") {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	run := a.json(t)["run"].(m)["info"].(m)["run_id"].(string)
	for _, path := range []string{"runs/set-tag", "runs/delete-tag"} {
		if a := g.do(t, "alice", "POST", api+path, m{"run_id": run, "key": "mlgate.user", "value": "alice"}); a.Status != 403 {
			t.Errorf("%s: got %d %s", path, a.Status, a.Body)
		}
	}
}

// Warn mode breaks nobody: what enforce would refuse by what a path or a source
// leads to goes on, is recorded as such, and names what it is about.
func TestWarnModeRecordsWhatPathsAndSourcesLeadTo(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Mode = proxy.Warn })
	mine, theirs := plant(t, srv, "cv"), plant(t, srv, "nlp")
	srv.Call(t, "POST", "registered-models/create", m{"name": mine.model + "-p", "tags": []m{{"key": "mlflow.prompt.is_prompt", "value": "true"}}})
	with := fill(mine, theirs)
	version := func(source, more string) request {
		return request{"POST", "model-versions/create", `{"name":"<model>","source":"` + source + `"` + more + `}`}
	}
	for _, test := range []struct {
		request
		rule, resource string
	}{
		{request{"GET", store + "/<EXP>/<RUN>/artifacts/secret.txt", ""}, "no line", "experiment:<NAME> read"},
		{request{"GET", store + "?path=<EXP>/<RUN>/artifacts", ""}, "no line", "experiment:<NAME> read"},
		{request{"PUT", store + "/<EXP>/<RUN>/artifacts/new.txt", "x"}, "no line", "experiment:<NAME> edit"},
		{request{"PUT", store + "/nobodys/new.txt", "x"}, "not visible", ""},
		{request{"PUT", store + "/<exp>/new.txt", "x"}, "rule: artifact path", "experiment:<name> edit"},
		{request{"DELETE", store + "/<exp>/<run>/artifacts/secret.txt", ""}, "no line", "experiment:<name> manage"},
		{version("mlflow-artifacts:/<EXP>/<RUN>/artifacts", ""), "no line", "experiment:<NAME> edit"}, // MLflow misses the run_id
		{version("runs:/<RUN>/model", ""), "no line", "experiment:<NAME> read"},
		{version("models:/<LM>", ""), "no line", "experiment:<NAME> edit"},
		{version("runs:/<RUN>/model", `,"run_id":"<RUN>"`), "no line", "experiment:<NAME> read"},
		{request{"POST", "model-versions/create", `{"name":"<model>-p","source":"dummy-source","run_id":"0123456789abcdef0123456789abcdef","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`}, "not visible", ""}, // of another server, maybe
		{version("models:/<MODEL>/1", ""), "no line", "model:<MODEL> read"},
		{version("s3://bucket/x", ""), "rule: source", "model:<model> edit"},
		{request{"POST", "experiments/create", `{"name":"<name>-at","artifact_location":"mlflow-artifacts:/<EXP>"}`}, "rule: artifact_location", "experiment:<name>-at edit"},
	} {
		a := test.send(t, g, "alice", with)
		line := g.lines(t)[len(g.lines(t))-1]
		if line["upstream_status"] != float64(a.Status) || a.Status != 200 && !strings.Contains(string(a.Body), "must identify the resource") {
			t.Errorf("%v: got %d %s", test.request, a.Status, a.Body)
		}
		if line["decision"] != "would-deny" || line["rule"] != test.rule || line["line"] != nil {
			t.Errorf("%v: audit line %v", test.request, line)
		}
		if want := with.Replace(test.resource); want != "" && !named(line, want) {
			t.Errorf("%v: got resources %v, want %q among them", test.request, line["resources"], want)
		}
	}
}

// named reports whether an audit line names a resource.
func named(line m, resource string) bool {
	all, _ := line["resources"].([]any)
	return slices.Contains(all, any(resource))
}

// Whose things a path leads to is known only after MLflow was asked; the record
// names them all the same, with the line that let the call pass or stopped it.
func TestAuditLineOfAPathNamesWhatItLeadsTo(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules+"p, user:most, nlp/*, read, deny\n")
	mine, theirs := plant(t, srv, "cv"), plant(t, srv, "nlp")
	with := fill(mine, theirs)
	own := (request{"POST", "runs/create", `{"experiment_id":"<exp>"}`}).send(t, g, "alice", with).json(t)
	run := own["run"].(m)["info"].(m)["run_id"].(string)
	const edit, manage, denied = "p, role:vision, cv/*, edit", "p, role:vision-lead, cv/*, manage", "p, user:most, nlp/*, read, deny"
	for _, test := range []struct {
		user string
		request
		decision, rule string
		line           any
		resource       string
	}{
		{"alice", request{"GET", store + "/<exp>/<run>/artifacts/secret.txt", ""}, "allow", edit, 1.0, "experiment:<name> read"},
		{"alice", request{"GET", store + "?path=<exp>/<run>/artifacts", ""}, "allow", edit, 1.0, "experiment:<name> read"},
		{"alice", request{"PUT", store + "/<exp>/" + run + "/artifacts/x", "x"}, "allow", edit, 1.0, "experiment:<name> edit"},
		{"lead", request{"DELETE", store + "/<exp>/<run>/artifacts/secret.txt", ""}, "allow", manage, 2.0, "experiment:<name> manage"},
		{"alice", request{"DELETE", store + "/<exp>/<run>/artifacts/x", ""}, "deny", "no line", nil, "experiment:<name> manage"},
		{"alice", request{"DELETE", store + "/<exp>/" + run + "/artifacts/x", ""}, "allow", "who created the run may delete and restore it", nil, "experiment:<name> manage"},
		{"reader", request{"GET", store + "/<exp>/models/<lm>/artifacts/weights", ""}, "allow", "p, user:reader, model:cv/*, read", 4.0, "model:<model> read"},
		{"alice", request{"GET", store + "/<EXP>/<RUN>/artifacts/secret.txt", ""}, "deny", "not visible", nil, "experiment:<NAME> read"},
		{"alice", request{"GET", store + "?path=<EXP>/<RUN>/artifacts", ""}, "deny", "no line", nil, "experiment:<NAME> read"},
		{"most", request{"PUT", store + "/<EXP>/<RUN>/artifacts/x", "x"}, "deny", denied, 15.0, "experiment:<NAME> edit"},
	} {
		a := test.send(t, g, test.user, with)
		line := g.lines(t)[len(g.lines(t))-1]
		if line["decision"] != test.decision || line["rule"] != test.rule || line["line"] != test.line || !named(line, with.Replace(test.resource)) {
			t.Errorf("%s %v: got %d %s and the line %v", test.user, test.request, a.Status, a.Body, line)
		}
	}
}

// Of several things that a call names, the one that stops it is the one to say.
func TestWouldDenyLineIsOfTheRuleThatWouldDeny(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules, func(_ *proxy.Options, s *proxy.Snapshot) { s.Mode = proxy.Warn })
	name := mlflowtest.Name(t, "nlp/moved")
	exp := srv.CreateExperiment(t, name)
	a := g.do(t, "both", "POST", api+"experiments/update", m{"experiment_id": exp, "new_name": "cv/" + name})
	line := g.lines(t)[0]
	if a.Status != 200 || line["decision"] != "would-deny" || line["rule"] != "no line" || line["line"] != nil {
		t.Errorf("got %d %s and the line %v", a.Status, a.Body, line)
	}
}
