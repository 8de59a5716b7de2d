package mlflowapi

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// loggedModelSift is about the runs, metrics and registered versions that are
// trimmed from logged models. MLflow knows these columns by these words alone.
func loggedModelSift() *Sift {
	return &Sift{List: "models", IDs: "experiment_ids", Default: 100, Asks: loggedModelAsks, Parts: loggedModelParts}
}

func loggedModelAsks(args *object) siftAsks {
	words := args.text("filter")
	if order := args.get("order_by"); order != nil {
		for _, o := range order.list {
			words += " " + o.obj.text("field_name")
		}
	}
	words = strings.ToLower(words)
	datasets := args.get("datasets")
	return siftAsks{
		runs:     strings.Contains(words, "source_run"),
		metrics:  strings.Contains(words, "metric") || datasets != nil && len(datasets.list) > 0,
		versions: strings.Contains(words, strings.ToLower(modelVersionsKey[len("mlflow."):])),
	}
}

// loggedModelRow is what of a logged model may be hidden.
type loggedModelRow struct {
	Info struct {
		Run  string `json:"source_run_id"`
		Tags []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"tags"`
	} `json:"info"`
	Data struct {
		Metrics []struct {
			Run string `json:"run_id"`
		} `json:"metrics"`
	} `json:"data"`
}

func loggedModelParts(raw jsontext.Value, asks siftAsks) (parts []sighted, err error) {
	var r loggedModelRow
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	if asks.runs && r.Info.Run != "" {
		parts = append(parts, sighted{runID, r.Info.Run})
	}
	for _, m := range r.Data.Metrics {
		if asks.metrics && m.Run != "" {
			parts = append(parts, sighted{runID, m.Run})
		}
	}
	for _, t := range r.Info.Tags {
		if !asks.versions || t.Key != modelVersionsKey {
			continue
		}
		for _, v := range readTaggedVersions(t.Value) {
			parts = append(parts, sighted{modelName, v.Name})
		}
	}
	return parts, nil
}
