package proxy_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// startTrace is the body that starts a trace; more stands in its trace_info.
func startTrace(id, exp, more string) string {
	return `{"trace":{"trace_info":{"trace_id":"` + id + `","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"` + exp + `"}},"request_time":"2026-01-02T03:04:05Z","state":"OK"` + more + `}}}`
}

const noTrace = "tr-00000000000000000000000000000000"

var foreignTraces = []reach{
	{request{"GET", "/ajax-api/2.0/mlflow/get-trace-artifact?request_id=<TR>", ""}, 404},
	{request{"GET", "/ajax-api/3.0/mlflow/get-trace-artifact?request_id=<TR>", ""}, 404},
	{request{"GET", "traces?experiment_ids=<EXP>", ""}, 200},
	{request{"POST", "traces", `{"experiment_id":"<EXP>","timestamp_ms":1}`}, 404},
	{request{"POST", v3 + "traces", startTrace("<TR>", "<EXP>", "")}, 404},
	{request{"GET", v3 + "traces/batchGet?trace_ids=<TR>", ""}, 200},
	{request{"POST", v3 + "traces/batchGetInfos", `{"trace_ids":["<TR>"]}`}, 200},
	{request{"POST", v3 + "traces/calculate-filter-correlation", `{"experiment_ids":["<EXP>"],"filter_string1":"tags.k = 'x'","filter_string2":"tags.k = 'y'"}`}, 200},
	{request{"POST", v3 + "traces/delete-traces", `{"experiment_id":"<EXP>","request_ids":["` + noTrace + `"]}`}, 200},
	{request{"POST", "traces/delete-traces", `{"experiment_id":"<EXP>","request_ids":["` + noTrace + `"]}`}, 200},
	{request{"GET", v3 + "traces/<TR>", ""}, 404},
	{request{"POST", "traces/link-prompts", `{"trace_id":"<TR>","prompt_versions":[{"name":"<MODEL>","version":"1"}]}`}, 403},
	{request{"POST", "traces/link-to-run", `{"trace_ids":["<TR>"],"run_id":"<RUN>"}`}, 404},
	{request{"PATCH", "traces/<TR>", `{"request_id":"<TR>","timestamp_ms":1767323046000,"status":"OK"}`}, 404},
	{request{"GET", "traces/<TR>/info", ""}, 404},
	{request{"PATCH", "traces/<TR>/tags", `{"request_id":"<TR>","key":"t","value":"v"}`}, 400}, // MLflow shows what its database said
	{request{"DELETE", "traces/<TR>/tags", `{"request_id":"<TR>","key":"t"}`}, 404},
	{request{"PATCH", v3 + "traces/<TR>/tags", `{"trace_id":"<TR>","key":"t","value":"v"}`}, 400}, // MLflow shows what its database said
	{request{"DELETE", v3 + "traces/<TR>/tags", `{"trace_id":"<TR>","key":"t"}`}, 404},
	{request{"POST", v3 + "traces/<TR>/assessments", `{"assessment":{"assessment_name":"a","source":{"source_type":"CODE","source_id":"c"},"feedback":{"value":1}}}`}, 404},
	{request{"GET", v3 + "traces/<TR>/assessments/<AS>", ""}, 404},
	{request{"PATCH", v3 + "traces/<TR>/assessments/<AS>", `{"assessment":{"rationale":"r"},"update_mask":"rationale"}`}, 404},
	{request{"GET", v3 + "traces/get?trace_id=<TR>", ""}, 404},
}

