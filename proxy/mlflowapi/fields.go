package mlflowapi

import (
	"fmt"
	"slices"
	"strings"
)

// role says what a field's value names, and so who decides about it.
type role uint8

const (
	plain             role = iota // names nothing
	experimentID                  // decided by the experiment's name
	experimentName                // the name itself
	newExperimentName             // a name that is to come into being
	runID                         // decided by its experiment
	loggedModelID                 // decided by its experiment
	modelName                     // a registered model or prompt
	newModelName                  // a name that is to come into being
	version                       // a model version's number, canonical
	tagKey                        // a tag's key: some are nobody's to set
	refused                       // a field that clients may not send at all
	source                        // a model version's source
	traceID                       // decided by the experiment it lies in now
	evalDatasetID                 // decided by all its experiments; seen by whoever sees one
	labelSchemaID                 // decided by its experiment
	reviewQueueID                 // decided by its experiment
	issueID                       // decided by its experiment
	author                        // a person's name, which mlgate writes
	newTraceID                    // a trace that is to come into being
	traceEntry                    // a key of a trace's tags or metadata, or a map of them
	issueName                     // an assessment's name, which is an issue's id where it refers to one
	assessor                      // who assessed; a person where the source's type says so
	gatewayEndpoint               // the name of an endpoint of the AI gateway
	gatewayCall                   // the same with what is asked of it: NAME:generateContent
	tagsText                      // JSON text: an object of tags
	recordsText                   // JSON text: a list of records, each with tags of its own
	scorerText                    // JSON text: a scorer
)

var roles = map[string]role{
	"experiment": experimentID, "experiment_name": experimentName, "new_experiment": newExperimentName,
	"run": runID, "logged_model": loggedModelID,
	"model": modelName, "new_model": newModelName, "version": version,
	"tag": tagKey, "refused": refused, "source": source,
	"trace": traceID, "eval_dataset": evalDatasetID, "label_schema": labelSchemaID,
	"review_queue": reviewQueueID, "issue": issueID, "author": author,
	"new_trace": newTraceID, "trace_entry": traceEntry, "assessor": assessor, "issue_name": issueName,
	"gateway_endpoint": gatewayEndpoint,
	"tags_text":        tagsText, "records_text": recordsText, "scorer_text": scorerText,
}

var actions = map[string]Action{"read": Read, "edit": Edit, "manage": Manage}

// field is one field of a request message.
type field struct {
	name   string
	alias  string // a second name that MLflow reads as the same
	is     role
	action Action // zero: the endpoint's
	must   bool   // refused when absent or empty
	many   bool   // a list
	link   bool   // MLflow takes ids that do not exist here: we answer 404
	narrow bool   // a list that shrinks to what the caller may see
	any    bool   // a value of any form, read by somebody else
	rest   bool   // every field that has no name here, as it came; see [readRest]
	of     []field
	// narrows: something in of shrinks, in a message of a list.
	narrows bool
}

// parseFields reads the notation of a row's Fields: names apart by blanks;
// `a|b` two names of one thing, `:role` what the value names, `/action` an
// action other than the row's, `~` a list that shrinks to what is visible, `?`
// a link that MLflow does not check, `!` required, `*` a value of any form, `[]`
// a list, `{…}` a message of its own; the marks stand in this order. `*` alone
// lets the fields pass that have no name here: nothing is decided by them.
//
//	run_id|run_uuid:run! metrics[]{key value model_id:logged_model/edit?}
func parseFields(s string) ([]field, error) {
	fs, rest, err := parseMessage(s)
	if err == nil && rest != "" {
		err = fmt.Errorf("unexpected %q", rest)
	}
	return fs, err
}

func parseMessage(s string) (fs []field, rest string, err error) {
	for {
		s = strings.TrimLeft(s, " \n\t")
		if s == "" || s[0] == '}' {
			return fs, s, nil
		}
		var f field
		end := strings.IndexAny(s, " \n\t{}")
		if end < 0 {
			end = len(s)
		}
		if f, err = parseField(s[:end]); err != nil {
			return nil, "", err
		}
		s = s[end:]
		if strings.HasPrefix(s, "{") {
			if f.of, s, err = parseMessage(s[1:]); err != nil {
				return nil, "", err
			}
			if !strings.HasPrefix(s, "}") {
				return nil, "", fmt.Errorf("field %s: no closing brace", f.name)
			}
			s = s[1:]
			f.narrows = slices.ContainsFunc(f.of, func(k field) bool { return k.narrow || k.narrows })
		}
		fs = append(fs, f)
	}
}

func parseField(w string) (f field, err error) {
	if w == "*" {
		return field{name: w, rest: true}, nil
	}
	cut := func(suffix string) bool {
		had := strings.HasSuffix(w, suffix)
		w = strings.TrimSuffix(w, suffix)
		return had
	}
	f.many = cut("[]")
	f.any = cut("*")
	f.must = cut("!")
	f.link = cut("?")
	f.narrow = cut("~")
	w, act, hasAction := strings.Cut(w, "/")
	w, word, hasRole := strings.Cut(w, ":")
	f.name, f.alias, _ = strings.Cut(w, "|")
	if hasRole {
		var ok bool
		if f.is, ok = roles[word]; !ok {
			return f, fmt.Errorf("field %s: unknown role %q", f.name, word)
		}
	}
	if hasAction {
		var ok bool
		if f.action, ok = actions[act]; !ok {
			return f, fmt.Errorf("field %s: unknown action %q", f.name, act)
		}
	}
	return f, nil
}
