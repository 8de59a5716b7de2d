package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

const v3 = "/api/3.0/mlflow/"

// foreignDatasets are tries of evaluation datasets, scorers and issues.
var foreignDatasets = []reach{
	{request{"POST", v3 + "datasets/create", `{"name":"n","experiment_ids":["<EXP>"],"tags":"{\"a\":\"b\"}"}`}, 404},
	{request{"GET", v3 + "datasets/<DS>", ""}, 404},
	{request{"GET", v3 + "datasets/<DS>/experiment-ids", ""}, 200},
	{request{"GET", v3 + "datasets/<DS>/records", ""}, 200},
	{request{"POST", v3 + "datasets/<DS>/records", `{"records":"[{\"inputs\":{\"q\":\"x\"}}]"}`}, 400}, // as MLflow words it
	{request{"PATCH", v3 + "datasets/<DS>/tags", `{"tags":"{\"t\":\"v\"}"}`}, 404},
	{request{"DELETE", v3 + "datasets/<DS>/tags/t", `{}`}, 200},
	{request{"POST", v3 + "datasets/<DS>/add-experiments", `{"experiment_ids":["<EXP>"]}`}, 404},
	{request{"POST", v3 + "datasets/<DS>/remove-experiments", `{"experiment_ids":["999999"]}`}, 404},
	{request{"DELETE", v3 + "datasets/<DS>/records", `{"dataset_record_ids":["<RECORD>"]}`}, 200},
	{request{"DELETE", v3 + "datasets/<DS>", ""}, 200},

	{request{"POST", v3 + "scorers/register", `{"experiment_id":"<EXP>","name":"other","serialized_scorer":"{\"name\":\"s\",\"builtin_scorer_class\":\"Safety\",\"builtin_scorer_pydantic_data\":{}}"}`}, 404},
	{request{"GET", v3 + "scorers/get?experiment_id=<EXP>&name=<SCORER>", ""}, 404},
	{request{"GET", v3 + "scorers/versions?experiment_id=<EXP>&name=<SCORER>", ""}, 404},
	{request{"GET", v3 + "scorers/list?experiment_id=<EXP>", ""}, 404},
	{request{"GET", v3 + "scorers/list?experiment_ids=<EXP>", ""}, 200},
	{request{"PUT", v3 + "scorers/online-config", `{"experiment_id":"<EXP>","name":"<SCORER>","sample_rate":0}`}, 404},
	{request{"GET", v3 + "scorers/online-configs?scorer_ids=<JUDGE>", ""}, 200},
	{request{"DELETE", v3 + "scorers/delete", `{"experiment_id":"<EXP>","name":"<SCORER>","version":1}`}, 404},

	{request{"POST", v3 + "issues", `{"experiment_id":"<EXP>","name":"n","description":"d"}`}, 404},
	{request{"GET", v3 + "issues/<ISS>", ""}, 404},
	{request{"PATCH", v3 + "issues/<ISS>", `{"issue_id":"<ISS>","status":"resolved"}`}, 404},
	{request{"POST", v3 + "issues/search", `{"experiment_id":"<EXP>"}`}, 200},
}

// shared is a dataset that lies in one experiment of each side.
func shared(t *testing.T, srv *mlflowtest.Server, mine, theirs side) string {
	t.Helper()
	a := srv.Call(t, "POST", v3+"datasets/create", m{"name": "shared", "experiment_ids": []string{mine.exp, theirs.exp}})
	id := a["dataset"].(m)["dataset_id"].(string)
	srv.Call(t, "POST", v3+"datasets/"+id+"/records", m{"records": `[{"inputs":{"q":"both"}}]`})
	return id
}

