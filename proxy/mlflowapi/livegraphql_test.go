package mlflowapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"mlgate/proxy/mlflowtest"
)

// liveUpstream sends requests as they are to a real server.
type liveUpstream struct{ url string }

func (u liveUpstream) Do(ctx context.Context, r *Request) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, u.url+r.Path+"?"+r.Query, strings.NewReader(string(r.Body)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return &Answer{resp.StatusCode, resp.Header.Get("Content-Type"), body}, err
}

// liveTeams is a real server that holds a run of team cv, from which both
// teams registered a version, and a run of team nlp.
type liveTeams struct {
	*World
	mine, theirs, experiment, theirExperiment string
}

func startTeams(t *testing.T) *liveTeams {
	t.Helper()
	srv := mlflowtest.Start(t)
	l := &liveTeams{experiment: srv.CreateExperiment(t, "cv/a"), theirExperiment: srv.CreateExperiment(t, "nlp/b")}
	l.mine, l.theirs = srv.CreateRun(t, l.experiment), srv.CreateRun(t, l.theirExperiment)
	for _, model := range []string{"cv.m", "nlp.m"} {
		srv.CreateModel(t, model)
		source := fmt.Sprintf("mlflow-artifacts:/%s/%s/artifacts/m", l.experiment, l.mine)
		srv.CreateVersion(t, model, source, l.mine)
	}
	for _, run := range []string{l.mine, l.theirs} {
		srv.Call(t, "POST", mlflowtest.API+"runs/log-metric", map[string]any{"run_id": run, "key": "m", "value": 1, "timestamp": 1, "step": 0})
	}
	l.World = &World{
		Rights: teamRights{prefixes: []string{"cv/"}}, Upstream: liveUpstream{srv.URL()}, User: "alice",
		Names: memoryNames{
			experiments: map[string]string{l.experiment: "cv/a", l.theirExperiment: "nlp/b"},
			runs:        map[string]string{l.mine: l.experiment, l.theirs: l.theirExperiment},
		},
	}
	return l
}

// ask does what package proxy does: hide, narrow, send, reveal, trim.
func (l *liveTeams) ask(t *testing.T, doc string, variables any, operation string) string {
	t.Helper()
	ctx := context.Background()
	c, err := readGraphQL(t, graphqlBody(doc, variables, operation))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range c.Targets {
		ok, err := l.visible(ctx, target.is, target.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			c.Hide(target)
		}
	}
	if err := l.Narrow(ctx, c); err != nil {
		t.Fatal(err)
	}
	a, err := l.Upstream.Do(ctx, c.Request())
	if err != nil || a.Status != 200 {
		t.Fatalf("%v %+v", err, a)
	}
	out, err := l.TrimGraphQL(ctx, c, c.Reveal(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestLiveGraphQLShowsTheCallersOwnAlone(t *testing.T) {
	t.Parallel()
	l := startTeams(t)
	t.Run("the UI's documents are answered", func(t *testing.T) {
		inputs := map[string]map[string]any{
			"MlflowGetExperimentQuery":     {"experimentId": l.experiment},
			"GetRun":                       {"runId": l.mine},
			"SearchRuns":                   {"experimentIds": []string{l.experiment, l.theirExperiment}},
			"GetMetricHistoryBulkInterval": {"runIds": []string{l.mine, l.theirs}, "metricKey": "m", "maxResults": 320},
		}
		for name, doc := range uiDocuments {
			variable := "data"
			if name == "MlflowGetExperimentQuery" {
				variable = "input"
			}
			out := l.ask(t, doc.document, map[string]any{variable: inputs[name]}, name)
			if strings.Contains(out, "nlp") || strings.Contains(out, l.theirs) || !strings.Contains(out, `"errors":null`) {
				t.Errorf("%s: %s", name, out)
			}
			if want := map[bool]string{true: `"name":"cv.m"`, false: ":"}[name == "GetRun"]; !strings.Contains(out, want) {
				t.Errorf("%s: no %s in %s", name, want, out)
			}
		}
	})
	t.Run("counting versions without their names", func(t *testing.T) {
		out := l.ask(t, `{mlflowGetRun(input: {runId: "`+l.mine+`"}) {run {modelVersions {name: version}}}}`, nil, "")
		want := `{"data":{"mlflowGetRun":{"run":{"modelVersions":[{"name":"1"}]}}},"errors":null}`
		if compact(t, out) != want {
			t.Errorf("got %s, want %s", out, want)
		}
	})
	t.Run("a run of others is one that does not exist", func(t *testing.T) {
		const nowhere = "00000000000000000000000000000000"
		for _, doc := range []string{
			`{mlflowGetRun(input: {runId: "%s"}) {run {info {runId}} apiError {code message}}}`,
			`{a: mlflowGetRun(input: {runId: "%s"}) {run {modelVersions {version}}} b: mlflowGetRun(input: {runId: "` + l.mine + `"}) {run {info {runId}}}}`,
			`{mlflowGetMetricHistoryBulkInterval(input: {runIds: ["%s"], metricKey: "m"}) {metrics {runId value}}}`,
		} {
			theirs := strings.ReplaceAll(l.ask(t, fmt.Sprintf(doc, l.theirs), nil, ""), l.theirs, "ID")
			missing := strings.ReplaceAll(l.ask(t, fmt.Sprintf(doc, nowhere), nil, ""), nowhere, "ID")
			if theirs != missing {
				t.Errorf("theirs: %s\nmissing: %s", theirs, missing)
			}
		}
		raw, err := l.Upstream.Do(context.Background(), &Request{Method: "POST", Path: "/graphql", Body: graphqlBody(`{mlflowGetRun(input: {runId: "`+nowhere+`"}) {run {info {runId}} apiError {code message}}}`, nil, "")})
		if err != nil {
			t.Fatal(err)
		}
		ours := l.ask(t, `{mlflowGetRun(input: {runId: "`+nowhere+`"}) {run {info {runId}} apiError {code message}}}`, nil, "")
		if ours != string(raw.Body) {
			t.Errorf("MLflow says %s, we %s", raw.Body, ours)
		}
	})
}

// The open part of the schema is a part of MLflow's: every field of ours is
// one of theirs, of the same type.
func TestLiveGraphQLSchemaIsMLflows(t *testing.T) {
	t.Parallel()
	srv := mlflowtest.Start(t)
	const doc = `{__schema {types {name fields {name type {name ofType {name ofType {name}}}}}}}`
	_, body := srv.Do(t, "POST", "/graphql", map[string]any{"query": doc})
	type ref struct {
		Name   string `json:"name"`
		OfType *ref   `json:"ofType"`
	}
	var got struct {
		Data struct {
			Schema struct {
				Types []struct {
					Name   string `json:"name"`
					Fields []struct {
						Name string `json:"name"`
						Type ref    `json:"type"`
					} `json:"fields"`
				} `json:"types"`
			} `json:"__schema"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	theirs := map[string]string{}
	for _, typ := range got.Data.Schema.Types {
		for _, f := range typ.Fields {
			name := f.Type.Name
			for at := f.Type.OfType; name == "" && at != nil; at = at.OfType {
				name = at.Name
			}
			theirs[typ.Name+"."+f.Name] = name
		}
	}
	types, err := graphqlSchema()
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range types {
		for _, f := range typ.Fields {
			if have := theirs[typ.Name+"."+f.Name]; have != f.Type.Name() {
				t.Errorf("%s.%s is %s here and %q in MLflow", typ.Name, f.Name, f.Type.Name(), have)
			}
		}
	}
}
