package mlflowapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

const (
	mineRun   = "11111111111111111111111111111111"
	theirsRun = "22222222222222222222222222222222"
)

// graphqlRow is the table's own row.
func graphqlRow(t testing.TB) Match {
	t.Helper()
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	m, _ := table.Find("POST", "/graphql")
	if m.Endpoint == nil {
		t.Fatal("no row for /graphql")
	}
	return m
}

func graphqlBody(document string, variables any, operation string) []byte {
	request := map[string]any{"query": document, "variables": variables}
	if operation != "" {
		request["operationName"] = operation
	}
	b, err := json.Marshal(request)
	if err != nil {
		panic(err)
	}
	return b
}

func readGraphQL(t testing.TB, body []byte) (*Call, error) {
	t.Helper()
	return ReadGraphQL(graphqlRow(t), Incoming{Method: "POST", ContentType: "application/json", Body: body})
}

// named lists what a call names: its targets, and the lists that will shrink.
func named(c *Call) []string {
	var ids []string
	for _, t := range c.Targets {
		ids = append(ids, fmt.Sprint(t.is, t.ID, t.Name))
	}
	for _, l := range c.lists {
		for _, v := range l.list.list {
			ids = append(ids, fmt.Sprint(l.is, v.str))
		}
	}
	slices.Sort(ids)
	return ids
}

func wantBad(t *testing.T, err error) {
	t.Helper()
	var own *Error
	if !errors.As(err, &own) || own.Status != 400 {
		t.Fatalf("got %v, want a 400", err)
	}
}

// uiDocuments ask for what MLflow's UI asks for, in its operations.
var uiDocuments = map[string]struct {
	document  string
	variables any
	names     []string
}{
	"MlflowGetExperimentQuery": {
		`query MlflowGetExperimentQuery($input: MlflowGetExperimentInput!) @component(name: "ui") { mlflowGetExperiment(input: $input) {
			apiError { code message }
			experiment { artifactLocation creationTime effectiveTraceArchivalRetention experimentId lastUpdateTime lifecycleStage name tags { key value } } } }`,
		map[string]any{"input": map[string]any{"experimentId": "7"}},
		[]string{fmt.Sprint(experimentID, "7")},
	},
	"GetRun": {
		`query GetRun($data: MlflowGetRunInput!) @component(name: "ui") { mlflowGetRun(input: $data) { apiError { helpUrl code message } run {
			info { runName status runUuid experimentId artifactUri endTime lifecycleStage startTime userId }
			experiment { experimentId name tags { key value } artifactLocation lifecycleStage lastUpdateTime }
			modelVersions { status version name source }
			data { metrics { key value step timestamp } params { key value } tags { key value } }
			inputs { datasetInputs { dataset { digest name profile schema source sourceType } tags { key value } } modelInputs { modelId } }
			outputs { modelOutputs { modelId step } } } } }`,
		map[string]any{"data": map[string]any{"runId": mineRun}},
		[]string{fmt.Sprint(runID, mineRun)},
	},
	"SearchRuns": {
		`query SearchRuns($data: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $data) { apiError { helpUrl code message } runs {
			info { runName status runUuid experimentId }
			experiment { experimentId name tags { key value } }
			data { metrics { key value step timestamp } params { key value } tags { key value } }
			inputs { datasetInputs { dataset { digest name } tags { key value } } modelInputs { modelId } }
			modelVersions { version name creationTimestamp } } } }`,
		map[string]any{"data": map[string]any{"experimentIds": []string{"7", "8"}, "filter": "attributes.run_id = 'x'"}},
		[]string{fmt.Sprint(experimentID, "7"), fmt.Sprint(experimentID, "8")},
	},
	"GetMetricHistoryBulkInterval": {
		`query GetMetricHistoryBulkInterval($data: MlflowGetMetricHistoryBulkIntervalInput!) @component(name: "ui") {
			mlflowGetMetricHistoryBulkInterval(input: $data) { __typename metrics { timestamp step runId key value } apiError { code message } } }`,
		map[string]any{"data": map[string]any{"runIds": []string{mineRun}, "metricKey": "m", "maxResults": 320, "startStep": 0, "endStep": nil}},
		[]string{fmt.Sprint(runID, mineRun)},
	},
}

