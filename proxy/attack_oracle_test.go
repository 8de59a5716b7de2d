package proxy_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mlgate/proxy/mlflowtest"
)

// A version of hers may have been made from bob's run, past the gate; which
// run, she does not see, and cannot find out by asking.
func TestSearchingByAForeignRunFindsNothing(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
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
	srv, g, mine, theirs := twoTeams(t)
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
	onBothStores(t, foreignIDsAreNobodys)
}

func foreignIDsAreNobodys(t *testing.T, srv *mlflowtest.Server, foreign []reach) {
	_, g, mine, theirs := twoTeamsOn(t, srv)
	none := side{exp: "900000000000001", run: strings.Repeat("0", 32), lm: "m-" + strings.Repeat("0", 32), name: theirs.name, model: theirs.model}
	none.fillGenAI()
	pairs := append(none.swaps(theirs), none.exp, theirs.exp, none.run, theirs.run, none.lm, theirs.lm)
	if theirs.bareRun != "" {
		none.bareRun, none.bareLM = strings.Repeat("0", 31)+"1", "m-"+strings.Repeat("0", 31)+"1"
		pairs = append(pairs, none.bareRun, theirs.bareRun, none.bareLM, theirs.bareLM)
	}
	none.upload, none.spare, none.etag = theirs.upload, theirs.spare, theirs.etag
	same := strings.NewReplacer(pairs...)
	for _, r := range foreign {
		if strings.HasSuffix(r.path, "/records") && r.method == "POST" {
			continue // MLflow shows what its database said, with an id that it has just made
		}
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
	srv, g, mine, theirs := twoTeams(t)
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

// tokenless is an answer but for its page token, which is sealed anew each time.
func tokenless(t *testing.T, a answer) string {
	t.Helper()
	got := a.json(t)
	if token, ok := got["next_page_token"].(string); ok {
		got["next_page_token"] = len(token)
	}
	return fmt.Sprint(a.Status, got)
}

func unbase64(s string) string {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		b, _ = base64.StdEncoding.DecodeString(s)
	}
	return string(b)
}

// Whether bob's name exists or nobody's, the answers are the same but for the
// name that she sent.
func TestForeignNamesAnswerAsNamesThatNobodyHolds(t *testing.T) {
	t.Parallel()
	_, g, mine, theirs := twoTeams(t)
	none := theirs
	none.name, none.model = "nlp/"+strings.Repeat("z", len(theirs.name)-4), "nlp."+strings.Repeat("z", len(theirs.model)-4)
	same := strings.NewReplacer(none.name, theirs.name, none.model, theirs.model)
	tried := append(slices.Clone(foreign),
		reach{request{"GET", "registered-models/get-latest-versions?name=<MODEL>&stages=Production", ""}, 403},
		reach{request{"POST", "registered-models/get-latest-versions", `{"name":"<MODEL>","stages":["bogus"]}`}, 403},
		reach{request{"GET", "model-versions/get?name=<MODEL>&version=7", ""}, 403},
		reach{request{"GET", "model-versions/search?filter=name+IN+('<MODEL>','<model>')", ""}, 200},
		reach{request{"GET", "registered-models/search?filter=name+LIKE+'<MODEL>%25'&order_by=timestamp", ""}, 200},
		reach{request{"POST", "experiments/create", `{"name":"<NAME>"}`}, 403},
		reach{request{"POST", "registered-models/create", `{"name":"<MODEL>"}`}, 403},
		reach{request{"POST", "experiments/update", `{"experiment_id":"<exp>","new_name":"<NAME>"}`}, 403},
		reach{request{"POST", "registered-models/rename", `{"name":"<model>","new_name":"<MODEL>"}`}, 403},
		reach{request{"POST", "model-versions/create", `{"name":"<model>","source":"models:/<MODEL>/1"}`}, 0},
		reach{request{"POST", "model-versions/create", `{"name":"<model>","source":"models:/<MODEL>@champion"}`}, 0},
	)
	for _, r := range tried {
		if strings.HasSuffix(r.path, "/records") && r.method == "POST" {
			continue // MLflow shows what its database said, with an id that it has just made
		}
		a, b := r.send(t, g, "alice", fill(mine, theirs)), r.send(t, g, "alice", fill(mine, none))
		if want := same.Replace(string(b.Body)); a.Status != b.Status || string(a.Body) != want || r.want != 0 && a.Status != r.want {
			t.Errorf("%v: got %d %s, want %d %s", r.request, a.Status, a.Body, b.Status, want)
		}
	}
}

// What a run is searched by lies in the run: whoever sees it may ask about it.
// What else she asks about, she learns nothing from.
func TestFiltersTellNothingOfForeignRuns(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	srv.Call(t, "POST", "runs/log-inputs", m{"run_id": mine.run, "models": []m{{"model_id": theirs.lm}}})
	srv.Call(t, "POST", "runs/outputs", m{"run_id": mine.run, "models": []m{{"model_id": theirs.lm, "step": 1}}})
	srv.Call(t, "POST", "runs/log-metric", m{"run_id": mine.run, "key": "linked", "value": 1, "timestamp": 1, "model_id": theirs.lm})
	none := theirs
	none.run, none.lm, none.secret = strings.Repeat("0", 32), "m-"+strings.Repeat("0", 32), "canary0"
	for _, filter := range []string{
		"run_id = '<RUN>'", "attributes.run_id = '<RUN>'", "attributes.run_id IN ('<RUN>')", "run_id != '<RUN>'", "attributes.run_id LIKE '<RUN>%'",
		"dataset.name = '<SECRET>'", "datasets.name LIKE '<SECRET>%'", "dataset.digest = 'd' AND dataset.name = '<SECRET>'",
		"tags.k = '<SECRET>'", "params.k = '<SECRET>'", "metrics.`<SECRET>` > 0", "attributes.run_name = '<SECRET>'",
		"attributes.artifact_uri LIKE '%<RUN>%'", "model_id = '<LM>'", "attributes.model_id = '<LM>'", "inputs.model_id = '<LM>'", "tags.`mlflow.loggedModel` LIKE '%<LM>%'",
		"name LIKE '%' AND attributes.source_run_id = '<RUN>'", "metrics.linked > 0 AND params.x = '<LM>'",
	} {
		ask := func(s side) answer {
			with := strings.NewReplacer("<RUN>", s.run, "<LM>", s.lm, "<SECRET>", s.secret)
			return g.do(t, "alice", "POST", api+"runs/search", m{"experiment_ids": []string{mine.exp, theirs.exp}, "filter": with.Replace(filter)})
		}
		a, b := ask(theirs), ask(none)
		want := strings.NewReplacer(none.run, theirs.run, none.lm, theirs.lm, none.secret, theirs.secret).Replace(string(b.Body))
		if a.Status != b.Status || string(a.Body) != want || a.Status >= 500 {
			t.Errorf("%s: got %d %s, want %d %s", filter, a.Status, a.Body, b.Status, want)
		}
		theirs.unleaked(t, filter+theirs.run+theirs.lm+theirs.secret, a)
	}
	for _, order := range []string{"metrics.`<SECRET>` DESC", "params.k", "tags.k", "attributes.run_id", "model_id", "dataset.name"} {
		a := g.do(t, "alice", "POST", api+"runs/search", m{"experiment_ids": []string{theirs.exp, mine.exp}, "order_by": []string{strings.ReplaceAll(order, "<SECRET>", theirs.secret)}})
		if a.Status >= 500 || strings.Contains(string(a.Body), theirs.run) || strings.Contains(string(a.Body), theirs.lm) {
			t.Errorf("order %s: got %d %s", order, a.Status, a.Body)
		}
	}
}

// A page token is good for one search and the rights it was made under; with
// another's it says neither how much there is nor what.
func TestPageTokensAreGoodForOneSearch(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	for _, s := range []side{mine, theirs} {
		srv.LogModel(t, s.exp, s.run, "second")
		srv.CreateExperiment(t, s.name+"-2")
		srv.CreateModel(t, s.model+"-2")
		srv.CreateVersion(t, s.model, "s3://bucket/x", "")
		srv.CreateRun(t, s.exp)
	}
	with := fill(mine, theirs)
	searches := map[string]request{
		"logged models": {"POST", "logged-models/search", `{"experiment_ids":["<exp>"],"max_results":1,"page_token":"<token>"}`},
		"experiments":   {"POST", "experiments/search", `{"max_results":1,"page_token":"<token>"}`},
		"models":        {"GET", "registered-models/search?max_results=1&page_token=<token>", ""},
		"versions":      {"GET", "model-versions/search?max_results=1&page_token=<token>", ""},
	}
	send := func(name, user, token string) answer {
		r, with := searches[name], with
		if user == "bob" {
			with = fill(theirs, mine)
		}
		r.path, r.body = strings.ReplaceAll(r.path, "<token>", escape(token)), strings.ReplaceAll(r.body, "<token>", token)
		return r.send(t, g, user, with)
	}
	for of := range searches {
		token, _ := send(of, "alice", "").json(t)["next_page_token"].(string)
		if token == "" {
			t.Fatalf("%s: there is one page only", of)
		}
		for in := range searches {
			a, b := send(in, "alice", token), send(in, "bob", token)
			if want := map[bool]int{true: 200, false: 400}[of == in]; a.Status != want || b.Status != 400 {
				t.Errorf("the token of %s in %s: got %d %s, as bob %d %s", of, in, a.Status, a.Body, b.Status, b.Body)
			}
			theirs.unleaked(t, "", a)
			mine.unleaked(t, token, b)
		}
	}
}

// MLflow writes NaN and infinities where JSON has none; what is trimmed must be
// read all the same.
func TestNumbersThatAreNoJSONAreShownAsMLflowShowsThem(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	for i, v := range []string{"NaN", "Infinity", "-Infinity"} {
		srv.Call(t, "POST", "runs/log-metric", m{"run_id": mine.run, "key": "odd" + fmt.Sprint(i), "value": v, "timestamp": 1, "model_id": mine.lm})
		srv.Call(t, "POST", "runs/log-metric", m{"run_id": mine.run, "key": "odd", "value": v, "timestamp": 1, "step": i, "model_id": theirs.lm})
	}
	const bulk = "query q($data: MlflowGetMetricHistoryBulkIntervalInput!){mlflowGetMetricHistoryBulkInterval(input:$data){metrics{key value step runId}}}"
	const searchRuns = "query q($data: MlflowSearchRunsInput!){mlflowSearchRuns(input:$data){runs{info{runId} data{metrics{key value}}}}}"
	const getRun = "query q($data: MlflowGetRunInput!){mlflowGetRun(input:$data){run{info{runId} data{metrics{key value}} modelVersions{name}}}}"
	for _, r := range []request{
		{"GET", "runs/get?run_id=<run>", ""},
		{"POST", "runs/search", `{"experiment_ids":["<exp>","<EXP>"]}`},
		{"GET", "metrics/get-history?run_id=<run>&metric_key=odd", ""},
		{"GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=<RUN>&run_id=<run>&metric_key=odd", ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=<RUN>&run_ids=<run>&metric_key=odd&max_results=9", ""},
		{"GET", "logged-models/<lm>", ""},
		{"POST", "logged-models/search", `{"experiment_ids":["<EXP>","<exp>"]}`},
		{"POST", "logged-models/search", `{"experiment_ids":["<EXP>","<exp>"],"filter":"metrics.loss > 0"}`},
		{"GET", "model-versions/get?name=<model>&version=1", ""},
		{"GET", "model-versions/search?filter=name+%3D+'<model>'", ""},
		{"GET", "registered-models/get?name=<model>", ""},
		{"GET", "registered-models/search?filter=name+%3D+'<model>'", ""},
		{"POST", gql, `{"query":"` + getRun + `","variables":{"data":{"runId":"<run>"}}}`},
		{"POST", gql, `{"query":"` + searchRuns + `","variables":{"data":{"experimentIds":["<exp>"]}}}`},
		{"POST", gql, `{"query":"` + bulk + `","variables":{"data":{"runIds":["<run>"],"metricKey":"odd","maxResults":9}}}`},
	} {
		with := fill(mine, theirs)
		path := with.Replace(r.path)
		if !strings.HasPrefix(path, "/") {
			path = api + path
		}
		var body any
		if r.body != "" {
			body = with.Replace(r.body)
		}
		status, direct := srv.Do(t, r.method, path, body)
		a := r.send(t, g, "alice", with)
		if a.Status != status {
			t.Errorf("%v: got %d %s, directly %d %s", r, a.Status, a.Body, status, direct)
		}
		theirs.unleaked(t, with.Replace(r.path+r.body), a)
		if n := strings.Count(string(a.Body), "NaN"); status == 200 && n < 1 && strings.Contains(string(direct), "NaN") {
			t.Errorf("%v: the NaN is gone: %s", r, a.Body)
		}
	}
}
