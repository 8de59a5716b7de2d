package mlflowapi

import (
	"bytes"
	"maps"
	"slices"
)

// Hide puts an id that no server holds in the place of a target's, wherever
// it stands in the request: MLflow itself then says what it says of things
// that do not exist, in its own words and its own order of checks.
func (c *Call) Hide(t *Target) {
	fake := t.is.nonexistent()
	if c.hidden == nil {
		c.hidden = map[string]string{}
	}
	c.hidden[fake] = t.ID
	if t.slot != nil {
		t.slot.str = fake
		for _, v := range t.also {
			v.str = fake
		}
	}
	if t.path != "" {
		c.Params = maps.Clone(c.Params)
		c.Params[t.path] = fake
		if v := c.args.get(t.path); v != nil {
			v.str = fake
		}
	}
}

// Hiding reports whether an id of the request was replaced.
func (c *Call) Hiding() bool { return len(c.hidden) > 0 }

// Reveal puts the client's own ids back into MLflow's answer.
func (c *Call) Reveal(body []byte) []byte {
	for _, ids := range [...]map[string]string{c.hidden, c.absent} {
		for fake, id := range ids {
			body = replaceWhole(body, []byte(fake), []byte(id))
		}
	}
	return body
}

// replaceWhole replaces a word, but not among other digits: a time may hold those
// of an id.
func replaceWhole(body, word, with []byte) []byte {
	for from := 0; ; {
		at := bytes.Index(body[from:], word)
		if at < 0 {
			return body
		}
		at += from
		end := at + len(word)
		if from = end; at > 0 && isDigit(body[at-1]) || end < len(body) && isDigit(body[end]) {
			continue
		}
		body = slices.Concat(body[:at], with, body[end:])
		from = at + len(with)
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Missing words a 404 for a link: MLflow would have taken the id as it is.
func (t *Target) Missing() *Error {
	switch t.is {
	case runID:
		return NotFound("Run with id=%s not found", t.ID)
	case loggedModelID:
		return NotFound("Logged model with ID '%s' not found.", t.ID)
	case traceID:
		return NotFound("Trace with ID '%s' not found.", t.ID)
	case evalDatasetID, labelSchemaID, reviewQueueID, issueID:
		return NotFound("%s with ID '%s' not found", roleName(t.is), t.ID)
	default:
		return NotFound("No Experiment with id=%s exists", t.ID)
	}
}
