package proxy_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// island is a MLflow of its own with alice's things on it, and a gate before
// it. On the crowded one three other teams have theirs, planted before, between
// and after hers; on the lonely one nobody has.
type island struct {
	srv     *mlflowtest.Server
	gate    *gate
	crowded bool
	mine    side
	more    map[string]string // hers beyond mine, by placeholder
	others  []side            // the other teams', and what they deleted
	names   map[string]string // what the test calls an id of hers
	turns   int               // that the other teams have taken

	stirred, stirredExp, stirredRun string // what they made last
}

// twoIslands are a crowded one and a lonely one, on which all of alice's has
// the same names and was made in the same order.
func twoIslands(t *testing.T) (crowded, lonely *island) {
	t.Helper()
	word := strings.ToLower(rand.Text())
	crowded, lonely = newIsland(t, word, 710_000_000, true), newIsland(t, word, 720_000_000, false)
	if !slices.Equal(slices.Sorted(maps.Keys(crowded.more)), slices.Sorted(maps.Keys(lonely.more))) {
		t.Fatal("alice has more on one island than on the other")
	}
	lonely.others = crowded.others // their ids are asked for there too, and nobody holds them
	return crowded, lonely
}

// newIsland plants one. MLflow lists words in the order of a hash in some of its
// errors, which is to be the same. Experiment ids count on from first, so that
// they look like no other number of an answer.
func newIsland(t *testing.T, word string, first int, crowded bool) *island {
	t.Helper()
	w := &island{srv: mlflowtest.Start(t, mlflowtest.Env("PYTHONHASHSEED=0")), crowded: crowded, more: map[string]string{}, names: map[string]string{}}
	remove := w.srv.CountFrom(t, first)
	for i, step := range []func(*island, *testing.T, string){
		(*island).plantFirst, (*island).plantRuns, (*island).plantExperiments, (*island).plantLoggedModels,
		(*island).plantModels, (*island).plantShared, (*island).plantTraces,
	} {
		if crowded {
			w.crowd(t, i, word)
		}
		step(w, t, word)
	}
	remove()
	if crowded {
		w.crowd(t, -1, word)
	}
	for _, line := range strings.Fields("exp run lm tr as ds record ls rq iss judge") {
		w.names[w.text("<"+line+">", side{})] = "<" + line + ">"
	}
	for name, id := range w.more {
		w.names[id] = name
	}
	w.gate = newGate(t, w.srv.URL(), rules)
	return w
}

// id reads a string of an answer.
func id(t *testing.T, a m, path ...string) string {
	t.Helper()
	for _, name := range path[:len(path)-1] {
		a, _ = a[name].(m)
	}
	got, _ := a[path[len(path)-1]].(string)
	if got == "" {
		t.Fatalf("no %v in %v", path, a)
	}
	return got
}

// run makes one with a start of its own: runs that begin together are sorted
// by their ids, which are chance.
func (w *island) run(t *testing.T, exp string, start int, name string) string {
	t.Helper()
	run := id(t, w.srv.Call(t, "POST", "runs/create", m{"experiment_id": exp, "start_time": start, "run_name": name}), "run", "info", "run_id")
	w.srv.Call(t, "POST", "runs/log-batch", m{
		"run_id": run, "tags": []m{{"key": "k", "value": name}}, "params": []m{{"key": "k", "value": name}},
		"metrics": []m{{"key": "loss", "value": start, "timestamp": 1, "step": 1}, {"key": "loss", "value": start + 1, "timestamp": 2, "step": 2}, {"key": "loss", "value": start + 2, "timestamp": 3, "step": 3}},
	})
	return run
}

