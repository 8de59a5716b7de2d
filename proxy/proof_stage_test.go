package proxy_test

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowapi"
	"mlgate/proxy/mlflowtest"
)

// entangled makes links between the two teams' things, past the gate, so that
// what an answer must be trimmed of is there. It gives alice's things twice: the
// second time with the logged model that came from bob's run.
func (st *stage) entangled(t *testing.T) []side {
	t.Helper()
	srv, mine, theirs := st.srv, st.mine, st.theirs
	srv.Call(t, "POST", "runs/log-inputs", m{"run_id": mine.run, "models": []m{{"model_id": theirs.lm}, {"model_id": mine.lm}}})
	srv.Call(t, "POST", "runs/outputs", m{"run_id": mine.run, "models": []m{{"model_id": theirs.lm, "step": 1}}})
	srv.Call(t, "POST", "runs/log-metric", m{"run_id": mine.run, "key": "loss", "value": 1, "timestamp": 9, "step": 9, "model_id": theirs.lm})
	srv.Call(t, "POST", "runs/log-metric", m{"run_id": theirs.run, "key": "loss", "value": 1, "timestamp": 9, "step": 9, "model_id": mine.lm})
	srv.CreateVersion(t, theirs.model, "models:/"+mine.lm, "") // writes its name into mine.lm's tags
	srv.Call(t, "POST", "model-versions/create", m{"name": mine.model, "source": "models:/" + theirs.lm, "model_id": theirs.lm, "run_id": theirs.run})
	srv.Call(t, "POST", "registered-models/alias", m{"name": mine.model, "alias": "b", "version": "2"})
	srv.Call(t, "POST", "registered-models/set-tag", m{"name": mine.model, "key": "t", "value": "v"})
	srv.Call(t, "POST", "model-versions/set-tag", m{"name": mine.model, "version": "2", "key": "t", "value": "v"})
	made := srv.Call(t, "POST", "logged-models", m{"experiment_id": mine.exp, "name": "linked", "source_run_id": theirs.run})
	linked := mine
	linked.lm, _ = made["model"].(m)["info"].(m)["model_id"].(string)
	st.entangledGenAI(t, &linked)
	return []side{mine, linked}
}

