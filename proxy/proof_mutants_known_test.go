package proxy_test

import "strings"

// elsewhere are the mutants that no check of [stage.judge] misses, each with the
// test that does, and the MLflow behind it where that is an older one.
var elsewhere = map[string]string{
	"POST datasets/{dataset_id}/records: role forgotten: records:records_text!":                                            "TestNobodyForgesWhoMadeADatasetOrAnIssue",
	"POST experiments/update: special dropped":                                                                             "TestRenamedExperimentIsDecidedByItsNewName",
	"POST logged-models/search: sift dropped":                                                                              "TestFiltersTellNothingOfWhatIsTrimmedFromLoggedModels",
	"PATCH logged-models/{model_id}/tags: special dropped":                                                                 "TestModelVersionsTagIsTrimmedAndKept",
	"POST registered-models/rename: trim of run_id at registered_model.latest_versions[] dropped":                          "TestForeignLinksInAnswersAreCutOut",
	"POST model-versions/create: special dropped":                                                                          "TestVersionCannotBeMadeFromForeignFiles",
	"POST registered-models/rename: role forgotten: new_name:new_model!":                                                   "TestRenamingChecksTheOldNameAndTheNew",
	"POST runs/create: special dropped":                                                                                    "TestNobodyForgesWhoCreatedARun",
	"POST experiments/search-datasets: trim of name at dataset_summaries[] dropped":                                        "TestDatasetsOfOneNameShowToEachTeamItsOwn on 2.22.5",
	"POST model-versions/create: action lowered":                                                                           "TestWarnModeRecordsWhatPathsAndSourcesLeadTo",
	"GET runs/get: trim of name at run.inputs.dataset_inputs[].dataset dropped":                                            "TestDatasetsOfOneNameShowToEachTeamItsOwn on 2.22.5",
	"POST runs/log-inputs: special dropped":                                                                                "TestDatasetsOfOneNameShowToEachTeamItsOwn on 2.22.5",
	"POST runs/outputs: action lowered":                                                                                    "TestNothingIsTiedToARunThatSheOnlyReads",
	"POST runs/search: special dropped":                                                                                    "TestRunsAreFoundByTheirDatasets on 2.22.5",
	"POST runs/search: trim of name at runs[].inputs.dataset_inputs[].dataset dropped":                                     "TestDatasetsOfOneNameShowToEachTeamItsOwn on 2.22.5",
	"GET scorers/online-configs: trim of experiment_id at configs[] dropped":                                               "TestOnlineConfigsOfForeignScorersAreNotShown",
	"POST scorers/register: role forgotten: serialized_scorer:scorer_text!":                                                "TestScorersDoNotReachTheGateway",
	"GET traces/batchGet: trim of 'mlflow.assessment.scorerTraceId' at traces[].trace_info.assessments[].metadata dropped": "TestForeignLinksInTracesAreCutOut",
	"GET traces/batchGet: trim of 'mlflow.assessment.sourceRunId' at traces[].trace_info.assessments[].metadata dropped":   "TestForeignLinksInTracesAreCutOut",
	"GET traces/batchGet: trim of 'mlflow.linkedPrompts' at traces[].trace_info.tags dropped":                              "TestForeignLinksInTracesAreCutOut",
	"GET traces/batchGet: trim of 'mlflow.modelId' at traces[].trace_info.trace_metadata dropped":                          "TestForeignLinksInTracesAreCutOut",
	"GET traces/batchGet: trim of 'mlflow.sourceRun' at traces[].trace_info.trace_metadata dropped":                        "TestForeignLinksInTracesAreCutOut",
	"POST traces/calculate-filter-correlation: special dropped":                                                            "TestFiltersTellNothingOfWhatIsTrimmedFromTraces",
	"POST traces/delete-traces: special dropped":                                                                           "TestTracesAreDeletedInOneExperimentOnly",
	"GET traces/get: trim of 'mlflow.assessment.scorerTraceId' at trace.trace_info.assessments[].metadata dropped":         "TestForeignLinksInTracesAreCutOut",
	"GET traces/get: trim of 'mlflow.assessment.sourceRunId' at trace.trace_info.assessments[].metadata dropped":           "TestForeignLinksInTracesAreCutOut",
	"GET traces/get: trim of 'mlflow.linkedPrompts' at trace.trace_info.tags dropped":                                      "TestForeignLinksInTracesAreCutOut",
	"GET traces/get: trim of 'mlflow.modelId' at trace.trace_info.trace_metadata dropped":                                  "TestForeignLinksInTracesAreCutOut",
	"GET traces/get: trim of 'mlflow.sourceRun' at trace.trace_info.trace_metadata dropped":                                "TestForeignLinksInTracesAreCutOut",
	"POST traces/metrics: special dropped":                                                                                 "TestFiltersTellNothingOfWhatIsTrimmedFromTraces",
	"POST traces/search: sift dropped":                                                                                     "TestFiltersTellNothingOfWhatIsTrimmedFromTraces",
	"DELETE traces/{request_id}/tags: role forgotten: key:trace_entry!":                                                    "TestWhereATraceIsReadFromIsNobodysToSet",
	"PATCH traces/{request_id}/tags: role forgotten: key:trace_entry!":                                                     "TestWhereATraceIsReadFromIsNobodysToSet",
	"PATCH traces/{request_id}: role forgotten: key:trace_entry":                                                           "TestTracesNameNothingThatTheirMakerCannotSee",
	"PATCH traces/{request_id}: role forgotten: key:trace_entry (2)":                                                       "TestWhereATraceIsReadFromIsNobodysToSet",
	"PATCH traces/{request_id}: special dropped":                                                                           "TestWhereATraceIsReadFromIsNobodysToSet",
	"PATCH traces/{trace_id}/assessments/{assessment_id}: role forgotten: assessment_name:issue_name":                      "TestTracesNameNothingThatTheirMakerCannotSee",
	"PATCH traces/{trace_id}/assessments/{assessment_id}: role forgotten: metadata:trace_entry*":                           "TestTracesNameNothingThatTheirMakerCannotSee",
	"POST traces/{trace_id}/assessments: role forgotten: assessment_name:issue_name":                                       "TestTracesNameNothingThatTheirMakerCannotSee",
	"POST traces/{trace_id}/assessments: role forgotten: metadata:trace_entry*":                                            "TestTracesNameNothingThatTheirMakerCannotSee",
	"POST traces/{trace_id}/assessments: role forgotten: source_id:assessor":                                               "TestWhoMadeATraceOrAssessedItIsTrue",
	"DELETE traces/{trace_id}/tags: role forgotten: key:trace_entry!":                                                      "TestWhereATraceIsReadFromIsNobodysToSet",
	"PATCH traces/{trace_id}/tags: role forgotten: key:trace_entry!":                                                       "TestWhereATraceIsReadFromIsNobodysToSet",
	"POST traces: role forgotten: assessment_name:issue_name":                                                              "TestTracesNameNothingThatTheirMakerCannotSee",
	"POST traces: role forgotten: key:trace_entry":                                                                         "TestWhereATraceIsReadFromIsNobodysToSet",
	"POST traces: role forgotten: key:trace_entry (2)":                                                                     "TestWhereATraceIsReadFromIsNobodysToSet",
	"POST traces: role forgotten: metadata:trace_entry*":                                                                   "TestTracesNameNothingThatTheirMakerCannotSee",
	"POST traces: role forgotten: source_id:assessor":                                                                      "TestWhoMadeATraceOrAssessedItIsTrue",
	"POST traces: role forgotten: tags:trace_entry*":                                                                       "TestWhereATraceIsReadFromIsNobodysToSet",
	"POST traces: role forgotten: trace_id:new_trace!":                                                                     "TestNoTraceMovesBetweenExperiments",
	"POST traces: role forgotten: trace_metadata:trace_entry*":                                                             "TestWhereATraceIsReadFromIsNobodysToSet",
	"GET traces: sift dropped":                                                                                             "TestFiltersTellNothingOfWhatIsTrimmedFromTraces",
	"GET traces: special dropped":                                                                                          "TestFiltersTellNothingOfWhatIsTrimmedFromTraces",
	"POST traces: special dropped":                                                                                         "TestNoTraceMovesBetweenExperiments",
	"POST v1/traces: link mark dropped: run_id:run?":                                                                       "TestTheHeadersOfSpansAreReadInOneWayOnly",
	"POST v1/traces: role forgotten: run_id:run?":                                                                          "TestTheHeadersOfSpansAreReadInOneWayOnly",
	"POST v1/traces: special dropped":                                                                                      "TestNoSpanGoesIntoAForeignTrace",
}