// Whoever sees one of its experiments sees it, without the others; and only who
// may edit all may change it, in whatever way.
func TestSharedDatasetIsSeenByOneSideAndChangedByNeither(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	mine.ds = shared(t, srv, mine, theirs)
	with, check := fill(mine, theirs), unmoved(t, srv, side{ds: mine.ds, exp: theirs.exp, run: theirs.run, lm: theirs.lm, name: theirs.name, model: theirs.model, secret: theirs.secret, tr: theirs.tr, ls: theirs.ls, rq: theirs.rq, iss: theirs.iss})
	for _, r := range []request{
		{"GET", v3 + "datasets/<ds>", ""},
		{"GET", v3 + "datasets/<ds>/records", ""},
		{"GET", v3 + "datasets/<ds>/experiment-ids", ""},
		{"POST", v3 + "datasets/search", `{}`},
		{"GET", v3 + "datasets/search", ""},
	} {
		a := r.send(t, g, "alice", with)
		if a.Status != 200 || !strings.Contains(string(a.Body), map[bool]string{true: `"` + mine.exp + `"`, false: mine.ds}[strings.HasSuffix(r.path, "ids")]) {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
		if strings.HasSuffix(r.path, "ids") && strings.Contains(string(a.Body), `"`+theirs.exp+`"`) {
			t.Errorf("the other experiment is named: %s", a.Body)
		}
		theirs.unleaked(t, "", a)
		if a := r.send(t, g, "nobody", with); strings.Contains(string(a.Body), mine.exp+`"`) || strings.Contains(string(a.Body), mine.ds) && !strings.Contains(r.path, "<ds>") {
			t.Errorf("%v: nobody got %d %s", r, a.Status, a.Body)
		}
	}
	for _, r := range []request{
		{"POST", v3 + "datasets/<ds>/records", `{"records":"[{\"inputs\":{\"q\":\"x\"}}]"}`},
		{"DELETE", v3 + "datasets/<ds>/records", `{"dataset_record_ids":["<record>"]}`},
		{"PATCH", v3 + "datasets/<ds>/tags", `{"tags":"{\"t\":\"v\"}"}`},
		{"DELETE", v3 + "datasets/<ds>/tags/t", `{}`},
		{"POST", v3 + "datasets/<ds>/add-experiments", `{"experiment_ids":["<exp>"]}`},
		{"POST", v3 + "datasets/<ds>/remove-experiments", `{"experiment_ids":["<EXP>"]}`},
		{"POST", v3 + "datasets/<ds>/remove-experiments", `{"experiment_ids":["<exp>"]}`},
		{"DELETE", v3 + "datasets/<ds>", ""},
	} {
		for _, user := range []string{"alice", "lead", "bob", "both"} { // both reads the other side only
			if a := r.send(t, g, user, with); a.Status != 403 {
				t.Errorf("%v as %s: got %d %s, want 403", r, user, a.Status, a.Body)
			}
		}
	}
	check()
}

// Adding her experiment to a foreign dataset would show it to her, and taking
// the other out would make it hers.
func TestNoDatasetIsTakenOverThroughItsExperiments(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with, check := fill(mine, theirs), unmoved(t, srv, theirs)
	for _, c := range []struct {
		request
		want int
	}{
		{request{"POST", v3 + "datasets/<DS>/add-experiments", `{"experiment_ids":["<exp>"]}`}, 404},
		{request{"POST", v3 + "datasets/<DS>/add-experiments", `{"dataset_id":"<ds>","experiment_ids":["<exp>"]}`}, 400},
		{request{"POST", v3 + "datasets/<ds>/add-experiments", `{"dataset_id":"<DS>","experiment_ids":["<exp>"]}`}, 400},
		{request{"POST", v3 + "datasets/<ds>/add-experiments", `{"experiment_ids":["<EXP>"]}`}, 404},
		{request{"POST", v3 + "datasets/<ds>/add-experiments", `{"experiment_ids":["<exp>","<EXP>"]}`}, 404},
		{request{"POST", v3 + "datasets/<ds>/add-experiments", `{"experimentIds":["<EXP>"]}`}, 400},
		{request{"POST", v3 + "datasets/<ds>/add-experiments", `{"experiment_ids":["987654321"]}`}, 404},
		{request{"POST", v3 + "datasets/<DS>/remove-experiments", `{"experiment_ids":["<EXP>"]}`}, 404},
		{request{"POST", v3 + "datasets/create", `{"name":"n","experiment_ids":["<exp>","<EXP>"]}`}, 404},
		{request{"POST", v3 + "datasets/create", `{"name":"n","experiment_ids":["987654321"]}`}, 404},
		{request{"POST", v3 + "datasets/create", `{"name":"n","experimentIds":["<EXP>"]}`}, 400},
		{request{"POST", v3 + "datasets/create", `{"name":"n","experiment_ids":[]}`}, 400},
		{request{"POST", v3 + "datasets/create", `{"name":"n"}`}, 400},
	} {
		if a := c.send(t, g, "alice", with); a.Status != c.want {
			t.Errorf("%v: got %d %s, want %d", c.request, a.Status, a.Body, c.want)
		}
	}
	// Another dataset's record is none of hers.
	a := request{"DELETE", v3 + "datasets/<ds>/records", `{"dataset_record_ids":["<RECORD>"]}`}.send(t, g, "alice", with)
	if a.Status != 200 || strings.Contains(string(a.Body), "1") {
		t.Errorf("a foreign record: got %d %s", a.Status, a.Body)
	}
	check()
}

// MLflow stops reading a body at a value of a wrong form and goes on with what
// it read: without the experiments, that is the whole server.
func TestValuesOfAWrongFormDoNotUncoverTheServer(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	for _, path := range []string{"datasets/search", "issues/search"} {
		for _, odd := range []string{`"order_by":[1]`, `"max_results":true`, `"max_results":5,"order_by":[true]`, `"filter_string":7`, `"page_token":1`, `"include_trace_count":"x"`, `"max_results":"x"`} {
			for _, ids := range []string{``, `,"experiment_ids":["<exp>"]`, `,"experiment_id":"<exp>"`} {
				r := request{"POST", v3 + path, `{` + odd + ids + `}`}
				a := r.send(t, g, "alice", with)
				theirs.unleaked(t, "", a)
				if strings.Contains(string(a.Body), `"experiment_id": "`+theirs.exp+`"`) || a.Status >= 500 {
					t.Errorf("%v: got %d %s", r, a.Status, a.Body)
				}
			}
		}
	}
}

// Searches that name nothing show what is hers, and nothing else.
func TestSearchesWithoutIDsStayAmongHers(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	srv.Call(t, "POST", v3+"datasets/create", m{"name": "of nobody" + theirs.secret})
	for _, r := range []request{
		{"POST", v3 + "datasets/search", `{}`},
		{"GET", v3 + "datasets/search", ""},
		{"POST", v3 + "issues/search", `{}`},
		{"POST", v3 + "issues/search", `{"include_trace_count":true,"max_results":1}`},
		{"POST", v3 + "issues/search", `{"filter_string":"status = 'pending'"}`},
		{"GET", v3 + "scorers/list", ""},
		{"GET", v3 + "scorers/list?experiment_ids=<EXP>&experiment_ids=<exp>", ""},
	} {
		a := r.send(t, g, "alice", with)
		if a.Status != 200 || !strings.Contains(string(a.Body), mine.secret) && !strings.Contains(r.body, "max_results") {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
		theirs.unleaked(t, with.Replace(r.path), a)
		if a := r.send(t, g, "nobody", with); strings.Contains(string(a.Body), "canary") {
			t.Errorf("%v: nobody got %d %s", r, a.Status, a.Body)
		}
		if a := r.send(t, g, "root", with); a.Status != 200 || !strings.Contains(string(a.Body), theirs.secret) && r.body == "{}" {
			t.Errorf("%v: root got %d %s", r, a.Status, a.Body)
		}
	}
}

// Her pages of issues are full, in MLflow's order, and the same whatever others
// do between them.
func TestPagesOfIssuesAreHersAlone(t *testing.T) {
	t.Parallel()
	srv, _, mine, theirs := twoTeams(t)
	g := newGate(t, srv.URL(), "p, user:alice, experiment:"+mine.name+", edit\n")
	issue := func(exp, severity string) string {
		return srv.Call(t, "POST", v3+"issues", m{"experiment_id": exp, "name": "n", "description": "d", "severity": severity})["issue"].(m)["issue_id"].(string)
	}
	var want []string
	for range 3 {
		issue(theirs.exp, "high")
		want = append([]string{issue(mine.exp, "high")}, want...)
		issue(theirs.exp, "low")
	}
	want = append(want, mine.iss)
	var got []string
	token := ""
	for page := 0; page < 6 && (page == 0 || token != ""); page++ {
		a := g.do(t, "alice", "POST", v3+"issues/search", m{"max_results": 2, "page_token": token})
		issue(theirs.exp, "high")
		rows, _ := a.json(t)["issues"].([]any)
		for _, r := range rows {
			got = append(got, r.(m)["issue_id"].(string))
		}
		if token, _ = a.json(t)["next_page_token"].(string); len(rows) != 2 && token != "" {
			t.Errorf("a page of %d", len(rows))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The run that an issue comes from may be foreign: it is cut out, cannot be
// linked to, and asking about it tells nothing.
func TestIssuesTellNothingOfForeignRuns(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	linked := srv.Call(t, "POST", v3+"issues", m{"experiment_id": mine.exp, "name": "n", "description": "linked", "source_run_id": theirs.run})["issue"].(m)["issue_id"].(string)
	for _, r := range []request{
		{"GET", v3 + "issues/" + linked, ""},
		{"PATCH", v3 + "issues/" + linked, `{"issue_id":"` + linked + `","severity":"low"}`},
		{"POST", v3 + "issues/search", `{}`},
		{"POST", v3 + "issues/search", `{"experiment_id":"<exp>"}`},
	} {
		a := r.send(t, g, "alice", with)
		if a.Status != 200 || !strings.Contains(string(a.Body), "linked") || strings.Contains(string(a.Body), theirs.run) {
			t.Errorf("%v: got %d %s", r, a.Status, a.Body)
		}
	}
	for _, ids := range []string{`"experiment_id":"<exp>",`, ``} {
		for _, op := range []string{"=", "!="} {
			for _, run := range []string{theirs.run, strings.Repeat("0", 32)} {
				a := request{"POST", v3 + "issues/search", `{` + ids + `"filter_string":"source_run_id ` + op + ` '` + run + `'"}`}.send(t, g, "alice", with)
				if a.Status != 200 || strings.Contains(string(a.Body), linked) {
					t.Errorf("%s %s: got %d %s", op, run, a.Status, a.Body)
				}
			}
		}
	}
	for _, run := range []string{theirs.run, strings.Repeat("0", 32)} {
		if a := g.do(t, "alice", "POST", v3+"issues", m{"experiment_id": mine.exp, "name": "n", "description": "d", "source_run_id": run}); a.Status != 404 {
			t.Errorf("link to %s: got %d %s", run, a.Status, a.Body)
		}
	}
	if a := g.do(t, "alice", "PATCH", v3+"issues/"+mine.iss, m{"issue_id": theirs.iss, "status": "resolved"}); a.Status != 400 {
		t.Errorf("two issues: got %d %s", a.Status, a.Body)
	}
}

// Who made a dataset, a record, an issue, and who completed an item, is who did.
func TestNobodyForgesWhoMadeADatasetOrAnIssue(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	a := request{"POST", v3 + "datasets/create", `{"name":"n","experiment_ids":["<exp>"],"created_by":"mallory","tags":"{\"a\":\"b\",\"MLflow.User \":\"mallory\",\"mlflow.user\":\"mallory\"}"}`}.send(t, g, "alice", with)
	if a.Status != 200 || strings.Contains(string(a.Body), "mallory") || a.json(t)["dataset"].(m)["created_by"] != "alice" {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	mine.ds = a.json(t)["dataset"].(m)["dataset_id"].(string)
	with = fill(mine, theirs)
	number := "NaN"
	if mlflowtest.Backend() == "postgres" { // its JSON knows no NaN
		number = "-1"
	}
	a = request{"POST", v3 + "datasets/<ds>/records", `{"updated_by":"mallory","records":"[{\"inputs\":{\"q\":` + number + `},\"tags\":{\"mlflow.user\":\"mallory\",\"k\":\"NaN\"}},{\"inputs\":{\"q\":\"\\\"NaN\"},\"tags\":null},{\"inputs\":{\"deep\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}}]"}`}.send(t, g, "alice", with)
	if a.Status != 200 || !strings.Contains(string(a.Body), "3") {
		t.Errorf("records: got %d %s", a.Status, a.Body)
	}
	_, raw := srv.Do(t, "GET", v3+"datasets/"+mine.ds+"/records", nil)
	if strings.Contains(string(raw), "mallory") || strings.Count(string(raw), "alice") < 6 || !strings.Contains(string(raw), ": "+number) {
		t.Errorf("MLflow holds %s", raw)
	}
	if _, raw := srv.Do(t, "GET", v3+"datasets/"+mine.ds, nil); !strings.Contains(string(raw), `"last_updated_by": "alice"`) {
		t.Errorf("MLflow holds %s", raw)
	}
	for _, r := range []request{
		{"PATCH", v3 + "datasets/<ds>/tags", `{"tags":"{\"mlflow.user\":\"mallory\"}"}`},
		{"PATCH", v3 + "datasets/<ds>/tags", `{"tags":"{\" MLflow.User\":\"mallory\"}"}`},
		{"PATCH", v3 + "datasets/<ds>/tags", `{"tags":"{\"mlgate.x\":\"mallory\"}"}`},
		{"DELETE", v3 + "datasets/<ds>/tags/mlflow.user", ""},
		{"DELETE", v3 + "datasets/<ds>/tags/Mlgate.x", ""},
		{"POST", v3 + "datasets/<ds>/records", `{"records":"[{\"inputs\":{\"q\":1},\"tags\":{\"mlgate.x\":\"mallory\"}}]"}`},
		{"POST", v3 + "datasets/create", `{"name":"n","experiment_ids":["<exp>"],"tags":"{\"mlgate.user\":\"mallory\"}"}`},
		{"POST", v3 + "review-queues/update", `{"queue_id":"<rq>","new_owner":"mallory"}`},
	} {
		if a := r.send(t, g, "alice", with); a.Status != 403 {
			t.Errorf("%v: got %d %s, want 403", r, a.Status, a.Body)
		}
	}
	for _, text := range []string{`{`, `[]`, `{} {}`, `{"a":"b","a":"c"}`, `"{}"`, `{"a":"b"}x`} {
		if a := g.do(t, "alice", "PATCH", v3+"datasets/"+mine.ds+"/tags", m{"tags": text}); a.Status != 400 {
			t.Errorf("tags %s: got %d %s", text, a.Status, a.Body)
		}
	}
	for _, text := range []string{`{}`, `[1]`, `[{"tags":1}]`, `[{"tags":{},"tags":{}}]`, `[{}]x`, `[{}`} {
		if a := g.do(t, "alice", "POST", v3+"datasets/"+mine.ds+"/records", m{"records": text}); a.Status != 400 {
			t.Errorf("records %s: got %d %s", text, a.Status, a.Body)
		}
	}
	if a := g.do(t, "alice", "POST", v3+"issues", m{"experiment_id": mine.exp, "name": "n", "description": "d", "created_by": "mallory"}); a.Status != 200 || a.json(t)["issue"].(m)["created_by"] != "alice" {
		t.Errorf("issue: got %d %s", a.Status, a.Body)
	}
	for _, status := range []any{"COMPLETE", 3, "PENDING", "DECLINED", 1, "2"} {
		a := g.do(t, "alice", "POST", v3+"review-queues/items/set-status", m{"queue_id": mine.rq, "item_id": mine.tr, "status": status, "completed_by": "mallory"})
		if open := fmt.Sprint(status) == "PENDING" || fmt.Sprint(status) == "1"; a.Status != 200 || strings.Contains(string(a.Body), "mallory") || strings.Contains(string(a.Body), "alice") == open {
			t.Errorf("status %v: got %d %s", status, a.Status, a.Body)
		}
	}
}

// A scorer that calls the AI gateway would spend what belongs to no team, and
// tell whether an endpoint is there.
func TestScorersDoNotReachTheGateway(t *testing.T) {
	t.Parallel()
	_, g, mine, _ := twoTeams(t)
	register := func(user, model string) answer {
		text := `{"name":"s","builtin_scorer_class":"Safety","builtin_scorer_pydantic_data":{"name":"safety","model":` + quote(model) + `}}`
		return g.do(t, user, "POST", v3+"scorers/register", m{"experiment_id": mine.exp, "name": "s", "serialized_scorer": text})
	}
	for _, model := range []string{"gateway:/chat", "GateWay:/chat", " gateway:/chat", "gate\tway:/chat"} {
		if a := register("alice", model); a.Status != 403 {
			t.Errorf("%q: got %d %s", model, a.Status, a.Body)
		}
	}
	if a := register("alice", "openai:/gpt-4o"); a.Status != 200 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if a := register("root", "gateway:/chat"); a.Status == 403 {
		t.Errorf("root got %d %s", a.Status, a.Body)
	}
	for _, text := range []string{`{`, `{} x`, `{"a":NaN}`} {
		if a := g.do(t, "alice", "POST", v3+"scorers/register", m{"experiment_id": mine.exp, "name": "s", "serialized_scorer": text}); a.Status != 400 {
			t.Errorf("%s: got %d %s", text, a.Status, a.Body)
		}
	}
}

// What an online config is about is told by its experiment alone.
func TestOnlineConfigsOfForeignScorersAreNotShown(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	id := func(s side) string {
		return srv.Call(t, "PUT", v3+"scorers/online-config", m{"experiment_id": s.exp, "name": s.scorer, "sample_rate": 0})["config"].(m)["scorer_id"].(string)
	}
	hers, his := id(mine), id(theirs)
	a := g.do(t, "alice", "GET", v3+"scorers/online-configs?scorer_ids="+his+"&scorer_ids="+hers, nil)
	if a.Status != 200 || !strings.Contains(string(a.Body), hers) || strings.Contains(string(a.Body), his) {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if a := g.do(t, "alice", "GET", v3+"scorers/online-configs?scorer_ids="+his, nil); a.Status != 200 || strings.Contains(string(a.Body), "scorer") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}