func TestNoTraceMovesBetweenExperiments(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	other := srv.CreateExperiment(t, mine.name+"-other")
	for user, want := range map[string]int{"alice": 404, "lead": 404, "both": 403, "root": 403} {
		for _, body := range []string{
			startTrace("<TR>", "<exp>", ""),
			startTrace("<TR>", "<exp>", `,"tags":{"k":"mine"},"assessments":[{"assessment_id":"<AS>","assessment_name":"n","source":{"source_type":"CODE","source_id":"c"},"feedback":{"value":1}}]`),
		} {
			if a := (request{"POST", v3 + "traces", body}).send(t, g, user, with); a.Status != want {
				t.Errorf("%s moves %s: got %d %s, want %d", user, body, a.Status, a.Body, want)
			}
		}
		if a := (request{"POST", v3 + "traces", startTrace("<tr>", other, "")}).send(t, g, user, with); a.Status != 403 {
			t.Errorf("%s moves her own: got %d %s, want 403", user, a.Status, a.Body)
		}
	}
	check()
	for _, body := range []string{
		strings.Replace(startTrace("<TR>", "<exp>", ""), "trace_id", "traceId", 1),
		strings.Replace(startTrace("<tr>", "<exp>", ""), `"trace_id"`, `"traceId":"<TR>","trace_id"`, 1),
		strings.Replace(startTrace("<tr>", "<exp>", ""), `"trace_id"`, `"trace_id":"<TR>","trace_id"`, 1),
		strings.Replace(startTrace("<TR>", "<exp>", ""), "trace_info", "traceInfo", 1),
		strings.Replace(startTrace("<tr>", "<exp>", ""), `"experiment_id"`, `"experimentId":"<EXP>","experiment_id"`, 1),
		strings.Replace(startTrace("<tr>", "<exp>", ""), `"mlflow_experiment"`, `"mlflowExperiment":{"experiment_id":"<EXP>"},"mlflow_experiment"`, 1),
		startTrace("../../2/x", "<exp>", ""), startTrace("<TR> ", "<exp>", ""), startTrace(strings.ToUpper(theirs.tr), "<exp>", ""), startTrace("", "<exp>", ""),
		`{"trace":{"trace_info":{"trace_id":"<TR>"}}}`, `{"trace":{}}`, `{}`, `{"trace":{"trace_info":{"trace_id":"<TR>","trace_location":{"type":"MLFLOW_EXPERIMENT"}}}}`,
	} {
		if a := (request{"POST", v3 + "traces", body}).send(t, g, "alice", with); a.Status != 400 {
			t.Errorf("%s: got %d %s, want 400", body, a.Status, a.Body)
		}
	}
	check()
	if a := (request{"POST", v3 + "traces", startTrace("<tr>", "<exp>", `,"tags":{"again":"yes"}`)}).send(t, g, "alice", with); a.Status != 200 {
		t.Errorf("her own trace where it lies: got %d %s", a.Status, a.Body)
	}
}

func TestAssessmentsAreNotTakenByTheirIDs(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	one := func(id string) string {
		return `{"assessment_id":"` + id + `","assessment_name":"n","source":{"source_type":"CODE","source_id":"c"},"feedback":{"value":"mine"}`
	}
	for _, r := range []struct {
		request
		want int
	}{
		{request{"POST", v3 + "traces", startTrace("<tr>", "<exp>", `,"assessments":[`+one("<AS>")+`},`+one("<as>")+`}]`)}, 200},
		{request{"POST", v3 + "traces/<tr>/assessments", `{"assessment":` + one("<AS>") + `}}`}, 200},
		{request{"POST", v3 + "traces/<tr>/assessments", `{"assessment":` + one("<as>") + `,"trace_id":"<TR>"}}`}, 200},
		{request{"POST", v3 + "traces/<tr>/assessments", `{"assessment":` + one("") + `,"overrides":"<AS>"}}`}, 404},
		{request{"PATCH", v3 + "traces/<tr>/assessments/<AS>", `{"assessment":{"trace_id":"<TR>","assessment_id":"<AS>","rationale":"r"},"update_mask":"rationale"}`}, 404},
		{request{"DELETE", v3 + "traces/<tr>/assessments/<AS>", `{"trace_id":"<TR>"}`}, 0},
		{request{"GET", v3 + "traces/<tr>/assessments/<AS>", ""}, 404},
	} {
		a := r.send(t, g, "alice", with)
		if a.Status != r.want && r.want != 0 {
			t.Errorf("%v: got %d %s, want %d", r.request, a.Status, a.Body, r.want)
		}
		theirs.unleaked(t, with.Replace(r.path+r.body), a)
		check()
	}
	if got := fmt.Sprint(srv.Call(t, "GET", v3+"traces/"+mine.tr, nil)); strings.Count(got, "assessment_id") < 4 || strings.Contains(got, theirs.as) {
		t.Errorf("her trace holds %s", got)
	}
	fresh := strings.Replace(mine.tr, mine.tr[3:7], "0000", 1)
	if a := (request{"POST", v3 + "traces", startTrace(fresh, "<exp>", `,"assessments":[`+one("<AS>")+`}]`)}).send(t, g, "alice", with); a.Status == 200 {
		t.Errorf("a new trace with their assessment: got %d %s", a.Status, a.Body)
	}
	check()
}

