package mlflowapi

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseFieldsReadsTheNotation(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]field{
		"":                                   nil,
		" \n\t":                              nil,
		"a":                                  {{name: "a"}},
		"a b":                                {{name: "a"}, {name: "b"}},
		"a!":                                 {{name: "a", must: true}},
		"a[]":                                {{name: "a", many: true}},
		"a|b:run!":                           {{name: "a", alias: "b", is: runID, must: true}},
		"a:logged_model/edit?":               {{name: "a", is: loggedModelID, action: Edit, link: true}},
		"a:experiment~[]":                    {{name: "a", is: experimentID, narrow: true, many: true}},
		"a:model/read":                       {{name: "a", is: modelName, action: Read}},
		"a[]{b:tag! c} d":                    {{name: "a", many: true, of: []field{{name: "b", is: tagKey, must: true}, {name: "c"}}}, {name: "d"}},
		"a{b{c}}":                            {{name: "a", of: []field{{name: "b", of: []field{{name: "c"}}}}}},
		"a:run/manage~?![]":                  {{name: "a", is: runID, action: Manage, narrow: true, link: true, must: true, many: true}},
		"a:refused b:new_model":              {{name: "a", is: refused}, {name: "b", is: newModelName}},
		"a[]{}":                              {{name: "a", many: true}},
		"a:source\n\tb:version!":             {{name: "a", is: source}, {name: "b", is: version, must: true}},
		"a:experiment_name b:new_experiment": {{name: "a", is: experimentName}, {name: "b", is: newExperimentName}},
	} {
		got, err := parseFields(s)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("parseFields(%q) = %+v, %v; want %+v", s, got, err, want)
		}
	}
}

func TestParseFieldsRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for s, say := range map[string]string{
		"a:nobody":      `unknown role "nobody"`,
		"a:run/destroy": `unknown action "destroy"`,
		"a:run/admin":   `unknown action "admin"`,
		"a:":            `unknown role ""`,
		"a{b":           "no closing brace",
		"a{b{c}":        "no closing brace",
		"a}":            `unexpected "}"`,
		"a:run![]?":     "unknown role", // marks in another order
	} {
		if _, err := parseFields(s); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("parseFields(%q): %v, want %q", s, err, say)
		}
	}
}

// plainNames are fields that look like names of something and name nothing
// that mlgate decides about, each with the reason.
var plainNames = map[string]string{
	"runs/create user_id":                                                       "written anew: it is the caller",
	"traces trace.trace_info.client_request_id":                                 "text of the client's",
	"traces trace.trace_info.assessments.assessment_id":                         "kept only where the trace holds it already",
	"traces trace.trace_info.assessments.span_id":                               "text beside the assessment",
	"traces trace.trace_info.assessments.issue.issue_name":                      "text; the issue's id is the assessment's name",
	"traces/{trace_id}/assessments assessment.span_id":                          "text beside the assessment",
	"traces/{trace_id}/assessments assessment.issue.issue_name":                 "text; the issue's id is the assessment's name",
	"traces/{trace_id}/assessments/{assessment_id} assessment.span_id":          "text beside the assessment",
	"traces/{trace_id}/assessments/{assessment_id} assessment.issue.issue_name": "text; the issue's id is the assessment's name",
	"traces/delete-traces request_ids":                                          "looked for within the experiment that is named beside them",
	"runs/log-metric dataset_name":                                              "text beside the metric",
	"runs/log-batch metrics.dataset_name":                                       "text beside the metric",
	"runs/create run_name":                                                      "a run's name is free text",
	"runs/update run_name":                                                      "a run's name is free text",
	"runs/log-inputs datasets.dataset.name":                                     "a dataset's name is free text, kept inside the run's experiment; see sealDatasets",
	"logged-models name":                                                        "a logged model's name is free text; its id decides",
	"logged-models/search datasets.dataset_name":                                "filters the rows of visible experiments",
	"logged-models/search order_by.dataset_name":                                "sorts the rows of visible experiments",
	"logged-models/search order_by.field_name":                                  "sorts the rows of visible experiments",
	"registered-models/create deployment_job_id":                                "a Databricks job; the open-source server drops it",
	"registered-models/update deployment_job_id":                                "a Databricks job; the open-source server drops it",
	"traces/metrics metric_name":                                                "one of MLflow's own words",
	"datasets/create name":                                                      "a dataset's name is free text, and several may bear it; its id decides",
	"datasets/create source":                                                    "where a dataset's data came from, as text that MLflow drops",
	"datasets/{dataset_id}/records dataset_record_ids":                          "a record is looked for within its dataset",
	"issues name":                            "an issue's name is free text; its id decides",
	"issues/{issue_id} name":                 "an issue's name is free text; its id decides",
	"label-schemas/create name":              "a schema's name lies inside its experiment",
	"label-schemas/get-by-name name":         "a schema's name lies inside its experiment",
	"label-schemas/update name":              "a schema's name lies inside its experiment",
	"review-queues/create name":              "a queue's name lies inside its experiment",
	"review-queues/get-by-name name":         "a queue's name lies inside its experiment",
	"review-queues/update name":              "a queue's name lies inside its experiment",
	"review-queues/create schema_ids":        "MLflow looks for them in the queue's experiment alone",
	"review-queues/update schema_ids":        "MLflow looks for them in the queue's experiment alone",
	"review-queues/update update_schema_ids": "yes or no",
	"review-queues/items/add item_ids":       "MLflow looks for them in the queue's experiment alone",
	"review-queues/items/remove item_ids":    "looked for within the queue",
	"review-queues/items/set-status item_id": "looked for within the queue",
	"review-queues/list item_id":             "filters the queues of one experiment",
	"scorers/delete name":                    "a scorer's name lies inside its experiment",
	"scorers/get name":                       "a scorer's name lies inside its experiment",
	"scorers/online-config name":             "a scorer's name lies inside its experiment",
	"scorers/register name":                  "a scorer's name lies inside its experiment",
	"scorers/versions name":                  "a scorer's name lies inside its experiment",
	"scorers/delete version":                 "a version of the scorer that is named beside it",
	"scorers/get version":                    "a version of the scorer that is named beside it",
	"scorers/online-configs scorer_ids":      "what they lead to is taken out of the answer by its experiment",
	"registered-models/alias alias":          "an alias lies inside the model that is named beside it",

	"mlflow-artifacts/mpu/abort/{artifact_path} upload_id":    "sealed with the path that it is about",
	"mlflow-artifacts/mpu/complete/{artifact_path} upload_id": "sealed with the path that it is about",
}

