package proxy_test

import (
	"strings"
	"testing"
)

func TestNobodyForgesWhoCreatedARun(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	for _, body := range []string{
		`{"experiment_id":"<exp>","user_id":"mallory"}`,
		`{"experiment_id":"<exp>","tags":[{"key":"mlflow.user","value":"mallory"}]}`,
		`{"experiment_id":"<exp>","user_id":"mallory","tags":[{"key":"mlflow.user","value":"alice"},{"key":"mlflow.user","value":"mallory"}]}`,
		`{"experiment_id":"<exp>","tags":[{"key":" MLflow.User ","value":"mallory"}]}`,
	} {
		a := request{"POST", "runs/create", body}.send(t, g, "alice", with)
		if a.Status != 200 {
			t.Errorf("%s: got %d %s", body, a.Status, a.Body)
			continue
		}
		run := a.json(t)["run"].(m)["info"].(m)["run_id"].(string)
		_, raw := srv.Do(t, "GET", api+"runs/get?run_id="+run, nil)
		if strings.Contains(string(raw), "mallory") || strings.Count(string(raw), `"alice"`) < 3 {
			t.Errorf("%s: MLflow holds %s", body, raw)
		}
	}
	for _, field := range []string{"userId", "USER_ID"} {
		if a := (request{"POST", "runs/create", `{"experiment_id":"<exp>","` + field + `":"mallory"}`}).send(t, g, "alice", with); a.Status != 400 {
			t.Errorf("%s: got %d %s", field, a.Status, a.Body)
		}
	}
}

func TestNobodyChangesAuthorshipOrMlgatesTagsLater(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	run := g.do(t, "alice", "POST", api+"runs/create", m{"experiment_id": mine.exp}).json(t)["run"].(m)["info"].(m)["run_id"].(string)
	mine.run = run
	with := fill(mine, mine)
	for _, key := range []string{"mlflow.user", "MLflow.User", " mlflow.user", "mlflow.user\t", "mlgate.user", "Mlgate.x", " mlgate.user", "mlgate."} {
		quoted := quote(key)
		for _, user := range []string{"alice", "lead", "root"} {
			for _, r := range []request{
				{"POST", "runs/set-tag", `{"run_id":"<run>","key":` + quoted + `,"value":"mallory"}`},
				{"POST", "runs/delete-tag", `{"run_id":"<run>","key":` + quoted + `}`},
				{"POST", "runs/log-batch", `{"run_id":"<run>","tags":[{"key":"a","value":"b"},{"key":` + quoted + `,"value":"mallory"}]}`},
				{"POST", "runs/log-inputs", `{"run_id":"<run>","datasets":[{"tags":[{"key":` + quoted + `,"value":"mallory"}],"dataset":{"name":"n","digest":"d","source_type":"t","source":"s"}}]}`},
				{"POST", "experiments/set-experiment-tag", `{"experiment_id":"<exp>","key":` + quoted + `,"value":"mallory"}`},
				{"POST", "experiments/delete-experiment-tag", `{"experiment_id":"<exp>","key":` + quoted + `}`},
				{"PATCH", "logged-models/<lm>/tags", `{"tags":[{"key":` + quoted + `,"value":"mallory"}]}`},
				{"DELETE", "logged-models/<lm>/tags/" + strings.ReplaceAll(escape(key), "+", "%20"), ""},
				{"POST", "registered-models/set-tag", `{"name":"<model>","key":` + quoted + `,"value":"mallory"}`},
				{"DELETE", "registered-models/delete-tag", `{"name":"<model>","key":` + quoted + `}`},
				{"POST", "model-versions/set-tag", `{"name":"<model>","version":"1","key":` + quoted + `,"value":"mallory"}`},
				{"DELETE", "model-versions/delete-tag", `{"name":"<model>","version":"1","key":` + quoted + `}`},
			} {
				if a := r.send(t, g, user, with); a.Status != 403 {
					t.Errorf("%s: %v: got %d %s, want 403", user, r, a.Status, a.Body)
				}
			}
		}
	}
	_, raw := srv.Do(t, "GET", api+"runs/get?run_id="+run, nil)
	if strings.Contains(string(raw), "mallory") || strings.Count(string(raw), `"alice"`) < 3 {
		t.Errorf("MLflow holds %s", raw)
	}
}

// Creation sets tags too.
func TestCreatingCannotForgeMlgatesTags(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine := plant(t, srv, "cv")
	with := fill(mine, mine)
	const tag = `"tags":[{"key":"mlgate.user","value":"lead"}]`
	for _, r := range []request{
		{"POST", "runs/create", `{"experiment_id":"<exp>",` + tag + `}`},
		{"POST", "experiments/create", `{"name":"<name>-t",` + tag + `}`},
		{"POST", "logged-models", `{"experiment_id":"<exp>",` + tag + `}`},
		{"POST", "registered-models/create", `{"name":"<model>-t",` + tag + `}`},
		{"POST", "model-versions/create", `{"name":"<model>","source":"models:/<lm>","model_id":"<lm>",` + tag + `}`},
	} {
		if a := r.send(t, g, "alice", with); a.Status != 403 {
			t.Errorf("%v: got %d %s, want 403", r, a.Status, a.Body)
		}
	}
}