// equivalent are the mutants that change nothing, by a part of their names, each
// with the reason.
var equivalent = map[string]string{
	// What MLflow 3.17.2 never fills in; its messages have the fields.
	"at dataset.experiment_ids[]":                                         "a dataset's experiments are loaded when they are asked for alone",
	"datasets/search: trim of  at datasets[].experiment_ids[]":            "a dataset's experiments are loaded when they are asked for alone",
	"datasets/create: role forgotten: created_by:author":                  "a dataset's maker is read from its tags",
	"/records: role forgotten: updated_by:author":                         "a record's maker is read from its tags",
	"review-queues/get-or-create-user: role forgotten: created_by:author": "the maker of a user's queue is the user",
	"registrations[] dropped":                                             "the SQL store keeps no registrations",
	"trim of model_id at model_version":                                   "the SQL registry keeps no model_id",
	"trim of model_id at registered_model":                                "the SQL registry keeps no model_id",
	"model_metrics[] dropped":                                             "the SQL registry keeps no metrics",
	"trim of model_id at metrics[]":                                       "the SQL store answers no metric's model",
	"run.data.metrics[] dropped":                                          "the SQL store answers no metric's model",
	"runs[].data.metrics[] dropped":                                       "the SQL store answers no metric's model",
	"PATCH logged-models/{model_id}/tags: trim":                           "the answer is empty",
	"runs[].inputs.model_inputs[] dropped":                                "a search of runs answers no models among their inputs",
	"assessments/{assessment_id}: role forgotten: source_id:assessor":     "a change leaves an assessment's source as it is",

	// What was just made holds what the call itself names, which was decided about.
	"POST issues: trim":                        "just made",
	"POST logged-models: trim":                 "just made",
	"POST runs/create: trim":                   "just made",
	"POST traces: trim of value":               "just made",
	"POST traces/{trace_id}/assessments: trim": "just made",
	"registered-models/create: trim":           "just made",

	// Two guards, of which each is enough.
	"datasets/search: narrow mark dropped":                             "an id that is hidden finds what one finds that nobody holds",
	"experiments/search-datasets: narrow mark dropped":                 "an id that is hidden finds what one finds that nobody holds",
	"GET traces/batchGet: narrow mark dropped":                         "an id that is hidden finds what one finds that nobody holds",
	"POST traces/batchGetInfos: narrow mark dropped":                   "an id that is hidden finds what one finds that nobody holds",
	"traces/calculate-filter-correlation: narrow mark dropped":         "an id that is hidden finds what one finds that nobody holds",
	"traces/metrics: narrow mark dropped":                              "an id that is hidden finds what one finds that nobody holds",
	"traces/search: narrow mark dropped":                               "an id that is hidden finds what one finds that nobody holds",
	"traces/search: role forgotten: experiment_id:experiment":          "the row's special reads the locations",
	"traces/batchGet: role forgotten: experiment_ids":                  "MLflow looks there for the traces that were decided about",
	"traces/batchGetInfos: role forgotten: experiment_ids":             "MLflow looks there for the traces that were decided about",
	"model-versions/create: role forgotten: source:source":             "the row's special reads the source",
	"get-download-uri: special dropped":                                "what is remembered spares a call",
	"get-history-bulk: narrow mark dropped":                            "an id that is hidden finds what one finds that nobody holds",
	"get-history-bulk-interval: narrow mark dropped":                   "an id that is hidden finds what one finds that nobody holds",
	"remove-experiments: role forgotten: experiment_ids:experiment~[]": "experiments that the dataset is not in are passed over, and all that it is in were decided about",
	"issues/search: trim of experiment_id":                             "the experiment asked about was decided about",
	"issues/search: role forgotten: experiment_id":                     "issues of other experiments are trimmed",
	"scorers/list: narrow mark dropped":                                "an id that is hidden finds what one finds that nobody holds",
	"scorers/list: role forgotten: experiment_ids":                     "scorers of other experiments are trimmed",
	"v1/traces: link mark dropped: experiment_id":                      "MLflow knows no such experiment, and where it asks for none its answer is not passed on",
	"PATCH logged-models/{model_id}: path's role forgotten":            "MLflow acts on the id in the body, which must be there",
	"registered-models/get: echo dropped":                              "without it the model of this very name is asked for first",
}

// sameAs is why a mutant changes nothing; "": it does.
func sameAs(name string) string {
	for part, why := range equivalent {
		if strings.Contains(name, part) {
			return why
		}
	}
	return ""
}
