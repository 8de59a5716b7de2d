package mlflowapi

import (
	"slices"
)

// A trace carries tags and metadata, and its assessments carry metadata: maps in
// version 3 of MLflow's API, lists of key and value in version 2. Some keys name
// other things, which MLflow takes as they come; others say who acted.

// entryLinks are the keys whose values are ids. To say that a trace comes of a
// run is to change what the run's page shows, so it needs edit.
var entryLinks = map[string]field{
	"mlflow.sourceRun":                {name: "mlflow.sourceRun", is: runID, action: Edit, link: true},
	"mlflow.modelId":                  {name: "mlflow.modelId", is: loggedModelID, action: Read, link: true},
	"mlflow.assessment.sourceRunId":   {name: "mlflow.assessment.sourceRunId", is: runID, action: Read, link: true},
	"mlflow.assessment.scorerTraceId": {name: "mlflow.assessment.scorerTraceId", is: traceID, action: Read, link: true},
}

const linkedPromptsKey = "mlflow.linkedPrompts"

// signedEntries are the keys, in lower case, that say who made a trace. The
// member mlflow.trace.user is not among them: it names whom the traced program
// served.
var signedEntries = []string{userTag, "mlflow.auth.username", "mlflow.auth.userid"}

// clearable is the one of [placeTags] that may be deleted, which tells MLflow to
// try once more to move a trace into its archive.
const clearable = "mlflow.trace.archivalFailure"

// traceEntries reads the field f of o: a map, or the key beside a value.
func (c *Call) traceEntries(o *object, f *field, v *value) error {
	if !f.any {
		key := o.text(f.name)
		if key == clearable && c.Method == "DELETE" {
			return nil
		}
		return c.traceEntry(key, o, "value")
	}
	if v.kind != '{' {
		return Bad("Invalid value for parameter '%s': it must be an object", f.name)
	}
	for _, key := range slices.Clone(v.obj.names) {
		if item := v.obj.get(key); item == nil || item.kind != '"' {
			return Bad("Invalid value for parameter '%s': every member must be a string", f.name)
		}
		if err := c.traceEntry(key, v.obj, key); err != nil {
			return err
		}
	}
	return nil
}

// traceEntry reads one entry, whose value stands in the member of an object.
func (c *Call) traceEntry(key string, in *object, member string) error {
	if isPlaceTag(key) && (c.Endpoint.Creates || c.Endpoint.Special == EndTrace) {
		c.places = append(c.places, authored{in, member, key}) // clients send it back as they got it
		return nil
	}
	if isPlaceTag(key) {
		c.Refused = &Refusal{Answer: Forbidden("the tag %q says where MLflow reads a trace from, and may not be set through mlgate", cut(key)), Rule: "rule: trace location"}
		return nil
	}
	if err := reservedTag(key, true); err != nil {
		return err
	}
	if slices.ContainsFunc(signedEntries, func(name string) bool { return standsFor(key, name, false) }) {
		c.authors = append(c.authors, authored{in, member, key})
		return nil
	}
	v := in.get(member)
	if v == nil {
		return nil
	}
	if link, ok := entryLinks[key]; ok && v.str != "" {
		return c.target(&link, v)
	}
	if key == linkedPromptsKey {
		return c.promptNames(v)
	}
	return nil
}

// promptNames reads a list of prompts, which are decided about by their names.
func (c *Call) promptNames(v *value) error {
	vs := parseTaggedVersions(v.str)
	if vs == nil && v.str != "[]" {
		return Bad("the tag %s must be a JSON list of prompts", linkedPromptsKey)
	}
	for _, p := range vs {
		if p.Name == "" {
			return Bad("the tag %s must name each prompt", linkedPromptsKey)
		}
		c.add(&field{name: linkedPromptsKey, is: modelName, action: Read}, p.Name, nil, "")
	}
	return nil
}

// authored is an entry that says who made a trace.
type authored struct {
	in     *object
	member string
	key    string
}

// listed reports whether the entry is a key and a value in a list.
func (a authored) listed() bool {
	return a.in.get("key") != nil && a.member == "value" && a.key != "value"
}

// signTrace writes the identity where a trace says who made it, and refuses to
// change that later. What ends a trace repeats what began it: there the entry
// stays what it was.
func (w *World) signTrace(c *Call) (refused *Refusal) {
	for _, a := range c.authors {
		switch {
		case w.User == "":
		case c.Endpoint.Creates && a.in.get(a.member) != nil: // else it stays what it is
			a.in.set(a.member, newString(w.User))
		case c.Endpoint.Creates:
		case c.Endpoint.Special == EndTrace:
			c.leaveOut(a)
		default:
			refused = &Refusal{Answer: Forbidden("%q says who created something; mlgate wrote it and nobody changes it", cut(a.key)), Rule: "rule: " + userTag}
		}
	}
	for _, p := range c.places {
		c.leaveOut(p)
	}
	return refused
}

// leaveOut takes an entry out of its map or its list.
func (c *Call) leaveOut(a authored) {
	if !a.listed() {
		a.in.drop(a.member)
		return
	}
	for _, list := range []string{"tags", "request_metadata"} {
		if v := c.args.get(list); v != nil {
			v.list = slices.DeleteFunc(v.list, func(item *value) bool { return item.obj == a.in })
		}
	}
}

// assessor notes a source whose id is a person's name: all but those that say
// that a program assessed.
func (c *Call) assessor(source *object, name string) {
	switch by, _ := source.spelling("source_type"); by {
	case "LLM_JUDGE", "2", "CODE", "3":
	default:
		c.signed = append(c.signed, signature{source, name})
	}
}