func (w *island) trace(t *testing.T, exp, at string, metadata m) string {
	t.Helper()
	if !has("POST", v3+"traces") {
		second, _ := strconv.Atoi(at)
		return plantOldTrace(t, w.srv, exp, 1767323000000+second*1000, at, metadata)
	}
	tr := fmt.Sprintf("tr-%x", rand.Text()[:16])
	w.srv.Call(t, "POST", "/api/3.0/mlflow/traces", m{"trace": m{"trace_info": m{
		"trace_id": tr, "trace_location": m{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": m{"experiment_id": exp}},
		"request_time": "2026-01-02T03:04:" + at + "Z", "state": "OK", "request_preview": at, "execution_duration": "0.1s", "tags": m{"k": at}, "trace_metadata": metadata,
	}}})
	return tr
}

func (w *island) plantFirst(t *testing.T, word string) { w.mine = plantAs(t, w.srv, "cv", word) }

func (w *island) plantRuns(t *testing.T, _ string) {
	for i := 2; i <= 5; i++ {
		w.more[fmt.Sprintf("<run%d>", i)] = w.run(t, w.mine.exp, i*10, fmt.Sprint("run", i))
	}
	w.srv.Call(t, "POST", "runs/delete", m{"run_id": w.more["<run5>"]})
}

func (w *island) plantExperiments(t *testing.T, word string) {
	for i, name := range []string{"cv/a" + word, "cv/deep/" + word, "cv/z" + word, "cv/gone" + word} {
		w.more[fmt.Sprintf("<exp%d>", i+2)] = w.srv.CreateExperiment(t, name)
	}
	w.more["<run6>"] = w.run(t, w.more["<exp2>"], 60, "run6")
	w.srv.Call(t, "POST", "experiments/delete", m{"experiment_id": w.more["<exp5>"]})
}

func (w *island) plantLoggedModels(t *testing.T, _ string) {
	if !logsModels() {
		return
	}
	w.more["<lm2>"] = w.srv.LogModel(t, w.mine.exp, w.more["<run2>"], "lm2")
	w.more["<lm3>"] = w.srv.LogModel(t, w.more["<exp2>"], "", "lm3")
	w.more["<lm4>"] = w.srv.LogModel(t, w.mine.exp, "", "lm4")
	w.srv.Call(t, "DELETE", "logged-models/"+w.more["<lm4>"], m{"model_id": w.more["<lm4>"]})
	w.srv.Call(t, "POST", "runs/log-inputs", m{"run_id": w.more["<run2>"], "models": []m{{"model_id": w.more["<lm2>"]}}})
}

func (w *island) plantModels(t *testing.T, word string) {
	for _, name := range []string{"cv.a" + word, "cv.prompt" + word, "cv.gone" + word, "cv.z" + word} {
		w.srv.CreateModel(t, name)
	}
	source := "models:/" + w.more["<lm2>"]
	if !logsModels() {
		source = "mlflow-artifacts:/" + w.mine.exp + "/" + w.more["<run2>"] + "/artifacts/model"
	}
	w.srv.CreateVersion(t, "cv.a"+word, source, w.more["<run2>"])
	w.srv.CreateVersion(t, "cv.a"+word, "s3://bucket/mine", "")
	w.srv.Call(t, "POST", "model-versions/transition-stage", m{"name": "cv.a" + word, "version": "1", "stage": "Production", "archive_existing_versions": false})
	w.srv.CreateVersion(t, w.mine.model, "s3://bucket/mine2", w.mine.run)
	w.srv.Call(t, "POST", "registered-models/set-tag", m{"name": "cv.prompt" + word, "key": "mlflow.prompt.is_prompt", "value": "true"})
	w.srv.CreateVersion(t, "cv.z"+word, "s3://bucket/z", "")
	w.srv.Call(t, "DELETE", "registered-models/delete", m{"name": "cv.gone" + word})
	w.more["<model2>"], w.more["<model3>"] = "cv.a"+word, "cv.z"+word
}

// plantShared makes what she sees of in part: there, another team's things hang
// on it; alone, it is the same without them.
func (w *island) plantShared(t *testing.T, word string) {
	run := w.run(t, w.mine.exp, 70, "shared run")
	w.more["<run7>"] = run
	w.srv.CreateModel(t, "cv.shared"+word)
	w.srv.CreateVersion(t, "cv.shared"+word, "s3://bucket/shared", "")
	w.more["<model4>"] = "cv.shared" + word
	theirs := m{"name": "cv.shared" + word, "source": "s3://bucket/theirs"}
	if w.crowded {
		theirs["run_id"], theirs["run_link"] = w.others[0].run, "http://x/"
		if logsModels() {
			theirs["model_id"] = w.others[0].lm
		}
	}
	w.srv.Call(t, "POST", "model-versions/create", theirs)
	if has("POST", v3+"datasets/create") {
		ds := id(t, w.srv.Call(t, "POST", v3+"datasets/create", m{"name": "shared" + word, "experiment_ids": []string{w.mine.exp}}), "dataset", "dataset_id")
		if w.more["<ds2>"] = ds; w.crowded {
			w.srv.Call(t, "POST", v3+"datasets/"+ds+"/add-experiments", m{"dataset_id": ds, "experiment_ids": []string{w.others[0].exp}})
		}
	}
	if logsModels() {
		w.plantSharedModels(t, word)
	}
}

func (w *island) plantSharedModels(t *testing.T, word string) {
	run := w.more["<run7>"]
	lm := w.srv.LogModel(t, w.mine.exp, run, "shared lm")
	alone := w.srv.LogModel(t, w.mine.exp, "", "of no run")
	w.more["<lm5>"], w.more["<lm6>"] = lm, alone
	if !w.crowded {
		w.srv.Call(t, "POST", "runs/log-metric", m{"run_id": run, "key": "linked", "value": 1, "timestamp": 1})
		w.more["<lm7>"] = w.srv.LogModel(t, w.mine.exp, "", "of their run")
		w.more["<lm8>"] = w.srv.LogModel(t, w.mine.exp, "", "registered by both")
		w.srv.CreateVersion(t, "cv.shared"+word, "models:/"+w.more["<lm8>"], "")
		return
	}
	theirs := w.others[0]
	w.more["<lm7>"] = w.srv.LogModel(t, w.mine.exp, theirs.run, "of their run")
	w.more["<lm8>"] = w.srv.LogModel(t, w.mine.exp, "", "registered by both")
	w.srv.CreateVersion(t, theirs.model, "models:/"+w.more["<lm8>"], "")
	w.srv.CreateVersion(t, "cv.shared"+word, "models:/"+w.more["<lm8>"], "")
	w.srv.Call(t, "POST", "runs/log-metric", m{"run_id": run, "key": "linked", "value": 1, "timestamp": 1, "model_id": theirs.lm})
	w.srv.Call(t, "POST", "runs/log-inputs", m{"run_id": run, "models": []m{{"model_id": theirs.lm}}})
	w.srv.Call(t, "POST", "runs/outputs", m{"run_id": run, "models": []m{{"model_id": theirs.lm, "step": 1}}})
	w.srv.Call(t, "POST", "runs/log-metric", m{"run_id": theirs.run, "key": "loss", "value": 9, "timestamp": 9, "model_id": lm})
	w.srv.CreateVersion(t, theirs.model, "models:/"+lm, "")
}

func (w *island) plantTraces(t *testing.T, word string) {
	for i := 2; i <= 4; i++ {
		w.more[fmt.Sprintf("<tr%d>", i)] = w.trace(t, w.mine.exp, fmt.Sprint(10+i), m{"i": fmt.Sprint(i)})
	}
	of := m{}
	if w.crowded {
		of["mlflow.sourceRun"] = w.others[0].run
	}
	w.more["<tr5>"] = w.trace(t, w.mine.exp, "20", of)
	w.more["<tr6>"] = w.trace(t, w.more["<exp2>"], "21", m{"mlflow.sourceRun": w.more["<run6>"]})
	if !has("POST", v3+"datasets/create") {
		return
	}
	for i, name := range []string{"dsa" + word, "dsz" + word} {
		w.more[fmt.Sprintf("<ds%d>", i+3)] = id(t, w.srv.Call(t, "POST", v3+"datasets/create", m{"name": name, "experiment_ids": []string{w.mine.exp, w.more["<exp2>"]}}), "dataset", "dataset_id")
		w.more[fmt.Sprintf("<ls%d>", i+2)] = id(t, w.srv.Call(t, "POST", v3+"label-schemas/create", m{"experiment_id": w.mine.exp, "name": "ls" + name, "type": "FEEDBACK", "input": m{"text": m{}}}), "label_schema", "schema_id")
		w.more[fmt.Sprintf("<rq%d>", i+2)] = id(t, w.srv.Call(t, "POST", v3+"review-queues/create", m{"experiment_id": w.mine.exp, "name": "rq" + name, "queue_type": "CUSTOM", "users": []string{"u"}}), "review_queue", "queue_id")
		w.more[fmt.Sprintf("<iss%d>", i+2)] = id(t, w.srv.Call(t, "POST", v3+"issues", m{"experiment_id": w.mine.exp, "name": "iss" + name, "description": "d"}), "issue", "issue_id")
		w.srv.Call(t, "POST", v3+"scorers/register", m{"experiment_id": w.mine.exp, "name": "sc" + name, "serialized_scorer": `{"name":"s","builtin_scorer_class":"Safety","builtin_scorer_pydantic_data":{}}`})
		w.more["<lsname>"], w.more["<rqname>"] = "ls"+name, "rq"+name
	}
	w.more["<judge2>"] = id(t, w.srv.Call(t, "PUT", v3+"scorers/online-config", m{"experiment_id": w.mine.exp, "name": "scdsa" + word, "sample_rate": 0}), "config", "scorer_id")
}

// crowd lets the other teams act before alice's i-th step.
func (w *island) crowd(t *testing.T, i int, word string) {
	t.Helper()
	switch i {
	case 0: // names like hers, in another prefix, and a dataset that she will log
		theirs := plantAs(t, w.srv, "nlp", word)
		w.srv.Call(t, "POST", "runs/log-inputs", m{"run_id": theirs.run, "datasets": []m{{"dataset": m{"name": "of many", "digest": "d", "source_type": "local", "source": theirs.secret}}}})
		w.others = append(w.others, theirs)
	case 1: // a prefix that begins like hers
		w.others = append(w.others, plantAs(t, w.srv, "cvx", word))
	case 3:
		w.others = append(w.others, plant(t, w.srv, "rob"))
	case -1: // things that are gone
		gone := plant(t, w.srv, "nlp")
		if logsModels() {
			w.srv.Call(t, "DELETE", "logged-models/"+gone.lm, m{"model_id": gone.lm})
		}
		w.srv.Call(t, "POST", "runs/delete", m{"run_id": gone.run})
		w.srv.Call(t, "POST", "experiments/delete", m{"experiment_id": gone.exp})
		w.others = append(w.others, gone)
	}
	for range 2 * turnsEach {
		w.stir(t)
	}
}

// stir is one turn of the other teams: something new of some kind beside and
// below what they have, and now and then something renamed or deleted.
func (w *island) stir(t *testing.T) {
	t.Helper()
	theirs := w.others[w.turns/turnsEach%len(w.others)%3]
	prefix, _, _ := strings.Cut(theirs.name, "/")
	switch w.turns++; w.turns % turnsEach {
	case 1:
		w.stirred = strings.ToLower(rand.Text())
		w.stirredExp = w.srv.CreateExperiment(t, prefix+"/"+w.stirred)
	case 2:
		w.stirredRun = w.run(t, w.stirredExp, w.turns, w.stirred)
	case 3:
		if logsModels() {
			w.srv.LogModel(t, theirs.exp, w.stirredRun, w.stirred)
		}
	case 4:
		w.srv.CreateModel(t, prefix+"."+w.stirred)
	case 5:
		w.srv.CreateVersion(t, prefix+"."+w.stirred, "s3://bucket/"+w.stirred, w.stirredRun)
	case 6:
		w.trace(t, theirs.exp, fmt.Sprint(10+w.turns%50), m{"k": w.stirred})
	case 7:
		if has("POST", v3+"datasets/create") {
			w.srv.Call(t, "POST", v3+"datasets/create", m{"name": w.stirred, "experiment_ids": []string{theirs.exp}})
		}
	case 8:
		w.srv.Call(t, "POST", "experiments/update", m{"experiment_id": w.stirredExp, "new_name": prefix + "/new" + w.stirred})
	case 9:
		w.srv.Call(t, "POST", "registered-models/rename", m{"name": prefix + "." + w.stirred, "new_name": prefix + ".new" + w.stirred})
	case 10:
		w.srv.Call(t, "POST", "runs/delete", m{"run_id": w.stirredRun})
	case 11:
		if w.turns%2 == 0 {
			w.srv.Call(t, "DELETE", "registered-models/delete", m{"name": prefix + ".new" + w.stirred})
		}
	case 0:
		if w.turns%2 == 0 {
			w.srv.Call(t, "POST", "experiments/delete", m{"experiment_id": w.stirredExp})
		}
	}
}

const turnsEach = 12

// text fills in the placeholders of a call: hers in small letters, those of an
// other team in capitals.
func (w *island) text(s string, theirs side) string {
	pairs := make([]string, 0, 2*len(w.more))
	for name, id := range w.more {
		pairs = append(pairs, name, id)
	}
	return fill(w.mine, theirs).Replace(strings.NewReplacer(pairs...).Replace(s))
}