// Whoever sets them reads what another team wrote there.
func TestWhereATraceIsReadFromIsNobodysToSet(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, key := range []string{"mlflow.artifactLocation", " MLflow.ArtifactLocation", "mlflow.trace.spansLocation", "mlflow.trace.archiveLocation", "mlflow.trace.archivalFailure", "mlgate.user", "mlgate.x"} {
		set := `{"key":"` + key + `","value":"mlflow-artifacts:/<EXP>/traces/<TR>/artifacts"`
		for _, r := range []request{
			{"PATCH", "traces/<tr>/tags", set + `}`},
			{"PATCH", v3 + "traces/<tr>/tags", set + `}`},
			{"POST", "traces", `{"experiment_id":"<exp>","timestamp_ms":1,"tags":[` + set + `}]}`},
			{"POST", "traces", `{"experiment_id":"<exp>","timestamp_ms":1,"request_metadata":[` + set + `}]}`},
			{"PATCH", "traces/<tr>", `{"request_id":"<tr>","timestamp_ms":2,"status":"OK","tags":[` + set + `}]}`},
			{"POST", v3 + "traces", startTrace("tr-0123456789abcdef0123456789abcdef", "<exp>", `,"tags":{"`+key+`":"mlflow-artifacts:/<EXP>/traces/<TR>/artifacts"}`)},
			{"POST", v3 + "traces", startTrace("<tr>", "<exp>", `,"trace_metadata":{"`+key+`":"mlflow-artifacts:/<EXP>/traces/<TR>/artifacts"}`)},
			{"DELETE", "traces/<tr>/tags", `{"key":"` + key + `"}`},
			{"DELETE", v3 + "traces/<tr>/tags", `{"key":"` + key + `"}`},
		} {
			if key == "mlflow.trace.archivalFailure" && r.method == "DELETE" { // which is how it is tried once more
				continue
			}
			want := 403 // what starts or ends a trace sends back what it got: it is left out
			if !strings.HasPrefix(key, "mlgate.") && (r.method == "POST" || strings.Contains(r.body, "timestamp_ms")) {
				want = 200
			}
			for _, user := range []string{"alice", "root"} {
				if a := r.send(t, g, user, with); a.Status != want || strings.Contains(string(a.Body), theirs.tr) {
					t.Errorf("%s: %v: got %d %s, want %d", user, r, a.Status, a.Body, want)
				}
			}
		}
	}
	if a := (request{"GET", "/ajax-api/2.0/mlflow/get-trace-artifact?request_id=<tr>", ""}).send(t, g, "alice", with); a.Status != 200 || strings.Contains(string(a.Body), theirs.secret) {
		t.Errorf("her own trace: got %d %s", a.Status, a.Body)
	}
}