// Names of fields that say who or what; anything of the kind needs a role, so
// that adding a row and forgetting the role fails here.
func looksLikeAName(f string) bool {
	for _, end := range []string{"id", "ids", "uuid", "name", "names", "model", "models", "experiment", "experiments", "source", "version", "location", "alias", "uri"} {
		if f == end || strings.HasSuffix(f, "_"+end) {
			return true
		}
	}
	return false
}

func TestEveryFieldThatNamesSomethingHasARole(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, e := range newTestTable(t).Rows() {
		eachField(e.fields, "", func(path string, f *field) {
			at := e.Name + " " + path
			if f.of != nil || f.is != plain || !looksLikeAName(f.name) {
				return
			}
			if strings.HasSuffix(path, "dataset.source") { // where a run's data came from, as text
				return
			}
			if used[at] = true; plainNames[at] == "" {
				t.Errorf("%s names something and has no role", at)
			}
		})
	}
	for at := range plainNames {
		if !used[at] {
			t.Errorf("%s is no field any more", at)
		}
	}
}

// Tags may carry mlgate's own keys, so wherever a tag is written its key is read.
func TestEveryTagsKeyIsChecked(t *testing.T) {
	t.Parallel()
	n := 0
	for _, e := range newTestTable(t).Rows() {
		eachField(e.fields, "", func(path string, f *field) {
			if f.name != "key" || (!strings.HasSuffix(path, "tags.key") && !strings.Contains(e.Name, "tag")) {
				return
			}
			if n++; f.is != tagKey && f.is != traceEntry {
				t.Errorf("%s %s is not read as a tag's key", e.Name, path)
			}
		})
	}
	if n < 15 {
		t.Errorf("only %d keys of tags in the table", n)
	}
}

// Every target of an open row is reached by a name or an id that must be
// there, by a list that shrinks, or by code that is named.
func TestNoOpenRowGoesUpstreamUnasked(t *testing.T) {
	t.Parallel()
	for _, e := range newTestTable(t).Rows() {
		if !e.Open() || e.Kind == Server || e.Search != nil || e.Scan != nil || namedInPath(e) {
			continue
		}
		switch e.Special {
		case ArtifactPath, ArtifactListing, StartUpload, EndUpload, GraphQL, NarrowLocations, NarrowDatasets, StartTrace:
			continue
		}
		switch e.Name {
		case "scorers/online-configs": // its ids lead nowhere; the answer is trimmed
			continue
		case "artifacts/presigned-upload-url": // one of two things, see [Call.boundTransfer]
			continue
		}
		decided := e.Fields == "" && e.Trims != nil // a list of names, which the trim decides about
		for _, param := range parameter.FindAllString(e.Paths[0], -1) {
			decided = decided || pathRoles[strings.Trim(param, "{}")].kind() == e.Kind
		}
		eachField(e.fields, "", func(path string, f *field) {
			decided = decided || (f.is.kind() == e.Kind && (f.must || f.narrow) && !strings.Contains(path, "."))
		})
		if !decided {
			t.Errorf("%s: nothing in it has to name what it is about", e.Name)
		}
	}
}

// namedInPath reports whether the path says what the row is about.
func namedInPath(e *Endpoint) bool {
	for param, is := range pathRoles {
		if is.kind() == e.Kind && strings.Contains(e.Paths[0], "{"+param+"}") {
			return true
		}
	}
	return false
}

func eachField(fields []field, above string, do func(path string, f *field)) {
	for i := range fields {
		f := &fields[i]
		do(above+f.name, f)
		eachField(f.of, above+f.name+".", do)
	}
}
