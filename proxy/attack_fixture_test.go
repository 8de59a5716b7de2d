package proxy_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// side is what one team has on the server. Everything in it but ids and names
// carries its secret, and each measurement its number: an answer that holds one
// of them has leaked.
type side struct {
	exp, name, run, lm, model, secret, number      string
	tr, as, ds, record, ls, rq, iss, scorer, judge string // see plantGenAI; judge is the id of the scorer
	files                                          string // where in the store its model version's files lie
	bareRun, bareLM, upload, spare, etag           string // see plantTransfers; "" where the store has no direct transfers
}

// plant makes a team's things straight in MLflow, past the gate.
func plant(t *testing.T, srv *mlflowtest.Server, prefix string) side {
	t.Helper()
	return plantAs(t, srv, prefix, strings.ToLower(rand.Text()))
}

// plantAs does so under names that are made of a word.
func plantAs(t *testing.T, srv *mlflowtest.Server, prefix, word string) side {
	t.Helper()
	s := side{name: prefix + "/" + word[:10], model: prefix + "." + word[:10], secret: "canary" + word[10:]}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(prefix + word))
	s.number = fmt.Sprint(1_000_000_000 + sum.Sum32()/4)
	value := json.Number(s.number)
	tag := m{"key": "k", "value": s.secret}
	s.exp = srv.CreateExperiment(t, s.name)
	srv.Call(t, "POST", "experiments/set-experiment-tag", m{"experiment_id": s.exp, "key": "k", "value": s.secret})
	s.run = srv.CreateRun(t, s.exp)
	loss, source, of := m{"key": "loss", "value": value, "timestamp": 1, "step": 1}, "", s.run
	if s.fillAbsent(); logsModels() {
		s.lm = srv.LogModel(t, s.exp, s.run, "lm-"+s.secret)
		srv.Call(t, "PATCH", "logged-models/"+s.lm+"/tags", m{"model_id": s.lm, "tags": []m{tag}})
		loss["model_id"] = s.lm
		s.files, source, of = s.exp+"/models/"+s.lm+"/artifacts", "models:/"+s.lm, ""
	} else {
		s.files = s.exp + "/" + s.run + "/artifacts/model"
		source = "mlflow-artifacts:/" + s.files
		srv.PutArtifact(t, s.files+"/MLmodel", []byte("run_id: "+s.run+"\n"))
	}
	srv.Call(t, "POST", "runs/log-batch", m{
		"run_id": s.run, "tags": []m{tag, {"key": "mlflow.runName", "value": s.secret}}, "params": []m{tag},
		"metrics": []m{loss, {"key": s.secret, "value": value, "timestamp": 1, "step": 1}},
	})
	srv.Call(t, "POST", "runs/log-inputs", m{"run_id": s.run, "datasets": []m{{"dataset": m{"name": s.secret, "digest": "d" + prefix, "source_type": "local", "source": s.secret}}}})
	srv.PutArtifact(t, s.exp+"/"+s.run+"/artifacts/secret.txt", []byte(s.secret))
	srv.PutArtifact(t, s.exp+"/"+s.run+"/artifacts/"+s.secret, []byte(s.secret))
	srv.PutArtifact(t, s.files+"/weights", []byte(s.secret))
	srv.Call(t, "POST", "registered-models/create", m{"name": s.model, "description": s.secret, "tags": []m{tag}})
	srv.CreateVersion(t, s.model, source, of)
	srv.Call(t, "POST", "model-versions/set-tag", m{"name": s.model, "version": "1", "key": "k", "value": s.secret})
	srv.Call(t, "POST", "registered-models/alias", m{"name": s.model, "alias": "champion", "version": "1"})
	s.plantGenAI(t, srv)
	return s
}

