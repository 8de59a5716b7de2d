package mlflowapi

import (
	"context"
	"errors"
	"strings"
)

// PromptTag makes MLflow take a registered model, or a version, for a prompt,
// which other rules hold for: it checks no source of a version, and of a model
// with one such version it hides all from the search. So a model and all its
// versions bear it or none does, and what is made without it stays so.
const PromptTag = "mlflow.prompt.is_prompt"

// markOf decides about a tag that may be the mark of prompts. It is taken when
// something is made, and with the one value that all parts of MLflow and its
// client read as the same.
func markOf(c *Call, tag *object) error {
	switch key := tag.text("key"); {
	case c.Endpoint.Kind != Model || !tagNamed(key, PromptTag):
	case !c.Endpoint.Creates:
		return &Refusal{Answer: Forbidden("the tag %q may not be set or deleted later: what is a model stays one, and a prompt stays a prompt", PromptTag), Rule: "rule: " + PromptTag}
	case key == PromptTag && tag.text("value") != "true":
		return Bad("the tag %q is taken only with the value \"true\"; leave it out where no prompt is meant", PromptTag)
	}
	return nil
}

// AdmitKind refuses a version with the mark in a model that is not a prompt, and
// one without it in a prompt. Of a version without it MLflow is not asked every
// time: see [Names].
func (w *World) AdmitKind(ctx context.Context, c *Call) error {
	name, marked := c.args.text("name"), isPrompt(c.args)
	is, err := w.Names.Prompt(ctx, name, marked)
	switch {
	case errors.Is(err, ErrNotFound): // MLflow says so
		return nil
	case err != nil:
		return err
	case marked && !is:
		return Bad("the registered model %q is not a prompt, so none of its versions can be one: choose another name for the prompt", cut(name))
	case is && !marked:
		return Bad("%q is a prompt, so all its versions are: choose another name for the model", cut(name))
	}
	return nil
}

// A prompt has no files; MLflow's client and store put these words instead.
var promptSources = []string{"dummy-source", "prompt-template"}

// isPrompt reads the request as MLflow does: the last of equal tags counts.
func isPrompt(args *object) bool {
	is := false
	tags := args.get("tags")
	if tags == nil {
		return false
	}
	for _, t := range tags.list {
		if t.obj.text("key") == PromptTag {
			is = strings.EqualFold(t.obj.text("value"), "true")
		}
	}
	return is
}