func TestTracesNameNothingThatTheirMakerCannotSee(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	const none = "00000000000000000000000000000000"
	prompts := func(name string) string { return `[{\"name\":\"` + name + `\",\"version\":\"1\"}]` }
	id := 0
	for _, c := range []struct {
		key, val string
		want     int
	}{
		{"mlflow.sourceRun", "<RUN>", 404}, {"mlflow.sourceRun", none, 404}, {"mlflow.sourceRun", "<run>", 200}, {"mlflow.sourceRun", "x", 400},
		{"mlflow.modelId", "<LM>", 404}, {"mlflow.modelId", "m-" + none, 404}, {"mlflow.modelId", "<lm>", 200},
		{"mlflow.linkedPrompts", prompts("<MODEL>"), 403}, {"mlflow.linkedPrompts", prompts("<model>"), 200}, {"mlflow.linkedPrompts", "<MODEL>", 400},
	} {
		id++
		fresh := fmt.Sprintf("tr-%s%02d", mine.run[:30], id)
		for _, r := range []request{
			{"POST", v3 + "traces", startTrace(fresh, "<exp>", `,"tags":{"`+c.key+`":"`+c.val+`"}`)},
			{"POST", v3 + "traces", startTrace(fresh, "<exp>", `,"trace_metadata":{"`+c.key+`":"`+c.val+`"}`)},
			{"POST", "traces", `{"experiment_id":"<exp>","timestamp_ms":1,"request_metadata":[{"key":"` + c.key + `","value":"` + c.val + `"}]}`},
			{"PATCH", v3 + "traces/<tr>/tags", `{"key":"` + c.key + `","value":"` + c.val + `"}`},
			{"PATCH", "traces/<tr>/tags", `{"key":"` + c.key + `","value":"` + c.val + `"}`},
			{"PATCH", "traces/<tr>", `{"request_id":"<tr>","timestamp_ms":2,"status":"OK","request_metadata":[{"key":"` + c.key + `","value":"` + c.val + `"}]}`},
			{"PATCH", "traces/<tr>", `{"request_id":"<tr>","timestamp_ms":2,"status":"OK","tags":[{"key":"` + c.key + `","value":"` + c.val + `"}]}`},
		} {
			if a := r.send(t, g, "alice", with); a.Status != c.want {
				t.Errorf("%v: got %d %s, want %d", r, a.Status, a.Body, c.want)
			}
		}
	}
	of := func(metadata string) string {
		return `{"assessment":{"assessment_name":"n","source":{"source_type":"CODE","source_id":"c"},"feedback":{"value":1},"metadata":{` + metadata + `}}}`
	}
	issue := func(id string) string {
		return `{"assessment_name":"` + id + `","source":{"source_type":"CODE","source_id":"c"},"issue":{"issue_name":"x"}}`
	}
	made := srv.Call(t, "POST", v3+"traces/"+mine.tr+"/assessments", m{"assessment": m{
		"assessment_name": mine.iss, "source": m{"source_type": "CODE", "source_id": "c"}, "issue": m{"issue_name": "x"}}})
	reference := made["assessment"].(m)["assessment_id"].(string)
	count := func() string {
		for _, i := range srv.Call(t, "POST", v3+"issues/search", m{"experiment_id": theirs.exp, "include_trace_count": true})["issues"].([]any) {
			if i.(m)["issue_id"] == theirs.iss {
				return fmt.Sprint(i.(m)["trace_count"])
			}
		}
		return "no such issue"
	}
	traces := count()
	for _, r := range []reach{
		{request{"POST", v3 + "traces", startTrace("<tr>", "<exp>", `,"assessments":[`+issue("<ISS>")+`]`)}, 404},
		{request{"POST", v3 + "traces", startTrace("<tr>", "<exp>", `,"assessments":[`+issue("<iss>")+`]`)}, 200},
		{request{"POST", v3 + "traces", startTrace("<tr>", "<exp>", `,"assessments":[{"assessment_name":"n","source":{"source_type":"CODE","source_id":"c"},"feedback":{"value":1},"metadata":{"mlflow.assessment.sourceRunId":"<RUN>"}}]`)}, 404},
		{request{"PATCH", v3 + "traces/<tr>/assessments/<as>", `{"assessment":{"metadata":{"mlflow.assessment.sourceRunId":"<RUN>"}},"update_mask":"metadata"}`}, 404},
		{request{"PATCH", v3 + "traces/<tr>/assessments/<as>", `{"assessment":{"metadata":{"mlflow.assessment.scorerTraceId":"<TR>"}},"update_mask":"metadata"}`}, 404},
		{request{"PATCH", v3 + "traces/<tr>/assessments/<as>", `{"assessment":{"metadata":{"mlflow.assessment.sourceRunId":"<run>"}},"update_mask":"metadata"}`}, 200},
		{request{"PATCH", v3 + "traces/<tr>/assessments/" + reference, `{"assessment":{"assessment_name":"<ISS>","issue":{"issue_name":"x"}},"update_mask":"assessmentName"}`}, 404},
		{request{"PATCH", v3 + "traces/<tr>/assessments/" + reference, `{"assessment":{"assessment_name":"<ISS>"},"update_mask":"assessmentName"}`}, 404},
		{request{"POST", v3 + "traces/<tr>/assessments", of(`"mlflow.assessment.sourceRunId":"<RUN>"`)}, 404},
		{request{"POST", v3 + "traces/<tr>/assessments", of(`"mlflow.assessment.sourceRunId":"<run>"`)}, 200},
		{request{"POST", v3 + "traces/<tr>/assessments", of(`"mlflow.assessment.scorerTraceId":"<TR>"`)}, 404},
		{request{"POST", v3 + "traces/<tr>/assessments", `{"assessment":{"assessment_name":"<ISS>","source":{"source_type":"CODE","source_id":"c"},"issue":{"issue_name":"x"}}}`}, 404},
		{request{"POST", v3 + "traces/<tr>/assessments", `{"assessment":{"assessment_name":"<iss>","source":{"source_type":"CODE","source_id":"c"},"issue":{"issue_name":"x"}}}`}, 200},
		{request{"POST", "traces/link-to-run", `{"trace_ids":["<tr>"],"run_id":"<RUN>"}`}, 404},
		{request{"POST", "traces/link-to-run", `{"trace_ids":["<tr>","<TR>"],"run_id":"<run>"}`}, 404},
		{request{"POST", "traces/link-to-run", `{"trace_ids":["<tr>","` + noTrace + `"],"run_id":"<run>"}`}, 404},
		{request{"POST", "traces/link-to-run", `{"trace_ids":["<tr>"],"run_id":"<run>"}`}, 200},
		{request{"POST", "traces/link-prompts", `{"trace_id":"<tr>","prompt_versions":[{"name":"<model>","version":"1"},{"name":"<MODEL>","version":"1"}]}`}, 403},
		{request{"POST", "traces/link-prompts", `{"trace_id":"<tr>","prompt_versions":[{"name":"<model>","version":"1"}]}`}, 200},
	} {
		if a := r.send(t, g, "alice", with); a.Status != r.want {
			t.Errorf("%v: got %d %s, want %d", r.request, a.Status, a.Body, r.want)
		}
	}
	check()
	if got := count(); got != traces {
		t.Errorf("their issue counts %s traces, before %s", got, traces)
	}
}

