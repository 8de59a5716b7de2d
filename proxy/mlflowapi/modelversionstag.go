package mlflowapi

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A logged model's tag mlflow.modelVersions lists the registered versions made
// from it, by name. Its readers need not be readers of those models, so it is
// trimmed wherever it shows; and since clients read it, add to it and write it
// back, a write keeps the entries that the writer cannot see.
const modelVersionsKey = "mlflow.modelVersions"

type taggedVersion struct {
	Name    string         `json:"name"`
	Version jsontext.Value `json:"version,omitzero"`
	Rest    jsontext.Value `json:",embed"`
}

func parseTaggedVersions(s string) []taggedVersion {
	var vs []taggedVersion
	if json.Unmarshal([]byte(s), &vs) != nil {
		return nil
	}
	return vs
}

// taggedVersions reads a tag object {key, value}; nil when it is another tag.
// A value that cannot be read counts as one version of a model without a
// name, which nobody may see who may not see everything.
func taggedVersions(tag *span, body []byte) []taggedVersion {
	if tag.text(body, "key") != modelVersionsKey {
		return nil
	}
	return readTaggedVersions(tag.text(body, "value"))
}

func readTaggedVersions(s string) []taggedVersion {
	if vs := parseTaggedVersions(s); vs != nil {
		return vs
	}
	return []taggedVersion{{}}
}

// retag writes the tag's value without the entries that are not visible; gone:
// none is left, and MLflow makes the tag with the first.
func retag(tag *span, body []byte, see sight) (value string, gone bool) {
	vs := taggedVersions(tag, body)
	var raws []jsontext.Value
	if len(vs) == 0 || json.Unmarshal([]byte(tag.text(body, "value")), &raws) != nil || len(raws) != len(vs) {
		raws = make([]jsontext.Value, len(vs))
	}
	kept := make([]string, 0, len(vs))
	for i, v := range vs {
		if see[sighted{modelName, v.Name}] {
			kept = append(kept, string(raws[i]))
		}
	}
	if len(kept) == len(vs) {
		return "", false
	}
	return ascii("[" + strings.Join(kept, ", ") + "]"), len(kept) == 0
}

// ascii quotes a text as MLflow does.
func ascii(s string) string {
	quoted, _ := jsontext.AppendQuote(nil, s)
	var out []byte
	for _, r := range string(quoted) {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return string(out)
}

// keepVersions puts into a client's write of the tag the entries that it
// cannot see, and leaves out those that it may not name.
func (w *World) keepVersions(ctx context.Context, c *Call) error {
	tags := c.args.get("tags")
	if tags == nil {
		return nil
	}
	for _, tag := range tags.list {
		if tag.obj.text("key") != modelVersionsKey {
			continue
		}
		sent := parseTaggedVersions(tag.obj.text("value"))
		if sent == nil {
			return Bad("the tag %s must hold a JSON list of {name, version}", modelVersionsKey)
		}
		for _, v := range sent {
			if !w.Rights.Allows(Read, Model, v.Name) {
				return &Refusal{Answer: Forbidden("the tag %s may name only models that you may read", modelVersionsKey), Rule: "rule: " + modelVersionsKey}
			}
		}
		hidden, err := w.hiddenVersions(ctx, c.Params["model_id"])
		if err != nil {
			return err
		}
		list, _ := json.Marshal(append(hidden, sent...))
		tag.obj.set("value", newString(string(list)))
	}
	return nil
}

// hiddenVersions are the tag's entries that the caller cannot see.
func (w *World) hiddenVersions(ctx context.Context, id string) ([]taggedVersion, error) {
	a, err := w.Upstream.Do(ctx, &Request{Method: "GET", Path: "/api/2.0/mlflow/logged-models/" + id})
	if err != nil || a.Status != 200 {
		return nil, err
	}
	var m struct {
		Model struct {
			Info struct {
				Tags []struct {
					Key   string `json:"key"`
					Value string `json:"value"`
				} `json:"tags"`
			} `json:"info"`
		} `json:"model"`
	}
	if err := json.Unmarshal(a.Body, &m); err != nil {
		return nil, err
	}
	var hidden []taggedVersion
	for _, t := range m.Model.Info.Tags {
		if t.Key == modelVersionsKey {
			for _, v := range parseTaggedVersions(t.Value) {
				if !w.Rights.Allows(Read, Model, v.Name) {
					hidden = append(hidden, v)
				}
			}
		}
	}
	return hidden, nil
}
