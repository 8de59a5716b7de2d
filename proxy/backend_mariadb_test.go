//go:build backends

package proxy_test

import (
	"net/url"
	"strings"
	"testing"
)

// twins is the policy of somebody whose prefixes are bob's to a store without
// case and accents, and nobody's to mlgate.
const twins = rules + "p, user:nobody, NLP/*, manage\np, user:nobody, nlṕ/*, manage\np, user:nobody, Ńlp/*, manage\np, user:nobody, Nlp/*, manage\n"

// respelt are names that MariaDB takes for the same, or that nobody may create.
func respelt(name string) []string {
	return []string{
		strings.ToUpper(name), strings.Replace(name, "nlp", "nlṕ", 1), strings.Replace(name, "nlp", "Ńlp", 1), strings.Replace(name, "nlp", "nlp\u0301", 1),
		name + " ", name + "\t", " " + name, strings.ToUpper(name[:1]) + name[1:],
	}
}

// namedCalls are the calls that name a model or an experiment, beyond [byName].
var namedCalls = []request{
	{"GET", "registered-models/get?name=<model>", ""},
	{"GET", "registered-models/alias?name=<model>&alias=champion", ""},
	{"GET", "model-versions/get?name=<model>&version=1", ""},
	{"GET", "experiments/get-by-name?experiment_name=<name>", ""},
	{"POST", "experiments/create", `{"name":"<name>"}`},
	{"POST", "registered-models/create", `{"name":"<model>","description":"d","tags":[{"key":"t","value":"v"}]}`},
	{"POST", "registered-models/create", `{"name":"<model>","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`},
	{"POST", "model-versions/create", `{"name":"<model>","source":"dummy-source","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`},
	{"GET", "registered-models/search?filter=name+%3D+%27<model>%27", ""},
	{"GET", "registered-models/search?filter=name+LIKE+%27<model>%27", ""},
	{"GET", "registered-models/search?filter=name+ILIKE+%27<model>%27", ""},
	{"GET", "registered-models/search?filter=name+IN+(%27<model>%27)", ""},
	{"GET", "registered-models/search", ""},
	{"GET", "model-versions/search?filter=name+%3D+%27<model>%27", ""},
	{"GET", "model-versions/search?filter=name+ILIKE+%27<model>%27", ""},
	{"GET", "model-versions/search", ""},
	{"POST", "experiments/search", `{"max_results":100,"filter":"name = '<name>'"}`},
	{"POST", "experiments/search", `{"max_results":100,"filter":"name ILIKE '<name>'"}`},
	{"POST", "experiments/search", `{"max_results":100}`},
}

