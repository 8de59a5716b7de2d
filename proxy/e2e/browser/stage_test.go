package browser_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// canary is in everything of the other team's that can hold text: where it
// shows, something leaked.
const canary = "zqcanary"

// report is a page among the artifacts, with a script that tells what it did.
const report = `<!doctype html><h1 id="title">confusion report</h1><script>
const title = document.getElementById("title")
title.textContent += ", drawn by a script of origin " + self.origin
parent.postMessage(title.textContent, "*")
</script>`

// stage is a gate below a path, alice's things and, beside them, bob's.
type stage struct {
	srv    *mlflowtest.Server
	gate   *mlflowtest.Gate
	word   string // keeps the names of tests apart
	exp    string // id of cv/WORD/detector
	runs   []string
	model  string // cv.WORD.detector
	logged string

	theirExp, theirRun string
}

type m = map[string]any

var passwords = map[string]string{"alice": "p@ss:wörd", "bob": "bob-1"}

func newStage(t *testing.T, path, word string) *stage {
	t.Helper()
	executable(t) // before the servers: without a browser they start for nothing
	s := &stage{srv: live.Server(t), word: word, model: "cv." + word + ".detector"}
	s.gate = mlflowtest.StartGate(t, s.srv.URL(), mlflowtest.GateOptions{
		Policy: "p, role:vision, cv/" + word + "/*, edit\ng, user:alice, role:vision\n" +
			"p, user:bob, nlp/*, manage\n",
		Users: passwords, Prefix: path,
	})
	s.mine(t)
	s.theirs(t)
	return s
}

// mine seeds what alice must find.
func (s *stage) mine(t *testing.T) {
	t.Helper()
	s.exp = s.srv.CreateExperiment(t, "cv/"+s.word+"/detector")
	s.srv.CreateExperiment(t, "cv/"+s.word+"/tracker")
	for _, name := range []string{"first-try", "second-try"} {
		run := s.srv.CreateRun(t, s.exp)
		s.runs = append(s.runs, run)
		s.srv.Call(t, "POST", "runs/log-batch", m{"run_id": run,
			"params":  []m{{"key": "backbone", "value": "resnet-" + name}},
			"metrics": []m{{"key": "accuracy", "value": 0.8125, "timestamp": 1000, "step": 1}, {"key": "accuracy", "value": 0.9375, "timestamp": 2000, "step": 2}},
			"tags":    []m{{"key": "mlflow.runName", "value": name}, {"key": "dataset-size", "value": "tag-of-" + name}},
		})
	}
	s.srv.Call(t, "POST", "runs/update", m{"run_id": s.runs[0], "status": "FINISHED", "end_time": 9000})
	below := s.exp + "/" + s.runs[0] + "/artifacts/"
	s.srv.PutArtifact(t, below+"notes.txt", []byte("the light was poor on tuesday"))
	s.srv.PutArtifact(t, below+"picture.png", picture(t))
	s.srv.PutArtifact(t, below+"report.html", []byte(report))
	s.logged = s.srv.LogModel(t, s.exp, s.runs[0], "detector")
	s.srv.CreateModel(t, s.model)
	s.srv.CreateVersion(t, s.model, "models:/"+s.logged, s.runs[0])
	s.srv.CreateVersion(t, s.model, "models:/"+s.logged, s.runs[0])
	s.srv.Call(t, "PATCH", "model-versions/update", m{"name": s.model, "version": "2", "description": "the steady one"})
	s.srv.Call(t, "POST", "registered-models/alias", m{"name": s.model, "alias": "shiny", "version": "2"})
}

// theirs seeds what she must not: bob's own things, and his models made of her
// run, which MLflow shows wherever it shows the run.
func (s *stage) theirs(t *testing.T) {
	t.Helper()
	exp := s.srv.CreateExperiment(t, "nlp/"+s.word+"/"+canary)
	run := s.srv.CreateRun(t, exp)
	tags := []m{{"key": "mlflow.runName", "value": canary}, {"key": canary, "value": canary}}
	s.srv.Call(t, "POST", "runs/log-batch", m{"run_id": run, "tags": tags,
		"params":  []m{{"key": canary, "value": canary}},
		"metrics": []m{{"key": "accuracy", "value": 1, "timestamp": 1, "step": 1}, {"key": canary, "value": 1, "timestamp": 1, "step": 1}},
	})
	s.srv.Call(t, "POST", "experiments/set-experiment-tag", m{"experiment_id": exp, "key": "mlflow.note.content", "value": canary})
	s.srv.PutArtifact(t, exp+"/"+run+"/artifacts/"+canary+".txt", []byte(canary))
	logged := s.srv.LogModel(t, exp, run, canary)
	for _, source := range []struct{ name, id, run string }{{"own", logged, run}, {"made-of-hers", s.logged, s.runs[0]}} {
		name := "nlp." + s.word + "." + canary + "-" + source.name
		s.srv.Call(t, "POST", "registered-models/create", m{"name": name, "description": canary, "tags": []m{{"key": canary, "value": canary}}})
		s.srv.CreateVersion(t, name, "models:/"+source.id, source.run)
	}
	entry, err := json.Marshal([]m{{"name": "nlp." + s.word + "." + canary + "-made-of-hers", "version": "1"}, {"name": s.model, "version": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	s.srv.Call(t, "PATCH", "logged-models/"+s.logged+"/tags", m{"model_id": s.logged, "tags": []m{{"key": "mlflow.modelVersions", "value": string(entry)}}})
	s.theirExp, s.theirRun = exp, run
}

// picture is an image of a size that no icon of the UI has.
func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 37, 29))
	for x := range 37 {
		for y := range 29 {
			img.Set(x, y, color.RGBA{R: 200, G: uint8(x * 6), B: uint8(y * 8), A: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// signIn opens the gate as alice.
func (s *stage) signIn(t *testing.T) *tab {
	t.Helper()
	return newTab(t, "alice", passwords["alice"])
}

// ui is the address of a page of the UI.
func (s *stage) ui(page string) string { return s.gate.URL() + "/#/" + page }
