package proxy_test

import (
	"strings"
	"testing"
)

// A version of hers may have been made from bob's run, past the gate; which
// run, she does not see, and cannot find out by asking.
func TestSearchingByAForeignRunFindsNothing(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine, theirs := plant(t, srv, "cv"), plant(t, srv, "nlp")
	with := fill(mine, theirs)
	srv.Call(t, "POST", "model-versions/create", m{"name": mine.model, "source": "s3://bucket/theirs", "run_id": theirs.run})
	srv.Call(t, "POST", "model-versions/create", m{"name": mine.model, "source": "s3://bucket/mine", "run_id": mine.run})
	for _, filter := range []string{"run_id = '<RUN>'", "name = '<model>' and run_id = '<RUN>'", "RUN_ID = '<RUN>'", "run_id IN ('<RUN>')", "attribute.run_id = '<RUN>'", "`run_id` = '<RUN>'", `"run_id" = '<RUN>'`, "run_id IN ('<RUN>', '<run>')"} {
		a := g.do(t, "alice", "GET", query("model-versions/search", m{"filter": with.Replace(filter)}), nil)
		if strings.Contains(string(a.Body), "bucket/theirs") || a.Status == 200 && a.json(t)["next_page_token"] != nil {
			t.Errorf("%s: got %d %s", filter, a.Status, a.Body)
		}
	}
	a := g.do(t, "alice", "GET", query("model-versions/search", m{"filter": with.Replace("run_id IN ('<RUN>', '<run>')")}), nil)
	if a.Status != 200 || !strings.Contains(string(a.Body), "bucket/mine") {
		t.Errorf("her own run: got %d %s", a.Status, a.Body)
	}
}

func TestDeletedForeignThingsStayUnseen(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine, theirs := plant(t, srv, "cv"), plant(t, srv, "nlp")
	with := fill(mine, theirs)
	srv.Call(t, "DELETE", "logged-models/"+theirs.lm, m{"model_id": theirs.lm})
	srv.Call(t, "POST", "runs/delete", m{"run_id": theirs.run})
	srv.Call(t, "POST", "experiments/delete", m{"experiment_id": theirs.exp})
	for _, c := range []struct {
		request
		want int
	}{
		{request{"GET", "logged-models/<LM>?allow_deleted=true", ""}, 404},
		{request{"GET", "logged-models/<LM>", ""}, 404},
		{request{"GET", "runs/get?run_id=<RUN>", ""}, 404},
		{request{"GET", "experiments/get?experiment_id=<EXP>", ""}, 404},
		{request{"POST", "runs/restore", `{"run_id":"<RUN>"}`}, 404},
		{request{"POST", "experiments/restore", `{"experiment_id":"<EXP>"}`}, 404},
		{request{"POST", "runs/search", `{"experiment_ids":["<EXP>"],"run_view_type":"ALL"}`}, 200},
		{request{"POST", "runs/search", `{"experiment_ids":["<EXP>"],"run_view_type":2}`}, 0},
		{request{"POST", "experiments/search", `{"max_results":50,"view_type":"DELETED_ONLY"}`}, 200},
		{request{"POST", "experiments/search", `{"max_results":50,"view_type":"ALL"}`}, 200},
		{request{"GET", "experiments/search?max_results=50&view_type=3", ""}, 0},
	} {
		a := c.send(t, g, "alice", with)
		if c.want != 0 && a.Status != c.want || a.Status >= 500 {
			t.Errorf("%v: got %d %s, want %d", c.request, a.Status, a.Body, c.want)
		}
		theirs.unleaked(t, with.Replace(c.path+c.body), a)
	}
}

// Whether she asks about bob's thing or about none, the answers are the same
// but for the id that she sent.
func TestForeignIDsAnswerAsIDsThatNobodyHolds(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine, theirs := plant(t, srv, "cv"), plant(t, srv, "nlp")
	none := side{exp: "900000000000001", run: strings.Repeat("0", 32), lm: "m-" + strings.Repeat("0", 32), name: theirs.name, model: theirs.model}
	same := strings.NewReplacer(none.exp, theirs.exp, none.run, theirs.run, none.lm, theirs.lm)
	for _, r := range foreign {
		a, b := r.send(t, g, "alice", fill(mine, theirs)), r.send(t, g, "alice", fill(mine, none))
		if want := same.Replace(string(b.Body)); a.Status != b.Status || string(a.Body) != want {
			t.Errorf("%v: got %d %s, want %d %s", r.request, a.Status, a.Body, b.Status, want)
		}
		for name := range a.Header {
			if b.Header.Get(name) == "" {
				t.Errorf("%v: only the foreign one has the header %s", r.request, name)
			}
		}
	}
}

// MLflow's page token of this search names the experiments that were asked
// about, so the second page must ask about the same.
func TestPagesOfLoggedModelsGoOnPastForeignExperiments(t *testing.T) {
	t.Parallel()
	srv := live.Server(t)
	g := newGate(t, srv.URL(), rules)
	mine, theirs := plant(t, srv, "cv"), plant(t, srv, "nlp")
	second := srv.LogModel(t, mine.exp, mine.run, "second")
	seen, token := "", ""
	for page := 0; page < 2 || token != ""; page++ {
		a := g.do(t, "alice", "POST", api+"logged-models/search", m{"experiment_ids": []string{theirs.exp, mine.exp}, "max_results": 1, "page_token": token})
		if a.Status != 200 || page > 3 {
			t.Fatalf("page %d: got %d %s", page, a.Status, a.Body)
		}
		theirs.unleaked(t, "", a)
		seen += string(a.Body)
		token, _ = a.json(t)["next_page_token"].(string)
	}
	for _, id := range []string{mine.lm, second} {
		if !strings.Contains(seen, id) {
			t.Errorf("%s is on no page: %s", id, seen)
		}
	}
}
