package mlflowapi

import (
	"context"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// trimmedGraphQL gives what a member of team cv gets of an answer.
func trimmedGraphQL(t *testing.T, doc, answer string) string {
	t.Helper()
	c, err := readGraphQL(t, graphqlBody(doc, nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	out, err := teamWorld().TrimGraphQL(context.Background(), c, []byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	if !jsontext.Value(out).IsValid() {
		t.Fatalf("not JSON: %s", out)
	}
	return string(out)
}

func ofRun(sel string) string {
	return `{mlflowGetRun(input: {runId: "` + mineRun + `"}) {run {` + sel + `}}}`
}

func runAnswer(s string) string {
	return `{"data":{"mlflowGetRun":{"run":{` + s + `}}},"errors":null}`
}

func TestGraphQLAnswersShowOnlyVisibleThings(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]struct{ sel, answer, want string }{
		"version of another team is gone": {
			`modelVersions {name version}`,
			`"modelVersions":[{"name":"nlp.x","version":"1"},{"name":"cv.x","version":"2"},{"name":"nlp.y","version":"3"}]`,
			`"modelVersions":[{"name":"cv.x","version":"2"}]`,
		},
		"under an alias": {
			`mv: modelVersions {n: name v: version}`,
			`"mv":[{"n":"nlp.x","v":"1"},{"n":"cv.x","v":"2"}]`,
			`"mv":[{"n":"cv.x","v":"2"}]`,
		},
		"in a fragment": {
			`... on MlflowRunExtension {...f}}}} fragment f on MlflowRunExtension {modelVersions {...g}} fragment g on MlflowModelVersion {name} query B {a: mlflowGetRun(input: {runId: "` + mineRun + `"}) {run {info {runId}`,
			`"modelVersions":[{"name":"nlp.x"}]`,
			`"modelVersions":[]`,
		},
		"name not asked for": {
			`modelVersions {version}`,
			`"modelVersions":[{"version":"1","name":"nlp.x"},{"name":"cv.x","version":"2"}]`,
			`"modelVersions":[{"version":"2"}]`,
		},
		"nothing asked for": {
			`modelVersions {__typename}`,
			`"modelVersions":[{"__typename":"MlflowModelVersion","name":"nlp.x"},{"__typename":"MlflowModelVersion","name":"nlp.x"}]`,
			`"modelVersions":[]`,
		},
		"name's key taken by another field": {
			`modelVersions {name: version}`,
			`"modelVersions":[{"name":"1","mlgate_name":"nlp.x"},{"name":"2","mlgate_name":"cv.x"}]`,
			`"modelVersions":[{"name":"2"}]`,
		},
		"a version that tells no name": {
			`modelVersions {name version}`,
			`"modelVersions":[{"name":null,"version":"1"},{"version":"2"},{}]`,
			`"modelVersions":[]`,
		},
		"logged model of a visible version": {
			`modelVersions {name id: modelId modelParams {name} modelMetrics {key}}`,
			`"modelVersions":[{"name":"cv.x","id":"` + theirsModel + `","modelParams":[{"name":"lr"}],"modelMetrics":[{"key":"f1"}]},{"name":"cv.x","id":"` + mineModel + `","modelParams":[],"modelMetrics":[{"key":"f1"}]}]`,
			`"modelVersions":[{"name":"cv.x","id":"","modelParams":[],"modelMetrics":[]},{"name":"cv.x","id":"` + mineModel + `","modelParams":[],"modelMetrics":[{"key":"f1"}]}]`,
		},
		"its metrics alone": {
			`modelVersions {name modelMetrics {key}}`,
			`"modelVersions":[{"name":"cv.x","modelMetrics":[{"key":"f1"}],"modelId":"` + theirsModel + `"}]`,
			`"modelVersions":[{"name":"cv.x","modelMetrics":[]}]`,
		},
		"inputs and outputs": {
			`inputs {modelInputs {modelId}} outputs {modelOutputs {step}}`,
			`"inputs":{"modelInputs":[{"modelId":"` + theirsModel + `"},{"modelId":"` + mineModel + `"}]},"outputs":{"modelOutputs":[{"step":"1","modelId":"` + theirsModel + `"},{"step":"2","modelId":"` + mineModel + `"}]}`,
			`"inputs":{"modelInputs":[{"modelId":"` + mineModel + `"}]},"outputs":{"modelOutputs":[{"step":"2"}]}`,
		},
		"metrics": {
			`data {metrics {key a: modelId b: modelId}}`,
			`"data":{"metrics":[{"key":"m","a":"` + theirsModel + `","b":"` + theirsModel + `"},{"key":"m","a":"","b":""},{"key":"m","a":"` + mineModel + `","b":"` + mineModel + `"}]}`,
			`"data":{"metrics":[{"key":"m","a":"","b":""},{"key":"m","a":"","b":""},{"key":"m","a":"` + mineModel + `","b":"` + mineModel + `"}]}`,
		},
		"nulls": {
			`modelVersions {version} inputs {modelInputs {modelId}}`,
			`"modelVersions":null,"inputs":null`,
			`"modelVersions":null,"inputs":null`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := ofRun(q.sel)
			if strings.Contains(doc, "query B") {
				doc = "query A " + doc
				c, err := readGraphQL(t, graphqlBody(doc, nil, "A"))
				if err != nil {
					t.Fatal(err)
				}
				out, err := teamWorld().TrimGraphQL(context.Background(), c, []byte(runAnswer(q.answer)))
				if got := string(out); err != nil || got != runAnswer(q.want) {
					t.Errorf("got %s %v\nwant %s", got, err, runAnswer(q.want))
				}
				return
			}
			if got := trimmedGraphQL(t, doc, runAnswer(q.answer)); got != runAnswer(q.want) {
				t.Errorf("got  %s\nwant %s", got, runAnswer(q.want))
			}
		})
	}
}

// What is trimmed by must be asked for, whatever the client asks for.
func TestGraphQLAsksForWhatItTrimsBy(t *testing.T) {
	t.Parallel()
	for sel, want := range map[string]string{
		`modelVersions {version}`:                                         `modelVersions{version name}`,
		`modelVersions {n: name}`:                                         `modelVersions{n:name}`,
		`modelVersions {name: version}`:                                   `modelVersions{name:version mlgate_name:name}`,
		`modelVersions {modelParams {value}}`:                             `modelVersions{modelParams{value} name modelId}`,
		`outputs {modelOutputs {step}}`:                                   `modelOutputs{step modelId}`,
		`inputs {modelInputs {__typename}}`:                               `modelInputs{__typename modelId}`,
		`data {metrics {key}}`:                                            `metrics{key}`,
		`a: modelVersions {version} b: inputs {modelInputs {x: modelId}}`: `a:modelVersions{version name} b:inputs{modelInputs{x:modelId}}`,
	} {
		c, err := readGraphQL(t, graphqlBody(ofRun(sel), nil, ""))
		if err != nil {
			t.Errorf("%s: %v", sel, err)
			continue
		}
		if got := c.args.text("query"); !strings.Contains(got, want) {
			t.Errorf("%s: asks %s, want %s in it", sel, got, want)
		}
	}
}

func TestGraphQLErrorsPassAsTheyAre(t *testing.T) {
	t.Parallel()
	const answer = `{"data":{"mlflowGetRun":null},"errors":["Run with id=x not found"]}`
	if got := trimmedGraphQL(t, ofRun("modelVersions {version}"), answer); got != answer {
		t.Errorf("got %s", got)
	}
	const nothing = `{"data":null,"errors":["x"]}`
	if got := trimmedGraphQL(t, ofRun("modelVersions {version}"), nothing); got != nothing {
		t.Errorf("got %s", got)
	}
}

// FuzzGraphQL: reading never panics, and what goes upstream reads back as the
// same request about the same things.
func FuzzGraphQL(f *testing.F) {
	for name, doc := range uiDocuments {
		f.Add(graphqlBody(doc.document, doc.variables, name))
	}
	for _, doc := range []string{
		`query($i: MlflowSearchRunsInput = {experimentIds: ["1"]}) {a: mlflowSearchRuns(input: $i) {...f}} fragment f on MlflowSearchRunsResponse {runs {modelVersions {version}}}`,
		`{mlflowGetRun(input: {runUuid: """` + mineRun + `"""}) {run {inputs {modelInputs {__typename}}}}}`,
		`query A {__typename} query B @component(name: "x") {t: __typename}`,
		`{mlflowGetMetricHistoryBulkInterval(input: {runIds: "` + mineRun + `", startStep: -1, endStep: 1e3, metricKey: true}) {metrics {runId}}}`,
	} {
		f.Add(graphqlBody(doc, map[string]any{"i": map[string]any{"experimentIds": []any{"2", "3"}, "runViewType": "ALL"}}, ""))
	}
	m := graphqlRow(f)
	read := func(body []byte) (*Call, error) {
		return ReadGraphQL(m, Incoming{Method: "POST", ContentType: "application/json", Body: body})
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := read(body)
		if err != nil {
			return
		}
		sent := c.Request().Body
		again, err := read(sent)
		if err != nil {
			if strings.Contains(string(sent), privateKey) {
				return // the one thing that is ours alone
			}
			t.Fatalf("%s reads as %s, which is refused: %v", body, sent, err)
		}
		if a, b := strings.Join(named(c), " "), strings.Join(named(again), " "); a != b {
			t.Fatalf("%s names %s, and as sent %s", body, a, b)
		}
		if twice := again.Request().Body; string(twice) != string(sent) {
			t.Fatalf("not stable: %s then %s", sent, twice)
		}
	})
}
