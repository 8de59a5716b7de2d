package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

const ajax2 = "/ajax-api/2.0/mlflow/"

// logged is a dataset of a run's as its reader is shown it.
func logged(t *testing.T, g *gate, user, run string) (shown []string) {
	t.Helper()
	a := g.do(t, user, "GET", api+"runs/get?run_id="+run, nil)
	inputs, _ := a.json(t)["run"].(m)["inputs"].(m)
	list, _ := inputs["dataset_inputs"].([]any)
	for _, input := range list {
		d := input.(m)["dataset"].(m)
		shown = append(shown, fmt.Sprint(d["name"], " ", d["digest"], " ", d["source"], " ", d["schema"], " ", d["profile"]))
	}
	return shown
}

// datasetOf is a dataset in which everything but name and digest tells whose it is.
func datasetOf(name, digest, word string) m {
	return m{"name": name, "digest": digest, "source_type": "local", "source": "source-" + word, "schema": "schema-" + word, "profile": "profile-" + word}
}

func shownOf(name, digest, word string) string {
	return fmt.Sprintf("%s %s source-%[3]s schema-%[3]s profile-%[3]s", name, digest, word)
}

// An older MLflow looks for a dataset on the whole server: what one team has
// logged would show in the runs of another that logs one of the same name, and
// what that sent would be lost.
func TestDatasetsOfOneNameShowToEachTeamItsOwn(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	past := srv.CreateRun(t, theirs.exp)
	srv.Call(t, "POST", "runs/log-inputs", m{"run_id": past, "datasets": []m{{"dataset": datasetOf("before the gate", "d", theirs.secret)}}})
	if got := g.do(t, "bob", "POST", api+"runs/log-inputs", m{"run_id": theirs.run, "datasets": []m{
		{"dataset": datasetOf("iris", "d", theirs.secret), "tags": []m{{"key": "mlflow.data.context", "value": theirs.secret}}},
		{"dataset": datasetOf("", "", theirs.secret)},
	}}); got.Status != 200 {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	names := []string{"before the gate", "iris", "Iris", "it's", "", "late"}
	for _, name := range names {
		digest := "d"
		if name == "" {
			digest = ""
		}
		if a := g.do(t, "alice", "POST", api+"runs/log-inputs", m{"run_id": mine.run, "datasets": []m{{"dataset": datasetOf(name, digest, mine.secret)}}}); a.Status != 200 {
			t.Fatalf("%q: got %d %s", name, a.Status, a.Body)
		}
		shown := strings.Join(logged(t, g, "alice", mine.run), "\n")
		if want := shownOf(name, digest, mine.secret); !strings.Contains(shown, want) || strings.Contains(shown, theirs.secret) {
			t.Errorf("%q: she is shown\n%s\nwant\n%s", name, shown, want)
		}
	}
	// Nameless in every way that MLflow reads as that.
	for i, input := range []m{{}, {"dataset": m{}}, {"dataset": m{"source": "s"}}} {
		run := srv.CreateRun(t, mine.exp)
		a := g.do(t, "alice", "POST", api+"runs/log-inputs", m{"run_id": run, "datasets": []m{input}})
		theirs.unleaked(t, "", a)
		theirs.unleaked(t, "", g.do(t, "alice", "GET", api+"runs/get?run_id="+run, nil))
		if a.Status >= 500 {
			t.Errorf("%d: got %d %s", i, a.Status, a.Body)
		}
	}
	// Bob comes after her, and is shown his own as well.
	if a := g.do(t, "bob", "POST", api+"runs/log-inputs", m{"run_id": past, "datasets": []m{{"dataset": datasetOf("late", "d", theirs.secret)}}}); a.Status != 200 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	shown := strings.Join(logged(t, g, "bob", past), "\n")
	if !strings.Contains(shown, shownOf("late", "d", theirs.secret)) || strings.Contains(shown, mine.secret) {
		t.Errorf("bob is shown %s", shown)
	}
	for _, r := range []request{
		{"POST", "runs/search", `{"experiment_ids":["<exp>"]}`},
		{"POST", ajax2 + "experiments/search-datasets", `{"experiment_ids":["<exp>"]}`},
		{"POST", gql, `{"query":"query q($data: MlflowGetRunInput!){mlflowGetRun(input:$data){run{inputs{datasetInputs{dataset{again: name name source schema profile} tags{value}}}}}}","variables":{"data":{"runId":"<run>"}}}`},
	} {
		for _, user := range []string{"alice", "root"} {
			a := r.send(t, g, user, fill(mine, theirs))
			body := string(a.Body)
			theirs.unleaked(t, "", a)
			if a.Status != 200 || strings.Contains(body, "mlgate") || strings.Count(body, `"iris"`) != map[bool]int{true: 2, false: 1}[r.path == gql] {
				t.Errorf("%v as %s: got %d %s", r, user, a.Status, body)
			}
		}
	}
}

// Her own she may log as often as she likes.
func TestADatasetIsLoggedInManyRunsAndExperiments(t *testing.T) {
	t.Parallel()
	srv, g, mine, _ := twoTeams(t)
	other := srv.CreateExperiment(t, mine.name+"-other")
	want := shownOf("train", "d", "one")
	for i, exp := range []string{mine.exp, mine.exp, other, other} {
		run := srv.CreateRun(t, exp)
		for range 2 {
			a := g.do(t, "alice", "POST", api+"runs/log-inputs", m{"run_id": run, "datasets": []m{{"dataset": datasetOf("train", "d", "one")}, {"dataset": datasetOf("train", "e", "two")}}})
			if a.Status != 200 {
				t.Fatalf("got %d %s", a.Status, a.Body)
			}
		}
		if got := logged(t, g, "alice", run); len(got) != 2 || got[0] != want && got[1] != want {
			t.Errorf("run %d: got %q, want %q and another", i, got, want)
		}
	}
	a := g.do(t, "alice", "POST", ajax2+"experiments/search-datasets", m{"experiment_ids": []string{mine.exp, other}})
	if strings.Count(string(a.Body), `"train"`) != 4 {
		t.Errorf("got %s", a.Body)
	}
}

// A filter speaks of the names that were logged, whatever they are in MLflow.
func TestRunsAreFoundByTheirDatasets(t *testing.T) {
	t.Parallel()
	srv, g, mine, _ := twoTeams(t)
	other := srv.CreateExperiment(t, mine.name+"-other")
	runs := map[string]string{}
	for word, run := range map[string]string{"iris": srv.CreateRun(t, mine.exp), "Iris": srv.CreateRun(t, mine.exp), "iris2": srv.CreateRun(t, other)} {
		runs[run] = word
		if a := g.do(t, "alice", "POST", api+"runs/log-inputs", m{"run_id": run, "datasets": []m{{"dataset": datasetOf(word, "d"+word, word)}}}); a.Status != 200 {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
	}
	past := srv.CreateRun(t, mine.exp)
	runs[past] = "past"
	srv.Call(t, "POST", "runs/log-inputs", m{"run_id": past, "datasets": []m{{"dataset": datasetOf("past the gate", "d", "x")}}})
	runs[mine.run] = "hers"
	for filter, want := range map[string]string{
		"dataset.name = 'iris'": "iris", "datasets.`name`='Iris'": "Iris", `dataset."name" = "iris2"`: "iris2",
		"dataset.name IN ('iris', 'iris2')": "iris iris2", "dataset.name LIKE 'iris%'": "iris iris2", "dataset.name LIKE '%ris'": "Iris iris",
		"dataset.name ILIKE 'IRIS'": "Iris iris", "dataset.name = 'iris' AND dataset.digest = 'diris'": "iris", "dataset.digest LIKE 'diris%'": "iris iris2",
		"attributes.status = 'RUNNING' and dataset.name IN ('iris') AND dataset.digest IN ('diris')": "iris",
		"dataset.name = 'past the gate'": "past", "dataset.name != 'iris'": "Iris hers iris2 past", "dataset.name NOT IN ('iris','iris2')": "Iris hers past",
		"attributes.artifact_uri != ' dataset.name = ''Iris''' AND dataset.name = 'iris'": "iris", "tags.`dataset.name` = 'iris'": "", "dataset.name = 'nothing'": "",
	} {
		answers := []answer{
			g.do(t, "alice", "POST", api+"runs/search", m{"experiment_ids": []string{mine.exp, other}, "filter": filter}),
			g.do(t, "alice", "POST", gql, m{"query": `query q($d: MlflowSearchRunsInput!){mlflowSearchRuns(input:$d){runs{info{runId}}}}`, "variables": m{"d": m{"experimentIds": []string{mine.exp, other}, "filter": filter}}}),
		}
		if mlflowtest.Version() != mlflowtest.Pinned && strings.Contains(string(answers[1].Body), "Cannot query field 'mlflowSearchRuns'") {
			answers = answers[:1] // older than the field
		}
		for _, a := range answers {
			var got []string
			for run, word := range runs {
				if strings.Contains(string(a.Body), `"`+run+`"`) {
					got = append(got, word)
				}
			}
			if slices.Sort(got); a.Status != 200 || strings.Join(got, " ") != want {
				t.Errorf("%s: got %d %q, want %q\n%.300s", filter, a.Status, got, want, a.Body)
			}
		}
	}
}
