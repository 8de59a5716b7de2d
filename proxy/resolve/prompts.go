package resolve

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"mlgate/proxy/mlflowapi"
)

// plainAge is how long it counts that a registered model is not a prompt. A model
// does not become one but by being deleted and made anew.
const plainAge = 10 * time.Minute

// errPrompt keeps a lookup from remembering that something is a prompt: whoever
// is refused for that asks again when it is none any more.
var errPrompt = errors.New("it is a prompt")

// Prompt reports whether a registered model is a prompt.
func (r *Resolver) Prompt(ctx context.Context, name string, fresh bool) (bool, error) {
	if fresh {
		r.plain.forget(name)
	}
	_, err := r.plain.get(ctx, name)
	if errors.Is(err, errPrompt) {
		return true, nil
	}
	return false, err
}

// askPlain finds out that a registered model is not a prompt.
func (r *Resolver) askPlain(ctx context.Context, name string) (struct{}, error) {
	var a struct {
		Model struct {
			Tags []struct {
				Key   string `json:"key"`
				Value string `json:"value"`
			} `json:"tags"`
		} `json:"registered_model"`
	}
	if err := r.ask(ctx, "registered-models/get", url.Values{"name": {name}}, &a); err != nil {
		return struct{}{}, err
	}
	for _, t := range a.Model.Tags {
		if t.Key == mlflowapi.PromptTag && strings.EqualFold(t.Value, "true") {
			return struct{}{}, errPrompt
		}
	}
	return struct{}{}, nil
}
