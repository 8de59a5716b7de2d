package proxy_test

import (
	"fmt"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// types are what a body may be said to be; MLflow reads that of a PATCH and of a
// DELETE as JSON all the same, and refuses that of a POST.
var types = []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream", ""}

// What stands in the body of a PATCH or a DELETE is decided about, whatever type
// it is said to be of, and whatever of hers the query names; a page of another
// origin cannot have a POST read that it may send without asking.
func TestBodiesOfAllTypesAreReadAsMLflowReadsThem(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check, keep := fill(mine, theirs), unmoved(t, srv, theirs), unmoved(t, srv, mine)
	tried := 0
	for _, r := range foreign {
		if !strings.HasPrefix(r.body, "{") {
			continue
		}
		tried++
		if r.method != "PATCH" && r.method != "DELETE" {
			for _, ct := range types {
				if a := r.send(t, g, "bob", with, "Content-Type", ct); a.Status != 400 {
					t.Errorf("%v as %q: got %d %s, want 400", r.request, ct, a.Status, a.Body)
				}
			}
			continue
		}
		for _, user := range []string{"alice", "lead"} {
			plain := r.send(t, g, user, with)
			for _, ct := range types {
				q := r.request
				if f := firstField.FindStringSubmatch(r.body); f != nil && ct == types[0] {
					q.path += "?" + f[1] + "=" + escape(strings.Trim(with.Replace(strings.ToLower(f[2])), `"`))
				}
				a := q.send(t, g, user, with, "Content-Type", ct)
				if a.Status != plain.Status || string(a.Body) != string(plain.Body) {
					t.Errorf("%s: %v as %q: got %d %s, as JSON %d %s", user, q, ct, a.Status, a.Body, plain.Status, plain.Body)
				}
				theirs.unleaked(t, with.Replace(r.path+r.body), a)
				broken := request{r.method, r.path, r.body + "{"}.send(t, g, user, with, "Content-Type", ct)
				if broken.Status != 400 {
					t.Errorf("%s: %v as %q, broken: got %d %s", user, r.request, ct, broken.Status, broken.Body)
				}
			}
		}
	}
	if tried < 80 {
		t.Errorf("only %d bodies were tried", tried)
	}
	check()
	keep()
	// The one in the body is deleted, and the one in the query stays.
	held := func(want bool) {
		t.Helper()
		rows := srv.Snapshot(t).Rows
		for table, row := range map[string]string{
			"evaluation_dataset_records": mine.record, "label_schemas": mine.ls, "scorers": mine.scorer, "trace_tags": mine.secret,
		} {
			if strings.Contains(strings.Join(rows[table], "\n"), row) != want {
				t.Errorf("%s: that it holds %s is not %v", table, row, want)
			}
		}
	}
	held(true)
	for _, r := range []request{
		{"DELETE", v3 + "datasets/<ds>/records?dataset_record_ids=<RECORD>&dataset_id=<DS>", `{"dataset_record_ids":["<record>"]}`},
		{"DELETE", v3 + "label-schemas/delete?schema_id=<LS>", `{"schema_id":"<ls>"}`},
		{"DELETE", v3 + "scorers/delete?experiment_id=<EXP>&name=<SCORER>", `{"experiment_id":"<exp>","name":"<scorer>"}`},
		{"DELETE", v3 + "traces/<tr>/tags?trace_id=<TR>&key=none", `{"trace_id":"<tr>","key":"k"}`},
		{"PATCH", v3 + "issues/<iss>?issue_id=<ISS>&status=resolved", `{"issue_id":"<iss>","status":"rejected"}`},
	} {
		if a := r.send(t, g, "lead", with, "Content-Type", "text/plain"); a.Status != 200 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
	check()
	held(false)
	if a := srv.Call(t, "GET", v3+"issues/"+mine.iss, nil); !strings.Contains(fmt.Sprint(a), "rejected") {
		t.Errorf("the issue is %v", a)
	}
}

// An admin deletes what the body names, and not what the query does.
func TestAdminsDeleteWhatTheBodyNames(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t, mlflowtest.Env("MLFLOW_ENABLE_AI_GATEWAY=true"))
	g := newGate(t, srv.URL(), rules)
	const gw = v3 + "gateway/"
	exp := srv.CreateExperiment(t, "cv/scorers")
	scorer := g.call(t, "POST", v3+"scorers/register", m{"experiment_id": exp, "name": "s", "serialized_scorer": `{"name":"s","builtin_scorer_class":"Safety","builtin_scorer_pydantic_data":{}}`})["scorer_id"]
	secret := g.call(t, "POST", gw+"secrets/create", m{"secret_name": "s", "secret_value": m{"api_key": "sk-stored"}, "provider": "openai"})["secret"].(m)["secret_id"]
	definition := g.call(t, "POST", gw+"model-definitions/create", m{"name": "d", "secret_id": secret, "provider": "openai", "model_name": "gpt"})["model_definition"].(m)["model_definition_id"]
	for _, c := range []struct {
		kind, of, id string
		body         func(n int) m
	}{
		{"budgets", "budget_policy", "budget_policy_id", func(n int) m {
			return m{"budget_unit": "USD", "budget_amount": n + 1, "duration": m{"unit": "DAYS", "value": 1}, "target_scope": "GLOBAL", "budget_action": "ALERT"}
		}},
		{"endpoints", "endpoint", "endpoint_id", func(n int) m {
			return m{"name": fmt.Sprint("e", n), "model_configs": []m{{"model_definition_id": definition, "linkage_type": "PRIMARY", "weight": 1}}}
		}},
		{"guardrails", "guardrail", "guardrail_id", func(n int) m {
			return m{"name": fmt.Sprint("g", n), "scorer_id": scorer, "scorer_version": 1, "stage": "BEFORE", "action": "VALIDATION"}
		}},
		{"model-definitions", "model_definition", "model_definition_id", func(n int) m {
			return m{"name": fmt.Sprint("m", n), "secret_id": secret, "provider": "openai", "model_name": "gpt"}
		}},
	} {
		var ids []string
		for n := range 2 + len(types) {
			ids = append(ids, g.call(t, "POST", gw+c.kind+"/create", c.body(n))[c.of].(m)[c.id].(string))
		}
		kept := ids[0]
		for i, ct := range append(types, "application/json") {
			id := ids[i+1]
			a := g.do(t, "root", "DELETE", gw+c.kind+"/delete?"+c.id+"="+kept, m{c.id: id}, "Content-Type", ct)
			if status, body := srv.Do(t, "GET", gw+c.kind+"/get?"+c.id+"="+id, nil); a.Status != 200 || status != 404 {
				t.Errorf("%s as %q: got %d %s, and of it is left %d %s", c.kind, ct, a.Status, a.Body, status, body)
			}
		}
		for _, user := range []string{"lead", "nobody"} {
			if a := g.do(t, user, "DELETE", gw+c.kind+"/delete?"+c.id+"="+kept, m{c.id: kept}, "Content-Type", "text/plain"); a.Status != 403 {
				t.Errorf("%s: %s got %d %s", c.kind, user, a.Status, a.Body)
			}
		}
		if a := g.do(t, "root", "DELETE", gw+c.kind+"/delete?"+c.id+"="+kept, nil); a.Status/100 != 4 {
			t.Errorf("%s by the query: got %d %s", c.kind, a.Status, a.Body)
		}
		if status, body := srv.Do(t, "GET", gw+c.kind+"/get?"+c.id+"="+kept, nil); status != 200 {
			t.Errorf("%s: the one in the query is gone: %d %s", c.kind, status, body)
		}
	}
}