// entangledGenAI makes a trace with an assessment, a dataset and an issue of
// alice's that name bob's things.
func (st *stage) entangledGenAI(t *testing.T, linked *side) {
	t.Helper()
	srv, mine, theirs := st.srv, st.mine, st.theirs
	linked.tr = newTraceID()
	assessed := func(name string) m {
		return m{"assessment_name": name, "trace_id": linked.tr, "source": m{"source_type": "HUMAN", "source_id": "somebody"}, "feedback": m{"value": "v"},
			"metadata": m{"mlflow.assessment.sourceRunId": theirs.run, "mlflow.assessment.scorerTraceId": theirs.tr}}
	}
	srv.Call(t, "POST", v3+"traces", m{"trace": m{"trace_info": m{
		"trace_id": linked.tr, "trace_location": m{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": m{"experiment_id": mine.exp}},
		"request_time": "2026-01-02T03:04:05Z", "state": "OK", "tags": m{"mlflow.linkedPrompts": `[{"name":"` + theirs.model + `","version":"1"}]`},
		"trace_metadata": m{"mlflow.sourceRun": theirs.run, "mlflow.modelId": theirs.lm}, "assessments": []m{assessed("started")},
	}}})
	srv.LogSpan(t, mine.exp, linked.tr, "linked")
	made := srv.Call(t, "POST", v3+"traces/"+linked.tr+"/assessments", m{"assessment": assessed("added")})
	linked.as, _ = made["assessment"].(m)["assessment_id"].(string)
	made = srv.Call(t, "POST", v3+"datasets/create", m{"name": "shared", "experiment_ids": []string{mine.exp, theirs.exp}})
	linked.ds, _ = made["dataset"].(m)["dataset_id"].(string)
	made = srv.Call(t, "POST", v3+"issues", m{"experiment_id": mine.exp, "name": "linked", "description": "d", "source_run_id": theirs.run})
	linked.iss, _ = made["issue"].(m)["issue_id"].(string)
}

// partly reads alice's own things, which are entangled with bob's.
func (st *stage) partly(t *testing.T, e *mlflowapi.Endpoint, all []reach, as []side) (found []string) {
	t.Helper()
	if len(e.Trims) == 0 && e.Special == mlflowapi.Plain {
		return nil
	}
	second := strings.NewReplacer("version=1", "version=2", `"version":"1"`, `"version":"2"`)
	placed := regexp.MustCompile(`"experiment_ids?": ?(\[[^\]]*)?"` + st.theirs.exp + `"`)
	for _, s := range as {
		with := fill(s, st.theirs)
		for _, r := range all {
			q := r.own()
			q.path = second.Replace(q.path)
			q.body = second.Replace(q.body)
			a := q.send(t, st.g, "alice", with)
			for _, leak := range st.theirs.leaks("", st.unsourced(a)) {
				say(&found, "alice", q, answer{Status: a.Status}, leak)
			}
			if placed.Match(a.Body) {
				say(&found, "alice", q, a, "the answer names the other team's experiment")
			}
		}
	}
	return found
}

// unsourced is an answer without what tells where her version lies that came
// from bob's logged model: who may use a model may load it, so that is no secret.
func (st *stage) unsourced(a answer) answer {
	for _, place := range []string{`"source":"models:/` + st.theirs.lm, `"source": "models:/` + st.theirs.lm, `"artifact_uri": "mlflow-artifacts:/` + st.theirs.files} {
		a.Body = bytes.ReplaceAll(a.Body, []byte(place), nil)
	}
	return a
}

// foreign is what the server holds of bob's, without what is alice's and only
// names something of his.
func (st *stage) foreign(t *testing.T) mlflowtest.Snapshot {
	t.Helper()
	all := st.theirs.holds(t, st.srv)
	for table, rows := range all.Rows {
		all.Rows[table] = slices.DeleteFunc(rows, func(row string) bool {
			return strings.Contains(row, `"experiment_id": `+st.mine.exp+",") || strings.Contains(row, `"name": "`+st.mine.model+`"`)
		})
	}
	return all
}

// able is what each role is answered when it does a row's tries to things of
// its own that nobody has touched.
func (st *stage) able(t *testing.T, e *mlflowapi.Endpoint, all []reach) (statuses []int) {
	t.Helper()
	ours := plantFor(t, st.good, st.srv, "alice", "cv")
	with := fill(ours, ours)
	for _, user := range []string{"viewer", "alice", "lead"} {
		for _, r := range all {
			statuses = append(statuses, r.send(t, st.g, user, with).Status)
			if short := r.unrepeated(e); short != r.request {
				statuses = append(statuses, short.send(t, st.g, user, with).Status)
			}
		}
	}
	return statuses
}

// unrepeated leaves out of the body what the path says already.
func (r request) unrepeated(e *mlflowapi.Endpoint) request {
	r.body = without(r.body, func(name string) bool { return strings.Contains(e.Paths[0], "{"+name+"}") })
	return r
}

// without is a JSON body less some of its members; what is none stays.
func without(body string, goes func(name string) bool) string {
	var doc m
	if json.Unmarshal([]byte(body), &doc) != nil {
		return body
	}
	maps.DeleteFunc(doc, func(name string, _ any) bool { return goes(name) })
	b, _ := json.Marshal(doc)
	return plainJSON(b)
}

// contradicted sends an id of bob's under the name of one that stands in the
// path already: MLflow reads one of them, so both must be hers.
func (st *stage) contradicted(t *testing.T, e *mlflowapi.Endpoint, all []reach) (found []string) {
	t.Helper()
	with, user := fill(st.mine, st.theirs), doer(e)
	places, plain := positions(e.Fields)
	for _, p := range places {
		theirs := foreignOf[p.role]
		if len(p.path) != 1 || theirs == "" || !strings.Contains(e.Paths[0], "{"+p.path[0]+"}") {
			continue
		}
		for _, r := range all {
			q := r.own()
			if e.Args == mlflowapi.InBody {
				q.body = withForeign(cmp.Or(q.body, "{}"), p, p.path[0], theirs, plain)[0]
			} else {
				path, query, _ := strings.Cut(q.path, "?")
				q.path = path + "?" + strings.Trim(query+"&"+p.path[0]+"="+theirs, "&")
			}
			if a := q.send(t, st.g, user, with); a.Status/100 != 4 {
				say(&found, user, q, a, "want a refusal")
			}
		}
	}
	return found
}

// narrowed sends an id of bob's beside hers in the lists of which she is shown
// her own part: what is answered is what hers alone is.
func (st *stage) narrowed(t *testing.T, e *mlflowapi.Endpoint, all []reach) (found []string) {
	t.Helper()
	with, user := fill(st.mine, st.theirs), doer(e)
	places, plain := positions(e.Fields)
	for _, p := range places {
		name, many := strings.CutSuffix(p.path[len(p.path)-1], "[]")
		if !p.narrow || !many {
			continue
		}
		theirs := foreignOf[p.role]
		mine := request{path: theirs}.own().path
		for _, r := range all {
			own := r.own()
			beside := func(q request, id string) request {
				if e.Args == mlflowapi.InBody {
					return request{q.method, q.path, withForeign(cmp.Or(q.body, "{}"), p, name, id, plain)[1]}
				}
				return request{q.method, q.path + "&" + name + "=" + id, q.body}
			}
			if !strings.Contains(own.path+own.body, name) {
				own = beside(own, mine)
			}
			q := beside(own, theirs)
			want := own.send(t, st.g, user, with)
			if a := q.send(t, st.g, user, with); a.Status != want.Status || string(a.Body) != string(want.Body) {
				say(&found, user, q, a, fmt.Sprintf("want %d %.300s", want.Status, want.Body))
			}
		}
	}
	return found
}

// bare leaves out what narrows a call to things of hers: without it MLflow
// answers about the whole server.
func (st *stage) bare(t *testing.T, e *mlflowapi.Endpoint, all []reach) (found []string) {
	t.Helper()
	with, user := fill(st.mine, st.theirs), doer(e)
	places, _ := positions(e.Fields)
	for _, p := range places {
		name, _ := strings.CutSuffix(p.path[0], "[]")
		for _, r := range all {
			q := r.own()
			path, query, _ := strings.Cut(q.path, "?")
			var kept []string
			for part := range strings.SplitSeq(query, "&") {
				if !strings.HasPrefix(part, name+"=") {
					kept = append(kept, part)
				}
			}
			q.path = strings.TrimSuffix(path+"?"+strings.Join(kept, "&"), "?")
			q.body = without(q.body, func(member string) bool { return member == name })
			a := q.send(t, st.g, user, with)
			for _, leak := range st.theirs.leaks("", st.unsourced(a)) {
				say(&found, user, q, answer{Status: a.Status}, leak)
			}
		}
	}
	return found
}

// lesser sends a row's tries about what is theirs as those who may read it, or
// edit it, but not what the row does.
func (st *stage) lesser(t *testing.T, needs mlflowapi.Action, all []reach) (found []string) {
	t.Helper()
	with := fill(st.mine, st.mine)
	below := []string{"nobody", "viewer", "alice"}
	for _, user := range below[:min(int(needs), len(below))] {
		for _, r := range all {
			a := r.own().send(t, st.g, user, with)
			refused := a.Status == 403 || a.Status == 404
			if user == "nobody" {
				refused = a.Status/100 == 4 || r.want == 200 // MLflow's own words about what is not there are not always 404
				for _, leak := range st.mine.leaks(with.Replace(r.path+r.body), a) {
					say(&found, user, r.request, answer{Status: a.Status}, leak)
				}
			} else if needs > mlflowapi.Read {
				refused = a.Status == 403
			}
			if !refused {
				say(&found, user, r.own(), a, "want a refusal")
			}
		}
	}
	return found
}

// forged sends tags that are mlgate's, and fields that say who acts, with what
// is otherwise alice's own call.
func (st *stage) forged(t *testing.T, e *mlflowapi.Endpoint, all []reach) (found []string) {
	t.Helper()
	with, user := fill(st.mine, st.theirs), doer(e)
	places, plain := positions(e.Fields)
	for _, p := range places {
		for _, r := range all {
			if e.Args != mlflowapi.InBody && e.Args != mlflowapi.InQuery {
				continue
			}
			own := r.own()
			switch p.role {
			case "tag":
				for _, key := range []string{"mlgate.user", "mlflow.user"} {
					fresh := strings.NewReplacer(`"v"`, `"mallory"`, "-new", "-"+strings.ToLower(rand.Text())) // a name is made once
					for _, body := range withForeign(own.body, p, p.path[len(p.path)-1], key, plain)[:1] {
						q := request{r.method, own.path, fresh.Replace(body)}
						a := q.send(t, st.g, user, with)
						want := 403
						if key == "mlflow.user" && e.Creates {
							want = 200
						}
						if a.Status != want {
							say(&found, user, q, a, fmt.Sprintf("want %d", want))
						}
					}
				}
			case "version":
				for _, version := range []string{"01", "1.0", " 1", "latest"} {
					q := request{r.method, strings.Replace(own.path, "version=1", "version="+url.QueryEscape(version), 1), own.body}
					if e.Args == mlflowapi.InBody {
						q.body = withForeign(q.body, p, p.path[len(p.path)-1], version, plain)[0]
					}
					if a := q.send(t, st.g, user, with); a.Status/100 != 4 {
						say(&found, user, q, a, "want a refusal")
					}
				}
			case "refused":
				for _, body := range withForeign(own.body, p, p.path[len(p.path)-1], "/etc", plain)[:1] {
					q := request{r.method, own.path, body}
					if a := q.send(t, st.g, user, with); a.Status != 403 {
						say(&found, user, q, a, "want 403")
					}
				}
			case "tags_text":
				for key, want := range map[string]int{"mlgate.user": 403, "mlflow.user": 200} {
					if key == "mlflow.user" && !e.Creates {
						want = 403
					}
					for _, body := range withForeign(own.body, p, p.path[0], `{"`+key+`":"mallory"}`, plain)[:1] {
						q := request{r.method, own.path, body}
						if a := q.send(t, st.g, user, with); a.Status != want || strings.Contains(string(a.Body), "mallory") {
							say(&found, user, q, a, fmt.Sprintf("want %d", want))
						}
					}
				}
			case "author":
				for _, body := range withForeign(own.body, p, p.path[len(p.path)-1], "mallory", plain)[:1] {
					q := request{r.method, own.path, body}
					if a := q.send(t, st.g, user, with); strings.Contains(string(a.Body), "mallory") || a.Status/100 != 2 {
						say(&found, user, q, a, "want alice's name")
					}
				}
			}
		}
	}
	return found
}

// linking ties bob's things to alice's own, where MLflow would take any id: she
// gets 404 and nothing on the server changes. Who may edit hers and only read his gets
// 403 where the link writes on his, and the link itself where it only reads.
func (st *stage) linking(t *testing.T, e *mlflowapi.Endpoint, all []reach) (found []string) {
	t.Helper()
	places, plain := positions(e.Fields)
	with, user := fill(st.mine, st.theirs), doer(e)
	for _, p := range places {
		if !p.link || e.Args != mlflowapi.InBody || len(all) == 0 {
			continue
		}
		own := all[0].own()
		name := strings.TrimSuffix(p.path[len(p.path)-1], "[]")
		q := request{own.method, own.path, withForeign(own.body, p, name, foreignOf[p.role], plain)[0]}
		before := st.srv.Snapshot(t)
		if a := q.send(t, st.g, user, with); a.Status != 404 {
			say(&found, user, q, a, "want 404")
		}
		if d := before.Diff(st.srv.Snapshot(t)); d != "" {
			say(&found, user, q, answer{}, "a refused call moved: "+d)
		}
		want := map[string]int{"read": 200, "edit": 403, "": 403, "manage": 403}[p.action]
		if a := q.send(t, st.g, "both", with); a.Status != want {
			say(&found, "both", q, a, fmt.Sprintf("want %d", want))
		}
	}
	return found
}

// echoed puts a gate with the table before a server that answers with another
// name than the one asked for, as a store without case does.
func echoed(t *testing.T, table *mlflowapi.Table, echo string, all []reach) (found []string) {
	t.Helper()
	if echo == "" {
		return nil
	}
	var doc any = "cv/OTHER"
	steps := strings.Split(echo, ".")
	for i := len(steps) - 1; i >= 0; i-- {
		doc = m{steps[i]: doc}
	}
	body, _ := json.Marshal(doc)
	up := stub(t, string(body))
	g := newGate(t, up, rules, withTable(table))
	for _, r := range all {
		q := r.own()
		with := fill(side{name: "cv/other", model: "cv/other"}, side{})
		if a := q.send(t, g, "alice", with); a.Status != 404 {
			say(&found, "alice", q, a, "another name's answer; want 404")
		}
	}
	return found
}