// linkedTrace is a trace of alice's that names things of bob's, made past the gate.
func linkedTrace(t *testing.T, srv interface {
	Call(testing.TB, string, string, any) map[string]any
}, mine, theirs side) string {
	t.Helper()
	id := "tr-" + theirs.run
	prompts, _ := json.Marshal([]m{{"name": theirs.model, "version": "1"}, {"name": mine.model, "version": "1"}})
	srv.Call(t, "POST", v3+"traces", m{"trace": m{"trace_info": m{
		"trace_id": id, "trace_location": m{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": m{"experiment_id": mine.exp}},
		"request_time": "2026-02-02T03:04:05Z", "state": "OK", "tags": m{"k": "hers", "mlflow.linkedPrompts": string(prompts)},
		"trace_metadata": m{"mlflow.sourceRun": theirs.run, "mlflow.modelId": theirs.lm, "k": "hers"},
		"assessments": []m{{"assessment_name": "n", "trace_id": id, "source": m{"source_type": "CODE", "source_id": "c"}, "feedback": m{"value": 1},
			"metadata": m{"mlflow.assessment.sourceRunId": theirs.run, "mlflow.assessment.scorerTraceId": theirs.tr}}},
	}}})
	srv.Call(t, "POST", "traces/link-prompts", m{"trace_id": id, "prompt_versions": []m{{"name": theirs.model, "version": "1"}}})
	srv.Call(t, "POST", "traces/link-to-run", m{"trace_ids": []string{id}, "run_id": theirs.run})
	return id
}

func TestForeignLinksInTracesAreCutOut(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	id := linkedTrace(t, srv, mine, theirs)
	srv.LogSpan(t, mine.exp, id, "linked") // without one it is not among those that are read whole
	as := srv.Call(t, "GET", v3+"traces/"+id, nil)["trace"].(m)["trace_info"].(m)["assessments"].([]any)[0].(m)["assessment_id"].(string)
	for _, r := range []request{
		{"GET", v3 + "traces/" + id, ""},
		{"GET", v3 + "traces/get?trace_id=" + id, ""},
		{"GET", v3 + "traces/batchGet?trace_ids=" + id, ""},
		{"POST", v3 + "traces/batchGetInfos", `{"trace_ids":["` + id + `"]}`},
		{"POST", v3 + "traces/search", `{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<exp>"}}]}`},
		{"GET", "traces?experiment_ids=<exp>", ""},
		{"GET", "traces/" + id + "/info", ""},
		{"PATCH", "traces/" + id, `{"request_id":"` + id + `","timestamp_ms":2,"status":"OK"}`},
		{"GET", v3 + "traces/" + id + "/assessments/" + as, ""},
		{"PATCH", v3 + "traces/" + id + "/assessments/" + as, `{"assessment":{"rationale":"r"},"update_mask":"rationale"}`},
		{"POST", v3 + "traces", startTrace(id, "<exp>", "")},
	} {
		seen := r.send(t, g, "root", with)
		if seen.Status != 200 || !strings.Contains(string(seen.Body), theirs.run) && !strings.Contains(string(seen.Body), theirs.tr) {
			t.Errorf("%v: root got %d %s, so that nothing is left out proves nothing", r, seen.Status, seen.Body)
		}
		a := r.send(t, g, "alice", with)
		if a.Status != 200 {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
		for _, word := range []string{theirs.run, theirs.lm, theirs.model, theirs.tr} {
			if strings.Contains(strings.ReplaceAll(string(a.Body), id, ""), word) {
				t.Errorf("%v: the answer holds %q: %s", r, word, a.Body)
			}
		}
		if body := string(a.Body); !strings.Contains(body, "/assessments/") && !strings.Contains(r.path, "assessments") && !strings.Contains(body, "hers") {
			t.Errorf("%v: what is hers is gone: %s", r, a.Body)
		}
	}
}

// Whoever asks for what is trimmed cannot tell a right guess from a wrong one.
func TestFiltersTellNothingOfWhatIsTrimmedFromTraces(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	linkedTrace(t, srv, mine, theirs)
	quiet := "tr-" + mine.run // no answer shows what it is linked to
	srv.Call(t, "POST", v3+"traces", m{"trace": m{"trace_info": m{
		"trace_id": quiet, "trace_location": m{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": m{"experiment_id": mine.exp}},
		"request_time": "2026-02-02T03:04:05Z", "state": "OK", "tags": m{"k": "hers"}}}})
	srv.Call(t, "POST", "traces/link-prompts", m{"trace_id": quiet, "prompt_versions": []m{{"name": theirs.model, "version": "1"}}})
	srv.Call(t, "POST", "traces/link-to-run", m{"trace_ids": []string{quiet}, "run_id": theirs.run})
	for _, f := range []struct{ right, wrong string }{
		{"metadata.`mlflow.sourceRun` LIKE '" + theirs.run[:4] + "%'", "metadata.`mlflow.sourceRun` LIKE 'zzzz%'"},
		{"request_metadata.`mlflow.sourceRun` = '" + theirs.run + "'", "request_metadata.`mlflow.sourceRun` = '" + strings.Repeat("0", 32) + "'"},
		{"run_id = '" + theirs.run + "'", "run_id = '" + strings.Repeat("0", 32) + "'"},
		{"metadata.`mlflow.modelId` LIKE '" + theirs.lm[:6] + "%'", "metadata.`mlflow.modelId` LIKE 'zzzz%'"},
		{`prompt = "` + theirs.model + `/1"`, `prompt = "nlp.zzzz/1"`},
	} {
		ask := func(user, filter string) (string, string, string) {
			quoted, _ := json.Marshal(filter)
			one := request{"POST", v3 + "traces/search", `{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<exp>"}}],"filter":` + string(quoted) + `}`}.send(t, g, user, with)
			two := g.do(t, user, "GET", "/api/2.0/mlflow/traces?experiment_ids="+mine.exp+"&filter="+url.QueryEscape(filter), nil)
			three := request{"POST", v3 + "traces/calculate-filter-correlation", `{"experiment_ids":["<exp>"],"filter_string1":"tags.k = 'hers'","filter_string2":` + string(quoted) + `}`}.send(t, g, user, with)
			return fmt.Sprint(one.Status, string(one.Body)), fmt.Sprint(two.Status, string(two.Body)), fmt.Sprint(three.Status, string(three.Body))
		}
		a1, a2, a3 := ask("alice", f.right)
		b1, b2, b3 := ask("alice", f.wrong)
		if a1 != b1 || a2 != b2 || a3 != b3 {
			t.Errorf("%s: got\n%s\n%s\n%s\nbut for %s\n%s\n%s\n%s", f.right, a1, a2, a3, f.wrong, b1, b2, b3)
		}
		if r1, _, _ := ask("root", f.right); !strings.Contains(r1, "hers") {
			t.Errorf("%s: root got %s, so the guess was not right", f.right, r1)
		}
	}
	// Metrics are asked for in words of their own.
	count := func(user, key, value string) string {
		quoted, _ := json.Marshal("trace.metadata.`" + key + "` = '" + value + "'")
		a := request{"POST", v3 + "traces/metrics", `{"experiment_ids":["<exp>"],"view_type":"TRACES","metric_name":"trace_count","aggregations":[{"aggregation_type":"COUNT"}],"filters":[` + string(quoted) + `]}`}.send(t, g, user, with)
		return fmt.Sprint(a.Status, string(a.Body))
	}
	for key, right := range map[string]string{"mlflow.sourceRun": theirs.run, "mlflow.modelId": theirs.lm} {
		wrong := right[:len(right)-32] + strings.Repeat("0", 32)
		if a, b := count("alice", key, right), count("alice", key, wrong); a != b {
			t.Errorf("metrics by %s: got %s, but for a wrong guess %s", key, a, b)
		}
		if a, b := count("root", key, right), count("root", key, wrong); a == b {
			t.Errorf("metrics by %s: root got %s for both, so the guess was not right", key, a)
		}
	}
	// By what is not trimmed, and by her own run, she finds it.
	for _, filter := range []string{"tags.k = 'hers'", "metadata.k = 'hers'"} {
		quoted, _ := json.Marshal(filter)
		a := request{"POST", v3 + "traces/search", `{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"<exp>"}}],"filter":` + string(quoted) + `}`}.send(t, g, "alice", with)
		if a.Status != 200 || !strings.Contains(string(a.Body), "hers") {
			t.Errorf("%s: got %d %s", filter, a.Status, a.Body)
		}
	}
}

func TestWhoMadeATraceOrAssessedItIsTrue(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	id := "tr-" + mine.run
	for _, r := range []reach{
		{request{"POST", v3 + "traces", startTrace(id, "<exp>", `,"tags":{"mlflow.user":"bob"},"trace_metadata":{"mlflow.user":"bob","mlflow.auth.username":"bob","mlflow.trace.user":"customer-7"},"assessments":[{"assessment_name":"n","source":{"source_type":"HUMAN","source_id":"bob"},"feedback":{"value":1}}]`)}, 200},
		{request{"POST", "traces", `{"experiment_id":"<exp>","timestamp_ms":1,"tags":[{"key":"mlflow.user","value":"bob"}],"request_metadata":[{"key":"mlflow.user","value":"bob"}]}`}, 200},
		{request{"PATCH", v3 + "traces/" + id + "/tags", `{"key":"mlflow.user","value":"bob"}`}, 403},
		{request{"DELETE", v3 + "traces/" + id + "/tags", `{"key":"mlflow.user"}`}, 403},
		{request{"PATCH", "traces/" + id, `{"request_id":"` + id + `","timestamp_ms":2,"status":"OK","tags":[{"key":"mlflow.user","value":"bob"}]}`}, 200},
		{request{"POST", v3 + "traces/" + id + "/assessments", `{"assessment":{"assessment_name":"n","source":{"source_type":"HUMAN","source_id":"bob"},"feedback":{"value":1}}}`}, 200},
		{request{"POST", v3 + "traces/" + id + "/assessments", `{"assessment":{"assessment_name":"n","source":{"source_type":1,"source_id":"bob"},"feedback":{"value":null}}}`}, 200},
		{request{"POST", v3 + "traces/" + id + "/assessments", `{"assessment":{"assessment_name":"n","source":{"source_type":"LLM_JUDGE","source_id":"judge-7"},"feedback":{"value":{"a":[null,1]}}}}`}, 200},
		{request{"POST", v3 + "traces/" + id + "/assessments", `{"assessment":{"assessment_name":"n","source":{"sourceType":"CODE","source_type":"HUMAN","source_id":"bob"},"feedback":{"value":1}}}`}, 400},
	} {
		if a := r.send(t, g, "alice", with); a.Status != r.want {
			t.Errorf("%v: got %d %s, want %d", r.request, a.Status, a.Body, r.want)
		}
	}
	got := fmt.Sprint(srv.Call(t, "GET", v3+"traces/"+id, nil)) + fmt.Sprint(srv.Call(t, "GET", "traces?experiment_ids="+mine.exp, nil))
	if strings.Contains(got, "bob") || !strings.Contains(got, "customer-7") || !strings.Contains(got, "judge-7") || strings.Count(got, "alice") < 6 {
		t.Errorf("got %s", got)
	}
}

func TestTracesAreDeletedInOneExperimentOnly(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	if a := (request{"GET", v3 + "traces/<tr>", ""}).send(t, g, "alice", with); a.Status != 200 { // which is remembered
		t.Errorf("her own: got %d %s", a.Status, a.Body)
	}
	for _, user := range []string{"alice", "viewer"} {
		if a := (request{"POST", v3 + "traces/delete-traces", `{"experiment_id":"<exp>","request_ids":["<tr>"]}`}).send(t, g, user, with); a.Status != 403 {
			t.Errorf("%s: got %d %s", user, a.Status, a.Body)
		}
	}
	a := (request{"POST", v3 + "traces/delete-traces", `{"experiment_id":"<exp>","request_ids":["<TR>","<tr>"]}`}).send(t, g, "lead", with)
	if a.Status != 200 || !strings.Contains(string(a.Body), "1") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	check()
	// Its id is free, and whose trace bears it now has it.
	if a := (request{"POST", v3 + "traces", startTrace("<tr>", "<EXP>", `,"tags":{"k":"`+theirs.secret+`"}`)}).send(t, g, "bob", with); a.Status != 200 {
		t.Errorf("bob starts a trace of that id: got %d %s", a.Status, a.Body)
	}
	for user, want := range map[string]int{"alice": 404, "bob": 200} {
		if a := (request{"GET", v3 + "traces/<tr>", ""}).send(t, g, user, with); a.Status != want {
			t.Errorf("%s: got %d %s, want %d", user, a.Status, a.Body, want)
		}
	}
}