func TestByAnotherSpellingNothingIsAnsweredOrDoneOnMariaDB(t *testing.T) {
	srv, _, mine, theirs := twoTeams(t)
	g := newGate(t, srv.URL(), twins)
	still := unmoved(t, srv, theirs)
	models, names := respelt(theirs.model), respelt(theirs.name)
	for i := range models {
		for _, r := range append(byName, namedCalls...) {
			query := func(s string) string { return s }
			if r.body == "" {
				query = func(s string) string { return url.QueryEscape(s) }
			}
			with := strings.NewReplacer("<model>", query(models[i]), "<name>", query(names[i]))
			for _, user := range []string{"nobody", "bob", "root"} {
				a := r.send(t, g, user, with)
				if a.Status/100 == 2 && !strings.Contains(r.path, "/search") {
					t.Errorf("%v %q as %s: got %d %s", r, models[i], user, a.Status, a.Body)
				}
				if a.Status >= 500 {
					t.Errorf("%v %q as %s: the server broke: %d %s", r, models[i], user, a.Status, a.Body)
				}
				if user == "nobody" {
					theirs.unleaked(t, with.Replace(r.path+r.body), a)
				}
			}
		}
	}
	for _, r := range []request{
		{"POST", "registered-models/rename", `{"name":"<model>","new_name":"` + models[0] + `"}`},
		{"POST", "experiments/update", `{"experiment_id":"<exp>","new_name":"` + names[0] + `"}`},
	} {
		g := newGate(t, srv.URL(), twins+"p, user:nobody, cv/*, manage\n")
		if a := r.send(t, g, "nobody", fill(mine, theirs)); a.Status/100 == 2 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
	still()
	for _, r := range byName {
		if strings.Contains(r.path, "rename") || strings.HasSuffix(r.path, "/delete") {
			continue
		}
		with := strings.NewReplacer("<model>", theirs.model, `"source":"models:/<model>/1"`, `"source":"models:/`+theirs.lm+`","model_id":"`+theirs.lm+`"`)
		if a := r.send(t, g, "bob", with); a.Status != 200 && !strings.Contains(r.path, "get-artifact") {
			t.Errorf("%v: by its own name bob got %d %s", r, a.Status, a.Body)
		}
	}
}

// exotic are keys that some collation of MariaDB takes for a reserved one.
func exotic(key string) []string {
	return []string{
		strings.ToUpper(key), strings.Replace(key, "e", "é", 1), strings.Replace(key, "e", "e\u0301", 1), strings.Replace(key, "m", "ｍ", 1),
		strings.Replace(key, "l", "ł", 1), strings.Replace(key, "m", "🅼", 1), key + " ", strings.Replace(key, "m", "m\u200b", 1), strings.Replace(key, "o", "ø", 1), strings.Replace(key, "ser", "śer", 1),
	}
}

func TestReservedTagsStayAsTheyAreByAnySpellingOnMariaDB(t *testing.T) {
	srv, g, mine, _ := twoTeams(t)
	a := g.do(t, "alice", "POST", api+"runs/create", m{"experiment_id": mine.exp, "start_time": 1})
	run, _ := a.json(t)["run"].(m)["info"].(m)["run_id"].(string)
	g.do(t, "alice", "POST", api+"registered-models/create", m{"name": mine.model + "p", "tags": []m{{"key": "mlflow.prompt.is_prompt", "value": "true"}}})
	rows := func() string {
		all := srv.Snapshot(t).Mentioning(`"mlgate.`, `"mlflow.user`, `"mlflow.prompt.is_prompt`, `"mlflow.modelVersions`, `"mlflow.artifactLocation`, `"mlflow.trace.spansLocation`).Mentioning(run, mine.lm, mine.tr, mine.model, mine.exp)
		return strings.Join(append(append(append(all.Rows["tags"], all.Rows["registered_model_tags"]...), all.Rows["logged_model_tags"]...), all.Rows["trace_tags"]...), "\n")
	}
	before := rows()
	if strings.Count(before, "mlgate.user") != 1 || strings.Count(before, "mlflow.") < 4 {
		t.Fatalf("the tags are not seen:\n%s", before)
	}
	for _, key := range []string{"mlgate.user", "mlflow.user", "mlflow.prompt.is_prompt", "mlflow.modelVersions", "mlflow.artifactLocation", "mlflow.trace.spansLocation"} {
		for _, k := range exotic(key) {
			if k == key {
				continue
			}
			for _, r := range []struct {
				method, path string
				body         m
			}{
				{"POST", api + "runs/set-tag", m{"run_id": run, "key": k, "value": "x"}},
				{"POST", api + "runs/delete-tag", m{"run_id": run, "key": k}},
				{"POST", api + "registered-models/set-tag", m{"name": mine.model + "p", "key": k, "value": "x"}},
				{"DELETE", api + "registered-models/delete-tag", m{"name": mine.model + "p", "key": k}},
				{"PATCH", api + "logged-models/" + mine.lm + "/tags", m{"tags": []m{{"key": k, "value": "[]"}}}},
				{"DELETE", api + "logged-models/" + mine.lm + "/tags/" + url.PathEscape(k), nil},
				{"PATCH", v3 + "traces/" + mine.tr + "/tags", m{"key": k, "value": "x"}},
				{"DELETE", v3 + "traces/" + mine.tr + "/tags", m{"key": k}},
			} {
				if strings.Contains(r.path, "runs/") == strings.HasPrefix(key, "mlflow.prompt") {
					continue
				}
				var body any
				if r.body != nil {
					body = r.body
				}
				if a := g.do(t, "lead", r.method, r.path, body); a.Status >= 500 {
					t.Errorf("%v: %d %s", r, a.Status, a.Body)
				}
			}
		}
		if after := rows(); after != before {
			t.Errorf("by a spelling of %s moved:\n%s\nwas\n%s", key, after, before)
			before = after
		}
	}
}
