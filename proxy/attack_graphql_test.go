package proxy_test

import (
	"strings"
	"testing"
)

// One document may ask for many things under other names, and MLflow resolves
// what hangs on a run without any check.
func TestGraphQLShowsNothingForeignHoweverItIsAsked(t *testing.T) {
	t.Parallel()
	srv, g, mine, theirs := twoTeams(t)
	with := fill(mine, theirs)
	srv.Call(t, "POST", "model-versions/create", m{"name": theirs.model, "source": "runs:/" + mine.run + "/x", "run_id": mine.run})
	const run = `run{info{runId runName experimentId artifactUri} data{tags{key value} params{key value} metrics{key value}} experiment{name tags{key value}} modelVersions{name version}}`
	for _, c := range []struct{ body, must string }{
		{`{"query":"{a: mlflowGetRun(input:{runId:\"<run>\"}){` + run + `} b: mlflowGetRun(input:{runId:\"<RUN>\"}){` + run + `}}"}`, "<run>"},
		{`{"query":"query q($r: String = \"<RUN>\"){mlflowGetRun(input:{runId:$r}){` + run + `}}"}`, ""},
		{`{"query":"query q($r: String){mlflowGetRun(input:{runId:$r}){` + run + `}}","variables":{"r":"<RUN>"}}`, ""},
		{`{"query":"query a{mlflowGetRun(input:{runId:\"<run>\"}){` + run + `}} query b{mlflowGetRun(input:{runId:\"<RUN>\"}){` + run + `}}","operationName":"b"}`, ""},
		{`{"query":"{...f} fragment f on Query{mlflowGetRun(input:{runId:\"<RUN>\"}){` + run + `}}"}`, ""},
		{`{"query":"{mlflowGetRun(input:{runUuid:\"<RUN>\"}){` + run + `}}"}`, ""},
		{`{"query":"{mlflowGetRun(input:{runId:\"<run>\",runUuid:\"<RUN>\"}){` + run + `}}"}`, ""},
		{`{"query":"{mlflowGetExperiment(input:{experimentId:\"<EXP>\"}){experiment{name tags{key value}} apiError{code}}}"}`, ""},
		{`{"query":"{mlflowGetExperiment(input:{experimentId:\" <EXP>\"}){experiment{name tags{key value}} apiError{code}}}"}`, ""},
		{`{"query":"{mlflowSearchRuns(input:{experimentIds:[\"<exp>\",\"<EXP>\"]}){runs{info{runId runName} data{tags{key value}}}}}"}`, "<run>"},
		{`{"query":"{mlflowGetMetricHistoryBulkInterval(input:{runIds:[\"<run>\",\"<RUN>\"],metricKey:\"loss\",maxResults:5}){metrics{runId value}}}"}`, ""},
		{`{"query":"{mlflowListArtifacts(input:{runId:\"<RUN>\"}){rootUri files{path}}}"}`, ""},
		{`{"query":"{mlflowSearchModelVersions(input:{filter:\"name LIKE '%'\"}){modelVersions{name source}}}"}`, ""},
		{`{"query":"{mlflowSearchDatasets(input:{experimentIds:[\"<EXP>\"]}){datasetSummaries{name}}}"}`, ""},
		{`{"query":"{__schema{types{name}}}"}`, ""},
		{`{"query":"mutation{mlflowSearchRuns(input:{experimentIds:[\"<EXP>\"]}){runs{info{runName}}}}"}`, ""},
	} {
		a := request{"POST", gql, c.body}.send(t, g, "alice", with)
		if a.Status >= 500 || c.must != "" && !strings.Contains(string(a.Body), with.Replace(c.must)) {
			t.Errorf("%s: got %d %s", with.Replace(c.body), a.Status, a.Body)
		}
		theirs.unleaked(t, with.Replace(c.body), a)
	}
}