func TestGraphQLReadsTheUIsDocuments(t *testing.T) {
	t.Parallel()
	for name, doc := range uiDocuments {
		c, err := readGraphQL(t, graphqlBody(doc.document, doc.variables, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := named(c); !slices.Equal(got, doc.names) {
			t.Errorf("%s: names %v, want %v", name, got, doc.names)
		}
	}
}

func TestGraphQLSendsNothingOfTheClientsText(t *testing.T) {
	t.Parallel()
	doc := `# SECRET` + "\n" + `query SECRETop($SECRETvar: MlflowGetRunInput = {runId: "` + mineRun + `"}) @component(name: "SECRET") { ...SECRETfrag }
		fragment SECRETfrag on Query { mlflowGetRun(input: $SECRETvar) { run { info { runId } } } }
		query SECRETother { mlflowGetRun(input: {runId: "SECRET"}) { run { info { runId } } } }`
	c, err := readGraphQL(t, graphqlBody(doc, map[string]any{"SECRETunused": theirsRun}, "SECRETop"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"query":"query($v0:MlflowGetRunInput){mlflowGetRun(input:$v0){run{info{runId}}}}","variables":{"v0":{"runId":"` + mineRun + `"}}}`
	if r := c.Request(); string(r.Body) != want || r.Path != "/graphql" || r.Query != "" || r.Method != "POST" {
		t.Errorf("sends %+v %s\nwant %s", r, r.Body, want)
	}
}

// Every way in which a document can say which run it means must end in the
// same target, since every one of them reaches the run.
func TestGraphQLFindsTheRunHoweverItIsNamed(t *testing.T) {
	t.Parallel()
	const sel = `{ run { info { runName } } }`
	in := `{runId: "` + theirsRun + `"}`
	for name, q := range map[string]struct {
		doc  string
		vars any
		op   string
	}{
		"literal":               {`{mlflowGetRun(input: ` + in + `) ` + sel + `}`, nil, ""},
		"alias":                 {`{mine: mlflowGetRun(input: ` + in + `) ` + sel + `}`, nil, ""},
		"old name":              {`{mlflowGetRun(input: {runUuid: "` + theirsRun + `"}) ` + sel + `}`, nil, ""},
		"both names":            {`{mlflowGetRun(input: {runId: "", runUuid: "` + theirsRun + `"}) ` + sel + `}`, nil, ""},
		"block string":          {`{mlflowGetRun(input: {runId: """` + theirsRun + `"""}) ` + sel + `}`, nil, ""},
		"escaped":               {`{mlflowGetRun(input: {runId: "\u0032` + theirsRun[1:] + `"}) ` + sel + `}`, nil, ""},
		"variable":              {`query($i: MlflowGetRunInput!) {mlflowGetRun(input: $i) ` + sel + `}`, map[string]any{"i": map[string]any{"runId": theirsRun}}, ""},
		"variable in object":    {`query($r: String) {mlflowGetRun(input: {runId: $r}) ` + sel + `}`, map[string]any{"r": theirsRun}, ""},
		"default":               {`query($r: String = "` + theirsRun + `") {mlflowGetRun(input: {runId: $r}) ` + sel + `}`, nil, ""},
		"default beats nothing": {`query($r: String = "` + theirsRun + `") {mlflowGetRun(input: {runId: $r}) ` + sel + `}`, map[string]any{"R": mineRun}, ""},
		"sent beats default":    {`query($r: String = "` + mineRun + `") {mlflowGetRun(input: {runId: $r}) ` + sel + `}`, map[string]any{"r": theirsRun}, ""},
		"fragment":              {`{...f} fragment f on Query {mlflowGetRun(input: ` + in + `) ` + sel + `}`, nil, ""},
		"inline fragment":       {`{... on Query {... {mlflowGetRun(input: ` + in + `) ` + sel + `}}}`, nil, ""},
		"fragment in fragment":  {`{...f} fragment g on Query {mlflowGetRun(input: ` + in + `) ` + sel + `} fragment f on Query {...g}`, nil, ""},
		"the other operation":   {`query A {mlflowGetRun(input: {runId: "` + mineRun + `"}) ` + sel + `} query B {mlflowGetRun(input: ` + in + `) ` + sel + `}`, nil, "B"},
	} {
		c, err := readGraphQL(t, graphqlBody(q.doc, q.vars, q.op))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := named(c), []string{fmt.Sprint(runID, theirsRun)}; !slices.Equal(got, want) {
			t.Errorf("%s: names %v, want %v", name, got, want)
		}
		if body := string(c.Request().Body); strings.Contains(body, mineRun) {
			t.Errorf("%s: sends what was not read: %s", name, body)
		}
	}
}

func TestGraphQLAliasBatchesNameEveryRun(t *testing.T) {
	t.Parallel()
	var doc strings.Builder
	var want []string
	for i := range graphqlMostRoots {
		id := fmt.Sprintf("%032x", i)
		fmt.Fprintf(&doc, ` a%d: mlflowGetRun(input: {runId: "%s"}) { run { info { runId } } }`, i, id)
		want = append(want, fmt.Sprint(runID, id))
	}
	c, err := readGraphQL(t, graphqlBody("{"+doc.String()+"}", nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := named(c); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	_, err = readGraphQL(t, graphqlBody("{"+doc.String()+" more: mlflowGetExperiment(input: {experimentId: \"1\"}) { experiment { name } } }", nil, ""))
	wantBad(t, err)
}

func TestGraphQLHidesEachRunByItself(t *testing.T) {
	t.Parallel()
	doc := `{ a: mlflowGetRun(input: {runId: "` + mineRun + `"}) { run { info { runId } } } b: mlflowGetRun(input: {runId: "` + theirsRun + `"}) { run { info { runId } } } c: mlflowGetRun(input: {runUuid: "` + theirsRun + `"}) { run { info { runId } } } }`
	c, err := readGraphQL(t, graphqlBody(doc, nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range c.Targets {
		if target.ID == theirsRun {
			c.Hide(target)
		}
	}
	body := c.Request().Body
	if s := string(body); strings.Contains(s, theirsRun) || strings.Count(s, mineRun) != 1 {
		t.Errorf("sends %s", s)
	}
	if s := string(c.Reveal(body)); strings.Count(s, theirsRun) != 2 {
		t.Errorf("reveals %s", s)
	}
}

func TestGraphQLRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	run := func(sel string) string { return `{mlflowGetRun(input: {runId: "` + mineRun + `"}) ` + sel + `}` }
	deep := strings.Repeat("{a", 900) + strings.Repeat("}", 900)
	bomb := "{...f0}"
	for i := range 60 {
		bomb += fmt.Sprintf(" fragment f%d on Query {...f%d ...f%d}", i, i+1, i+1)
	}
	for name, doc := range map[string]string{
		"nothing":                "",
		"no operation":           "fragment f on Query {__typename}",
		"broken":                 "{",
		"mutation":               `mutation {mlflowSearchRuns(input: {experimentIds: ["1"]}) {runs {info {runId}}}}`,
		"mutation beside":        `query A {__typename} mutation B {mlflowSearchDatasets(input: {}) {apiError {code}}}`,
		"subscription":           `subscription {mlflowGetRun {run {info {runId}}}}`,
		"introspection":          `{__schema {types {name}}}`,
		"type introspection":     `{__type(name: "MlflowRun") {name}}`,
		"disguised typename":     run(`{run {__typename: modelVersions {version}}}`),
		"unknown root":           `{mlflowGetSecrets {name}}`,
		"test field":             `{test(inputString: "a") {output}}`,
		"model versions":         `{mlflowSearchModelVersions(input: {}) {modelVersions {name}}}`,
		"artifacts":              `{mlflowListArtifacts(input: {runId: "` + mineRun + `"}) {rootUri}}`,
		"unknown field":          run(`{run {secrets}}`),
		"field of another type":  run(`{run {info {name}}}`),
		"skip":                   `query($s: Boolean!) {mlflowGetRun(input: {runId: "` + mineRun + `"}) @skip(if: $s) {run {info {runId}}}}`,
		"directive deeper":       run(`{run {info {runId @include(if: true)}}}`),
		"directive on spread":    `{...f @skip(if: false)} fragment f on Query {__typename}`,
		"directive on inline":    `{... @include(if: true) {__typename}}`,
		"directive on operation": `query Q @live {__typename}`,
		"no subfields":           run(``),
		"subfields of a leaf":    run(`{run {info {runId {x}}}}`),
		"no argument":            `{mlflowGetRun {run {info {runId}}}}`,
		"argument twice":         `{mlflowGetRun(input: {runId: "` + mineRun + `"}, input: {runId: "` + theirsRun + `"}) {run {info {runId}}}}`,
		"another argument":       `{mlflowGetRun(input: {runId: "` + mineRun + `"}, x: 1) {run {info {runId}}}}`,
		"argument where none is": run(`{run(x: 1) {info {runId}}}`),
		"input field twice":      `{mlflowGetRun(input: {runId: "` + mineRun + `", runId: "` + theirsRun + `"}) {run {info {runId}}}}`,
		"unknown input field":    `{mlflowGetRun(input: {runId: "` + mineRun + `", x: 1}) {run {info {runId}}}}`,
		"snake input field":      `{mlflowGetRun(input: {runId: "` + mineRun + `", run_id: "` + theirsRun + `"}) {run {info {runId}}}}`,
		"names disagree":         `{mlflowGetRun(input: {runId: "` + mineRun + `", runUuid: "` + theirsRun + `"}) {run {info {runId}}}}`,
		"no id":                  `{mlflowGetExperiment(input: {}) {experiment {name}}}`,
		"null id":                `{mlflowGetExperiment(input: {experimentId: null}) {experiment {name}}}`,
		"empty id":               `{mlflowGetExperiment(input: {experimentId: ""}) {experiment {name}}}`,
		"id not canonical":       `{mlflowGetExperiment(input: {experimentId: "02"}) {experiment {name}}}`,
		"id a number":            `{mlflowGetExperiment(input: {experimentId: 2}) {experiment {name}}}`,
		"id an enum word":        `{mlflowGetRun(input: {runId: [["` + mineRun + `"]]}) {run {info {runId}}}}`,
		"listed id not clean":    `{mlflowSearchRuns(input: {experimentIds: ["1", " 2"]}) {runs {info {runId}}}}`,
		"list in a list":         `{mlflowSearchRuns(input: {experimentIds: [["2"]]}) {runs {info {runId}}}}`,
		"null in a list":         `{mlflowSearchRuns(input: {experimentIds: [null]}) {runs {info {runId}}}}`,
		"undefined variable":     `{mlflowGetRun(input: $x) {run {info {runId}}}}`,
		"variable twice":         `query($x: String = "` + mineRun + `", $x: String = "` + theirsRun + `") {mlflowGetRun(input: {runId: $x}) {run {info {runId}}}}`,
		"default of a variable":  `query($x: String = $y, $y: String = $x) {mlflowGetRun(input: {runId: $x}) {run {info {runId}}}}`,
		"default holds variable": `query($x: MlflowGetRunInput = {runId: $x}) {mlflowGetRun(input: $x) {run {info {runId}}}}`,
		"unknown fragment":       `{...f}`,
		"fragment twice":         `{...f} fragment f on Query {__typename} fragment f on Query {mlflowGetRun(input: {runId: "` + theirsRun + `"}) {run {info {runId}}}}`,
		"fragment on another":    `{...f} fragment f on MlflowRunExtension {info {runId}}`,
		"fragment of itself":     `{...f} fragment f on Query {...f}`,
		"fragments in a circle":  `{...f} fragment f on Query {...g} fragment g on Query {...f ...f}`,
		"fragment bomb":          bomb,
		"deep":                   deep,
		"alias for two things":   run(`{run {info {a: runId a: userId}}}`),
		"alias for two runs":     `{a: mlflowGetRun(input: {runId: "` + mineRun + `"}) {run {info {runId}}} a: mlflowGetRun(input: {runId: "` + theirsRun + `"}) {run {info {runId}}}}`,
		"our own aliases":        run(`{run {modelVersions {mlgate_name: version}}}`),
		"two operations":         `query A {__typename} query B {__typename}`,
		"same name twice":        `query A {__typename} query A {__typename}`,
		"anonymous beside":       `{__typename} query A {__typename}`,
		"very many aliases":      run(`{run {info {` + strings.Repeat("a: runId ", 2000) + `}}}`),
		"too many tokens":        run(`{run {info {` + strings.Repeat("runId ", 9000) + `}}}`),
		"too many fields":        run(`{run {info {` + strings.Repeat("runId ", 1100) + `}}}`),
		"large":                  "# " + strings.Repeat("x", graphqlMostBytes),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readGraphQL(t, graphqlBody(doc, nil, ""))
			wantBad(t, err)
		})
	}
}

func TestGraphQLReadsItsJSONInOneWayOnly(t *testing.T) {
	t.Parallel()
	const doc = `"query":"{__typename}"`
	if _, err := readGraphQL(t, []byte("{"+doc+"}")); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"empty":               ``,
		"a list":              `[{` + doc + `}]`,
		"a string":            `"{}"`,
		"query twice":         `{` + doc + `,"query":"{__typename}"}`,
		"case twin":           `{` + doc + `,"Query":"{__typename}"}`,
		"variables twice":     `{` + doc + `,"variables":{},"variables":{}}`,
		"a variable twice":    `{` + doc + `,"variables":{"a":1,"a":2}}`,
		"twice, deeper":       `{` + doc + `,"variables":{"a":{"b":1,"b":2}}}`,
		"operation lookalike": `{` + doc + `,"operation_name":"A"}`,
		"query a number":      `{"query":1}`,
		"operation a list":    `{` + doc + `,"operationName":["A"]}`,
		"variables a list":    `{` + doc + `,"variables":[]}`,
		"variables a string":  `{` + doc + `,"variables":"{}"}`,
		"behind it":           `{` + doc + `} {}`,
		"byte order mark":     "\ufeff{" + doc + "}",
		"bad UTF-8":           "{" + doc + ",\"x\":\"\xff\"}",
		"deep variables":      `{` + doc + `,"variables":{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readGraphQL(t, []byte(body))
			wantBad(t, err)
		})
	}
}

func TestGraphQLIsPostedAsJSONAlone(t *testing.T) {
	t.Parallel()
	m, body := graphqlRow(t), graphqlBody("{__typename}", nil, "")
	for name, in := range map[string]Incoming{
		"GET with body": {Method: "GET", ContentType: "application/json", Body: body},
		"query string":  {Method: "POST", ContentType: "application/json", Body: body, Query: "query={__typename}"},
		"form":          {Method: "POST", ContentType: "application/x-www-form-urlencoded", Body: body},
		"text":          {Method: "POST", ContentType: "text/plain", Body: body},
	} {
		_, err := ReadGraphQL(m, in)
		var own *Error
		if !errors.As(err, &own) || own.Status != 400 {
			t.Errorf("%s: got %v, want a 400", name, err)
		}
	}
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	if m, known := table.Find("GET", "/graphql"); !known || (m.Endpoint != nil && m.Endpoint.Open()) {
		t.Errorf("GET /graphql is open: %+v", m)
	}
}

func TestGraphQLListsShrinkToWhatIsVisible(t *testing.T) {
	t.Parallel()
	w := teamWorld()
	for name, q := range map[string]struct{ doc, want string }{
		"some":   {`{mlflowSearchRuns(input: {experimentIds: ["1", "2", "99"]}) {nextPageToken}}`, `"experimentIds":["1","2147083648","2147083649"]`},
		"single": {`{mlflowSearchRuns(input: {experimentIds: "1"}) {nextPageToken}}`, `"experimentIds":["1"]`},
		"runs":   {`{mlflowGetMetricHistoryBulkInterval(input: {runIds: ["` + theirsRun + `", "` + mineRun + `"]}) {metrics {runId}}}`, `"runIds":["ffffffffffffffff0000000000000000","` + mineRun + `"]`},
	} {
		c, err := readGraphQL(t, graphqlBody(q.doc, nil, ""))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := w.Narrow(context.Background(), c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if body := string(c.Request().Body); !strings.Contains(body, q.want) {
			t.Errorf("%s: sends %s, want %s in it", name, body, q.want)
		}
	}
}

// One variable in two lists is two lists: both shrink.
func TestGraphQLVariableUsedTwiceShrinksTwice(t *testing.T) {
	t.Parallel()
	doc := `query($i: MlflowSearchRunsInput) {a: mlflowSearchRuns(input: $i) {nextPageToken} b: mlflowSearchRuns(input: $i) {nextPageToken}}`
	c, err := readGraphQL(t, graphqlBody(doc, map[string]any{"i": map[string]any{"experimentIds": []string{"2"}}}, ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := teamWorld().Narrow(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if body := string(c.Request().Body); strings.Contains(body, `"2"`) {
		t.Errorf("sends %s", body)
	}
}
