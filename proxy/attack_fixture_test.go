package proxy_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// side is what one team has on the server. Everything in it but ids and names
// carries its secret: an answer that holds the secret has leaked.
type side struct {
	exp, name, run, lm, model, secret string
}

// plant makes a team's things straight in MLflow, past the gate.
func plant(t *testing.T, srv *mlflowtest.Server, prefix string) side {
	t.Helper()
	word := strings.ToLower(rand.Text())
	s := side{name: prefix + "/" + word[:10], model: prefix + "." + word[:10], secret: "canary" + word[10:]}
	tag := m{"key": "k", "value": s.secret}
	s.exp = srv.CreateExperiment(t, s.name)
	srv.Call(t, "POST", "experiments/set-experiment-tag", m{"experiment_id": s.exp, "key": "k", "value": s.secret})
	s.run = srv.CreateRun(t, s.exp)
	s.lm = srv.LogModel(t, s.exp, s.run, "lm-"+s.secret)
	srv.Call(t, "POST", "runs/log-batch", m{
		"run_id": s.run, "tags": []m{tag, {"key": "mlflow.runName", "value": s.secret}}, "params": []m{tag},
		"metrics": []m{{"key": "loss", "value": 0.5, "timestamp": 1, "step": 1, "model_id": s.lm}, {"key": s.secret, "value": 0.5, "timestamp": 1, "step": 1}},
	})
	srv.Call(t, "POST", "runs/log-inputs", m{"run_id": s.run, "datasets": []m{{"dataset": m{"name": s.secret, "digest": "d", "source_type": "local", "source": s.secret}}}})
	srv.PutArtifact(t, s.exp+"/"+s.run+"/artifacts/secret.txt", []byte(s.secret))
	srv.PutArtifact(t, s.exp+"/models/"+s.lm+"/artifacts/weights", []byte(s.secret))
	srv.Call(t, "PATCH", "logged-models/"+s.lm+"/tags", m{"model_id": s.lm, "tags": []m{tag}})
	srv.Call(t, "POST", "registered-models/create", m{"name": s.model, "description": s.secret, "tags": []m{tag}})
	srv.CreateVersion(t, s.model, "models:/"+s.lm, "")
	srv.Call(t, "POST", "model-versions/set-tag", m{"name": s.model, "version": "1", "key": "k", "value": s.secret})
	srv.Call(t, "POST", "registered-models/alias", m{"name": s.model, "alias": "champion", "version": "1"})
	return s
}

// twoTeams are a live MLflow, a gate before it, and what alice's and bob's teams
// have there.
func twoTeams(t *testing.T) (srv *mlflowtest.Server, g *gate, mine, theirs side) {
	t.Helper()
	srv = live.Server(t)
	return srv, newGate(t, srv.URL(), rules), plant(t, srv, "cv"), plant(t, srv, "nlp")
}

// fill replaces <exp>, <name>, <run>, <lm>, <model> by what is alice's, and
// the same in capitals by what is bob's.
func fill(mine, theirs side) *strings.Replacer {
	return strings.NewReplacer(
		"<exp>", mine.exp, "<name>", mine.name, "<run>", mine.run, "<lm>", mine.lm, "<model>", mine.model,
		"<EXP>", theirs.exp, "<NAME>", theirs.name, "<RUN>", theirs.run, "<LM>", theirs.lm, "<MODEL>", theirs.model,
	)
}

// holds is all that the server holds of a team's.
func (s side) holds(t *testing.T, srv *mlflowtest.Server) mlflowtest.Snapshot {
	t.Helper()
	all := srv.Snapshot(t)
	kept := all.Mentioning(s.run, s.lm, s.name, s.model, s.secret,
		`"experiment_id": `+s.exp+",", `"experiment_id": `+s.exp+"}", `"source_id": "`+s.exp+`"`)
	for path, digest := range all.Files {
		if strings.HasPrefix(path, s.exp+"/") {
			kept.Files[path] = digest
		}
	}
	return kept
}

// unmoved notes what is a team's; the function that it gives fails the test if
// anything of it has changed since.
func unmoved(t *testing.T, srv *mlflowtest.Server, s side) func() {
	t.Helper()
	before := s.holds(t, srv)
	if len(before.Rows) < 8 || len(before.Files) < 3 {
		t.Fatalf("the victim's things are not seen: %v", before)
	}
	return func() {
		t.Helper()
		if d := before.Diff(s.holds(t, srv)); d != "" {
			t.Errorf("something foreign moved:\n%s", d)
		}
	}
}

// unleaked fails the test if an answer tells what the one who sent the request
// did not know before.
func (s side) unleaked(t *testing.T, sent string, a answer) {
	t.Helper()
	if dec, err := url.QueryUnescape(sent); err == nil {
		sent += dec
	}
	for _, word := range []string{s.secret, s.name, s.run, s.lm, s.model} {
		if strings.Contains(string(a.Body), word) && !strings.Contains(sent, word) {
			t.Errorf("the answer holds %q: %d %s", word, a.Status, a.Body)
		}
	}
	for name, vals := range a.Header {
		if v := strings.Join(vals, ","); strings.Contains(v, s.secret) {
			t.Errorf("the header %s holds the secret: %s", name, v)
		}
	}
}

// request is one call of a table: a path that does not begin with a slash is
// one below [api].
type request struct{ method, path, body string }

// send sends it as a user, with the things of both sides filled in.
func (r request) send(t *testing.T, g *gate, user string, with *strings.Replacer, header ...string) answer {
	t.Helper()
	path := with.Replace(r.path)
	if !strings.HasPrefix(path, "/") {
		path = api + path
	}
	if r.body == "" {
		return g.do(t, user, r.method, path, nil, header...)
	}
	return g.do(t, user, r.method, path, with.Replace(r.body), header...)
}

func (r request) String() string { return r.method + " " + r.path + " " + r.body }
