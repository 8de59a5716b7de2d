package mlflowapi

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// traceSift is about the runs, logged models and prompts that are trimmed from
// traces. What their assessments name cannot be asked about (3.17.2).
func traceSift(ids string) *Sift {
	return &Sift{List: "traces", IDs: ids, Default: 100, Asks: traceAsks, Parts: traceParts}
}

// traceAsks reads every filter, order and dimension of the endpoints that search
// or count traces. MLflow compares the names of tags and metadata by their case.
func traceAsks(args *object) siftAsks {
	var words strings.Builder
	for _, name := range []string{"filter", "filter_string1", "filter_string2", "base_filter", "metric_name"} {
		words.WriteString(" " + args.text(name))
	}
	for _, name := range []string{"order_by", "filters", "dimensions"} {
		if list := args.get(name); list != nil {
			for _, v := range list.list {
				words.WriteString(" " + v.str)
			}
		}
	}
	text := strings.ToLower(words.String())
	asks := func(word string) bool { return strings.Contains(text, word) }
	return siftAsks{runs: asks("run"), models: asks("modelid") || asks("model_id"), versions: asks("prompt")}
}

// traceRow is what of a trace may be hidden, in both versions of its form.
type traceRow struct {
	Metadata map[string]string `json:"trace_metadata"`
	Old      []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"request_metadata"`
	Tags jsontext.Value `json:"tags"`
}

func traceParts(raw jsontext.Value, asks siftAsks) (parts []sighted, err error) {
	var r traceRow
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	entries := r.Metadata
	if entries == nil {
		entries = map[string]string{}
	}
	for _, e := range r.Old {
		entries[e.Key] = e.Value
	}
	if id := entries["mlflow.sourceRun"]; asks.runs && id != "" {
		parts = append(parts, sighted{runID, id})
	}
	if id := entries["mlflow.modelId"]; asks.models && id != "" {
		parts = append(parts, sighted{loggedModelID, id})
	}
	if asks.versions {
		if text := r.prompts(); text != "" {
			for _, v := range readTaggedVersions(text) {
				parts = append(parts, sighted{modelName, v.Name})
			}
		}
	}
	return parts, nil
}

// prompts is the tag that lists prompts: a member, or of a list of tags the one.
func (r *traceRow) prompts() string {
	var tags map[string]string
	if r.Tags.Kind() == '{' && json.Unmarshal(r.Tags, &tags) == nil {
		return tags[linkedPromptsKey]
	}
	var list []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	if r.Tags.Kind() == '[' && json.Unmarshal(r.Tags, &list) == nil {
		for _, t := range list {
			if t.Key == linkedPromptsKey {
				return t.Value
			}
		}
	}
	return ""
}
