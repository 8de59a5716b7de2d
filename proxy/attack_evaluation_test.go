package proxy_test

import (
	"fmt"
	"strings"
	"testing"
)

// MLflow keeps names of datasets apart by nothing but their ids, so that a name
// is free whoever uses it, and whether another team does is not told.
func TestADatasetsNameTellsNothingOfOthers(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, before := fill(mine, theirs), srv.Snapshot(t).Mentioning(theirs.ds)
	taken, free := "ds"+theirs.secret, "ds"+mine.secret+"-free"
	var answers []string
	for _, name := range []string{taken, free} {
		a := g.do(t, "alice", "POST", v3+"datasets/create", m{"name": name, "experiment_ids": []string{mine.exp}})
		if a.Status != 200 {
			t.Fatalf("%s: got %d %s", name, a.Status, a.Body)
		}
		d := a.json(t)["dataset"].(m)
		for _, made := range []string{"dataset_id", "digest", "created_time", "last_update_time"} {
			delete(d, made)
		}
		answers = append(answers, strings.ReplaceAll(fmt.Sprint(d), name, "<name>"))
	}
	if answers[0] != answers[1] {
		t.Errorf("a name that is taken answers %s, one that is not %s", answers[0], answers[1])
	}
	a := request{"POST", v3 + "datasets/search", `{"filter_string":"name = '` + taken + `'"}`}.send(t, g, "alice", with)
	if a.Status != 200 || strings.Count(string(a.Body), `"dataset_id"`) != 1 || strings.Contains(string(a.Body), theirs.ds) {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if d := before.Diff(srv.Snapshot(t).Mentioning(theirs.ds)); d != "" || len(before.Rows) == 0 {
		t.Errorf("theirs moved:\n%s", d)
	}
}

// MLflow refuses a scorer that is code unless its operator lets it run code; its
// refusal comes through, and nothing of the code is kept.
func TestScorersThatAreCodeAreRefusedByMLflow(t *testing.T) {
	t.Parallel()
	srv, g, mine, _ := twoTeams(t)
	const code = `"call_source":"import os\nos.system('canarycode')\nreturn 1","call_signature":"(outputs)","original_func_name":"s"`
	for name, text := range map[string]string{
		"plain":  `{"name":"s",` + code + `}`,
		"nested": `{"name":"s","builtin_scorer_class":"Safety","builtin_scorer_pydantic_data":{"scorers":[{"name":"t",` + code + `}]}}`,
		"twice":  `{"name":"s","call_source":null,` + code + `}`,
	} {
		for _, user := range []string{"alice", "root"} {
			if a := g.do(t, user, "POST", v3+"scorers/register", m{"experiment_id": mine.exp, "name": "code", "serialized_scorer": text}); a.Status != 400 || !strings.Contains(string(a.Body), "decorator") {
				t.Errorf("%s: %s got %d %s", name, user, a.Status, a.Body)
			}
		}
	}
	if rows := srv.Snapshot(t).Mentioning("canarycode").Rows; len(rows) > 0 {
		t.Errorf("MLflow holds %v", rows)
	}
}

// A name in a queue says whom it is for: it lets nobody see the queue, and says
// nothing of who made it.
func TestNamesInReviewQueuesGrantNothing(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, r := range []request{
		{"POST", v3 + "review-queues/create", `{"experiment_id":"<exp>","name":"for bob","queue_type":"CUSTOM","users":["bob","nobody"],"created_by":"mallory"}`},
		{"POST", v3 + "review-queues/get-or-create-user", `{"experiment_id":"<exp>","user":"bob","created_by":"mallory"}`},
	} {
		a := r.send(t, g, "alice", with)
		if a.Status != 200 || !strings.Contains(string(a.Body), "bob") || strings.Contains(string(a.Body), "mallory") {
			t.Fatalf("%v: got %d %s", r, a.Status, a.Body)
		}
		id := a.json(t)["review_queue"].(m)["queue_id"].(string)
		for _, user := range []string{"bob", "nobody"} {
			for _, q := range []request{
				{"GET", v3 + "review-queues/get?queue_id=" + id, ""},
				{"GET", v3 + "review-queues/list?experiment_id=<exp>", ""},
				{"GET", v3 + "review-queues/get-by-name?experiment_id=<exp>&name=bob", ""},
				{"GET", v3 + "review-queues/items/list?queue_id=" + id, ""},
				{"POST", v3 + "review-queues/update", `{"queue_id":"` + id + `","update_users":true,"users":["` + user + `"]}`},
				{"POST", v3 + "review-queues/items/add", `{"queue_id":"` + id + `","item_type":"TRACE","item_ids":["<tr>"]}`},
				{"POST", v3 + "review-queues/get-or-create-user", `{"experiment_id":"<exp>","user":"` + user + `"}`},
			} {
				if a := q.send(t, g, user, with); a.Status != 404 {
					t.Errorf("%s: %v: got %d %s, want 404", user, q, a.Status, a.Body)
				}
			}
		}
	}
	if rows := srv.Snapshot(t).Mentioning("mallory").Rows; len(rows) > 0 {
		t.Errorf("MLflow holds %v", rows)
	}
	check()
}

// What a queue holds are traces of its own experiment: of any other MLflow says
// that it is not there, and of one that nobody holds it says the same.
func TestNoForeignTraceGetsIntoAQueue(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, items := range []string{`["<TR>"]`, `["<tr>","<TR>"]`, `["<TR>","<tr>"]`, `[" <TR> "]`} {
		add := request{"POST", v3 + "review-queues/items/add", `{"queue_id":"<rq>","item_type":"TRACE","item_ids":` + items + `}`}
		if a := answeredAlike(t, g, add, with, theirs.tr); a.Status != 404 {
			t.Errorf("%v: got %d %s", add, a.Status, a.Body)
		}
	}
	for _, r := range []request{
		{"POST", v3 + "review-queues/items/set-status", `{"queue_id":"<rq>","item_id":"<TR>","status":"COMPLETE"}`},
		{"POST", v3 + "review-queues/items/remove", `{"queue_id":"<rq>","item_ids":["<TR>"]}`},
	} {
		answeredAlike(t, g, r, with, theirs.tr)
	}
	a := request{"GET", v3 + "review-queues/items/list?queue_id=<rq>", ""}.send(t, g, "alice", with)
	if a.Status != 200 || !strings.Contains(string(a.Body), mine.tr) || strings.Contains(string(a.Body), theirs.tr) {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	check()
}

// answeredAlike sends alice's request about a foreign trace, and the same about
// one that nobody holds: but for the id she is told the same.
func answeredAlike(t *testing.T, g *gate, r request, with *strings.Replacer, foreign string) answer {
	t.Helper()
	a := r.send(t, g, "alice", with)
	none := request{r.method, r.path, strings.ReplaceAll(r.body, "<TR>", noTrace)}.send(t, g, "alice", with)
	if a.Status != none.Status || strings.ReplaceAll(string(a.Body), foreign, noTrace) != string(none.Body) {
		t.Errorf("%v: got %d %s, and for no trace %d %s", r, a.Status, a.Body, none.Status, none.Body)
	}
	return a
}

// Where MLflow makes a trace's id, or takes it from the path, one in the body
// names nothing.
func TestAnIDInTheBodyNamesNoTrace(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, id := range []string{`"request_id":"<TR>"`, `"requestId":"<TR>"`, `"trace_id":"<TR>"`, `"trace_info":{"request_id":"<TR>"}`} {
		a := request{"POST", "traces", `{"experiment_id":"<exp>","timestamp_ms":1,` + id + `}`}.send(t, g, "alice", with)
		if a.Status != 200 || strings.Contains(string(a.Body), theirs.tr) {
			t.Errorf("%s: got %d %s", id, a.Status, a.Body)
		}
	}
	const rest = `"assessment_name":"n","source":{"source_type":"CODE","source_id":"c"},"feedback":{"value":"hers"}`
	for _, body := range []string{
		`{"assessment":{"trace_id":"<TR>",` + rest + `}}`, `{"assessment":{` + rest + `,"trace_id":"<TR>"},"trace_id":"<TR>"}`, `{"assessment":{"traceId":"<TR>",` + rest + `}}`,
	} {
		a := request{"POST", v3 + "traces/<tr>/assessments", body}.send(t, g, "alice", with)
		if a.Status != 200 || a.json(t)["assessment"].(m)["trace_id"] != mine.tr {
			t.Errorf("%s: got %d %s", body, a.Status, a.Body)
		}
		if a := (request{"POST", v3 + "traces/<TR>/assessments", strings.ReplaceAll(body, "<TR>", "<tr>")}).send(t, g, "alice", with); a.Status != 404 {
			t.Errorf("theirs in the path, %s: got %d %s", body, a.Status, a.Body)
		}
	}
	check()
}