// plantGenAI adds a trace with an assessment, an evaluation dataset with a
// record, a label schema, a review queue that holds the trace, an issue and a
// scorer; of an older MLflow, a trace alone.
func (s *side) plantGenAI(t *testing.T, srv *mlflowtest.Server) {
	t.Helper()
	id := func(a m, path ...string) string {
		for _, name := range path[:len(path)-1] {
			a, _ = a[name].(m)
		}
		got, _ := a[path[len(path)-1]].(string)
		if got == "" {
			t.Fatalf("no %v in %v", path, a)
		}
		return got
	}
	if !has("POST", v3+"traces") {
		s.tr = plantOldTrace(t, srv, s.exp, 1767323045000, s.secret, m{"k": s.secret})
		srv.PutArtifact(t, s.exp+"/traces/"+s.tr+"/artifacts/traces.json", []byte(`{"spans":[],"canary":"`+s.secret+`"}`))
		return
	}
	s.tr, s.scorer = fmt.Sprintf("tr-%x", rand.Text()[:16]), "scorer"+s.secret
	srv.Call(t, "POST", v3+"traces", m{"trace": m{"trace_info": m{
		"trace_id": s.tr, "trace_location": m{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": m{"experiment_id": s.exp}},
		"request_time": "2026-01-02T03:04:05Z", "state": "OK", "request_preview": s.secret, "tags": m{"k": s.secret}, "trace_metadata": m{"k": s.secret},
	}}})
	srv.LogSpan(t, s.exp, s.tr, s.secret)
	srv.PutArtifact(t, s.exp+"/traces/"+s.tr+"/artifacts/traces.json", []byte(`{"spans":[],"canary":"`+s.secret+`"}`))
	s.as = id(srv.Call(t, "POST", v3+"traces/"+s.tr+"/assessments", m{"assessment": m{
		"assessment_name": s.secret, "trace_id": s.tr, "source": m{"source_type": "HUMAN", "source_id": "somebody"}, "feedback": m{"value": s.secret},
	}}), "assessment", "assessment_id")
	s.ds = id(srv.Call(t, "POST", v3+"datasets/create", m{"name": "ds" + s.secret, "experiment_ids": []string{s.exp}, "tags": `{"k":"` + s.secret + `"}`}), "dataset", "dataset_id")
	srv.Call(t, "POST", v3+"datasets/"+s.ds+"/records", m{"records": `[{"inputs":{"q":"` + s.secret + `"}}]`})
	records := srv.Call(t, "GET", v3+"datasets/"+s.ds+"/records", nil)["records"]
	s.record = regexp.MustCompile(`dr-[0-9a-f]{32}`).FindString(fmt.Sprint(records))
	s.ls = id(srv.Call(t, "POST", v3+"label-schemas/create", m{"experiment_id": s.exp, "name": "ls" + s.secret, "type": "FEEDBACK", "input": m{"text": m{}}}), "label_schema", "schema_id")
	s.rq = id(srv.Call(t, "POST", v3+"review-queues/create", m{"experiment_id": s.exp, "name": "rq" + s.secret, "queue_type": "CUSTOM", "users": []string{s.secret}}), "review_queue", "queue_id")
	srv.Call(t, "POST", v3+"review-queues/items/add", m{"queue_id": s.rq, "item_type": "TRACE", "item_ids": []string{s.tr}})
	s.iss = id(srv.Call(t, "POST", v3+"issues", m{"experiment_id": s.exp, "name": "iss" + s.secret, "description": s.secret}), "issue", "issue_id")
	srv.Call(t, "POST", v3+"scorers/register", m{"experiment_id": s.exp, "name": s.scorer, "serialized_scorer": `{"name":"` + s.secret + `","builtin_scorer_class":"Safety","builtin_scorer_pydantic_data":{}}`})
	s.judge = id(srv.Call(t, "PUT", v3+"scorers/online-config", m{"experiment_id": s.exp, "name": s.scorer, "sample_rate": 0}), "config", "scorer_id")
}

// plantOldTrace makes a trace by MLflow's second version of them, which makes
// its id, and ends it.
func plantOldTrace(t *testing.T, srv *mlflowtest.Server, exp string, at int, tag string, metadata m) string {
	t.Helper()
	entries := []m{}
	for key, value := range metadata {
		entries = append(entries, m{"key": key, "value": value})
	}
	made, _ := srv.Call(t, "POST", "traces", m{
		"experiment_id": exp, "timestamp_ms": at, "tags": []m{{"key": "k", "value": tag}}, "request_metadata": entries,
	})["trace_info"].(m)
	tr, _ := made["request_id"].(string)
	srv.Call(t, "PATCH", "traces/"+tr, m{"request_id": tr, "timestamp_ms": at + 100, "status": "OK"})
	return tr
}

// fillAbsent sets ids that nobody holds of all that an older MLflow lacks.
func (s *side) fillAbsent() {
	s.lm = "m-" + strings.Repeat("0", 31) + "e"
	s.fillGenAI()
}

// fillGenAI does so of what plantGenAI makes.
func (s *side) fillGenAI() {
	zeros := strings.Repeat("0", 31) + "e"
	s.tr, s.as, s.ds, s.record, s.ls, s.rq, s.iss, s.scorer, s.judge = "tr-"+zeros, "a-"+zeros, "d-"+zeros, "dr-"+zeros, "ls-"+zeros, "rq-"+zeros, "iss-"+zeros, "nobodys", "00000000-0000-0000-0000-000000000000"
}

// swaps are the pairs of what plantGenAI makes, to compare two answers.
func (s *side) swaps(other side) []string {
	return []string{s.tr, other.tr, s.as, other.as, s.ds, other.ds, s.record, other.record, s.ls, other.ls, s.rq, other.rq, s.iss, other.iss, s.scorer, other.scorer, s.judge, other.judge}
}

// twoTeams are a live MLflow, a gate before it, and what alice's and bob's teams
// have there.
func twoTeams(t *testing.T) (srv *mlflowtest.Server, g *gate, mine, theirs side) {
	t.Helper()
	return twoTeamsOn(t, live.Server(t))
}

func twoTeamsOn(t *testing.T, srv *mlflowtest.Server) (_ *mlflowtest.Server, g *gate, mine, theirs side) {
	t.Helper()
	g = newGate(t, srv.URL(), rules)
	return srv, g, plantFor(t, g, srv, "alice", "cv"), plantFor(t, g, srv, "bob", "nlp")
}

// plantFor plants what the server's store has a place for: where it is an object
// store, also what a user has begun there through a gate.
func plantFor(t *testing.T, g *gate, srv *mlflowtest.Server, user, prefix string) side {
	t.Helper()
	s := plant(t, srv, prefix)
	if srv.StoreURL() != "" {
		s.plantTransfers(t, g, srv, user)
	}
	return s
}

// fill replaces <exp>, <name>, <run>, <lm>, <model>, and what plantGenAI makes,
// by what is alice's, and the same in capitals by what is bob's.
func fill(mine, theirs side) *strings.Replacer {
	return strings.NewReplacer(
		"<exp>", mine.exp, "<name>", mine.name, "<run>", mine.run, "<lm>", mine.lm, "<model>", mine.model,
		"<tr>", mine.tr, "<as>", mine.as, "<ds>", mine.ds, "<record>", mine.record, "<ls>", mine.ls, "<rq>", mine.rq, "<iss>", mine.iss, "<scorer>", mine.scorer, "<judge>", mine.judge, "<JUDGE>", theirs.judge,
		"<fresh>", newTraceID(), "<hex>", strings.TrimPrefix(mine.tr, "tr-"), "<HEX>", strings.TrimPrefix(theirs.tr, "tr-"), "<TR>", theirs.tr, "<AS>", theirs.as, "<DS>", theirs.ds, "<RECORD>", theirs.record, "<LS>", theirs.ls, "<RQ>", theirs.rq, "<ISS>", theirs.iss, "<SCORER>", theirs.scorer,
		"<barerun>", mine.bareRun, "<barelm>", mine.bareLM, "<upload>", mine.upload, "<spare>", mine.spare, "<etag>", mine.etag,
		"<BARERUN>", theirs.bareRun, "<BARELM>", theirs.bareLM, "<UPLOAD>", theirs.upload, "<SPARE>", theirs.spare, "<ETAG>", theirs.etag,
		"<EXP>", theirs.exp, "<NAME>", theirs.name, "<RUN>", theirs.run, "<LM>", theirs.lm, "<MODEL>", theirs.model, "<secret>", mine.secret, "<SECRET>", theirs.secret,
	)
}

// holds is all that the server holds of a team's.
func (s side) holds(t *testing.T, srv *mlflowtest.Server) mlflowtest.Snapshot {
	t.Helper()
	all := srv.Snapshot(t)
	words := []string{s.tr, s.ds, s.ls, s.rq, s.iss, s.run, s.lm, s.name, s.model, s.secret,
		`"experiment_id": ` + s.exp + ",", `"experiment_id": ` + s.exp + "}", `"source_id": "` + s.exp + `"`, `"destination_id": "` + s.exp + `"`}
	if s.bareRun != "" {
		words = append(words, s.bareRun, s.bareLM)
	}
	kept := all.Mentioning(words...)
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
	for _, leak := range s.leaks(sent, a) {
		t.Error(leak)
	}
}

// leaks are what an answer tells that the one who sent the request did not know.
func (s side) leaks(sent string, a answer) (found []string) {
	if dec, err := url.QueryUnescape(sent); err == nil {
		sent += dec
	}
	for _, word := range []string{s.secret, s.number, s.name, s.run, s.lm, s.model, s.tr, s.as, s.ds, s.record, s.ls, s.rq, s.iss, s.judge, s.bareRun, s.bareLM, s.upload, s.spare} {
		if word == "" {
			continue
		}
		if strings.Contains(string(a.Body), word) && !strings.Contains(sent, word) {
			found = append(found, fmt.Sprintf("the answer holds %q: %d %s", word, a.Status, a.Body))
		}
	}
	for name, vals := range a.Header {
		if v := strings.Join(vals, ","); strings.Contains(v, s.secret) {
			found = append(found, fmt.Sprintf("the header %s holds the secret: %s", name, v))
		}
	}
	return found
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
	if headers, ok := strings.CutPrefix(path, "/v1/traces?"); ok { // OTLP has its arguments in headers
		path = "/v1/traces"
		for pair := range strings.SplitSeq(headers, "&") {
			name, val, _ := strings.Cut(pair, "=")
			header = append(header, name, val)
		}
	}
	if r.body == "" {
		return g.do(t, user, r.method, path, nil, header...)
	}
	return g.do(t, user, r.method, path, with.Replace(r.body), header...)
}

func (r request) String() string { return r.method + " " + r.path + " " + r.body }
