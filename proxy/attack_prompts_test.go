package proxy_test

import (
	"strings"
	"testing"
)

// What is a model stays one, and a prompt a prompt.
func TestNoModelIsTurnedIntoAPrompt(t *testing.T) {
	t.Parallel()
	_, g, mine, _ := twoTeams(t)
	with := fill(mine, mine)
	for _, key := range []string{"mlflow.prompt.is_prompt", "MLflow.Prompt.is_prompt", " mlflow.prompt.is_prompt"} {
		for _, r := range []request{
			{"POST", "registered-models/set-tag", `{"name":"<model>","key":` + quote(key) + `,"value":"true"}`},
			{"DELETE", "registered-models/delete-tag", `{"name":"<model>","key":` + quote(key) + `}`},
			{"POST", "model-versions/set-tag", `{"name":"<model>","version":"1","key":` + quote(key) + `,"value":"true"}`},
			{"DELETE", "model-versions/delete-tag", `{"name":"<model>","version":"1","key":` + quote(key) + `}`},
		} {
			if a := r.send(t, g, "alice", with); a.Status != 403 {
				t.Errorf("%v: got %d %s", r, a.Status, a.Body)
			}
		}
	}
	if a := (request{"POST", "registered-models/create", `{"name":"<model>-p","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`}).send(t, g, "alice", with); a.Status != 200 {
		t.Errorf("a prompt: got %d %s", a.Status, a.Body)
	}
}

// A version with the mark of prompts hides all versions of its model from the
// search, and MLflow checks no source of it; the other way round a prompt would
// hide a model's version.
func TestNoVersionIsOfAnotherKindThanItsModel(t *testing.T) {
	t.Parallel()
	_, g, mine, _ := twoTeams(t)
	with := fill(mine, mine)
	mark := func(values ...string) string {
		var tags []string
		for _, v := range values {
			tags = append(tags, `{"key":"mlflow.prompt.is_prompt","value":`+v+`}`)
		}
		return `"tags":[` + strings.Join(tags, ",") + `]`
	}
	version := func(model, more string) request {
		return request{"POST", "model-versions/create", `{"name":"` + model + `",` + more + `}`}
	}
	made := func(r request) {
		t.Helper()
		if a := r.send(t, g, "root", with); a.Status != 200 {
			t.Fatalf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
	refused := func(r request, says string) {
		t.Helper()
		if a := r.send(t, g, "alice", with); a.Status != 400 || !strings.Contains(string(a.Body), says) {
			t.Errorf("%v: got %d %s, want 400 %s", r, a.Status, a.Body, says)
		}
	}
	seen := func() string {
		return string(request{"GET", "model-versions/search?filter=name+%3D+'<model>'", ""}.send(t, g, "alice", with).Body)
	}
	const plain = `"source":"models:/<lm>","model_id":"<lm>"`
	before := seen()
	if !strings.Contains(before, `"version"`) {
		t.Fatalf("no version to hide: %s", before)
	}
	for _, source := range []string{`"source":"dummy-source"`, `"source":"prompt-template"`, plain} {
		refused(version("<model>", source+","+mark(`"true"`)), "is not a prompt")
		for _, values := range [][]string{{`"True"`}, {`"TRUE"`}, {`"no"`, `"true"`}, {`"true"`, `"True"`}} {
			refused(version("<model>", source+","+mark(values...)), `only with the value`)
		}
	}
	for _, values := range [][]string{{`"false"`}, {`""`}, {`"true"`, `"false"`}, {`"true "`}} {
		refused(version("<model>", plain+","+mark(values...)), `only with the value`)
		refused(request{"POST", "registered-models/create", `{"name":"<model>-q",` + mark(values...) + `}`}, `only with the value`)
	}
	refused(version("<model>", plain+`,"tags":[{"key":"MLflow.Prompt.is_prompt","value":"true"}]`), "another spelling")
	if after := seen(); after != before {
		t.Errorf("got %s, want %s", after, before)
	}

	made(request{"POST", "registered-models/create", `{"name":"<model>-p",` + mark(`"true"`) + `}`})
	made(version("<model>-p", `"source":"dummy-source",`+mark(`"true"`)))
	made(version("<model>-p", `"source":"prompt-template",`+mark(`"true"`, `"true"`)))
	refused(version("<model>-p", plain), "is a prompt")
	made(version("<model>", plain))

	// What a name was says nothing of what it is.
	made(request{"DELETE", "registered-models/delete", `{"name":"<model>-p"}`})
	made(request{"POST", "registered-models/create", `{"name":"<model>-p"}`})
	made(version("<model>-p", plain))
	made(request{"DELETE", "registered-models/delete", `{"name":"<model>-p"}`})
	made(request{"POST", "registered-models/create", `{"name":"<model>-p",` + mark(`"true"`) + `}`})
	made(version("<model>-p", `"source":"dummy-source",`+mark(`"true"`)))
	if a := version("<model>-none", `"source":"dummy-source",`+mark(`"true"`)).send(t, g, "alice", with); a.Status != 404 {
		t.Errorf("of no model: got %d %s", a.Status, a.Body)
	}
}
