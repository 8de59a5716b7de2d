package mlflowapi

import (
	"bytes"
	"maps"
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
			body = bytes.ReplaceAll(body, []byte(fake), []byte(id))
		}
	}
	return body
}

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
