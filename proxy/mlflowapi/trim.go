package mlflowapi

import (
	"context"
	"fmt"
	"strings"
)

// Trim is one place in an answer that may hold what the caller cannot see.
type Trim struct {
	At   string // path of an object, or of texts in a list: "runs[].inputs.model_inputs[]"; "": the answer itself
	By   string // the member that names something: "model_id", or deeper: "info.experiment_id"; "": the text at At itself
	Is   string // what it names, in the words of [Endpoint].Fields
	Drop string // the members that go when it is not visible
	// Blank are members that then read "", as MLflow fills them when there is
	// nothing to name. Without Drop and Blank the whole object goes, which
	// stands in a list.
	Blank string
	Shown bool   // MLflow shows the list at At also when it is empty
	When  string // "member=text": only objects of which this holds
}

// trimNode is a place in the answers of one endpoint.
type trimNode struct {
	kids  map[string]*trimNode // members; "[]" for the items of a list
	rules []trimRule
	strip []string // members that mlgate asked for itself
	// always: the answer is written anew even where all it names is visible.
	always bool
	// stays: MLflow shows the list when it is empty, too.
	stays bool
	// isMap: an object of any members, which MLflow leaves out when it is empty.
	isMap bool
}

type trimRule struct {
	by   []string
	is   role
	drop []string
	must bool      // what does not tell what it names is not visible
	when [2]string // only objects whose member holds the text; "": all
	// blank are members that read so when what is named is not visible.
	blank map[string]string
}

// modelVersionsTag is the one trim that looks into a tag's value.
const modelVersionsTag role = 200

// linkedPrompts is a text that lists prompts; those that are not visible go.
const linkedPrompts role = 201

// datasetName is a name that may be sealed, and is shown as it was logged.
const datasetName role = 202

// trimRoles are the words that stand in a [Trim] alone.
var trimRoles = map[string]role{"model_versions_tag": modelVersionsTag, "linked_prompts": linkedPrompts, "dataset_name": datasetName}

func compileTrims(trims []Trim) (*trimNode, error) {
	if len(trims) == 0 {
		return nil, nil
	}
	root := &trimNode{stays: true}
	for _, t := range trims {
		is, ok := trimRoles[t.Is]
		if !ok {
			is, ok = roles[t.Is]
		}
		if !ok {
			return nil, fmt.Errorf("trim at %q: unknown role %q", t.At, t.Is)
		}
		n := root.at(t.At)
		by := splitPath(t.By)
		n.isMap = n.isMap || strings.HasPrefix(t.By, "'")
		if t.Shown {
			root.at(strings.TrimSuffix(t.At, "[]")).stays = true
		}
		n.down(by[:max(0, len(by)-1)])
		rule := trimRule{by: by, is: is, drop: strings.Fields(t.Drop), when: condition(t.When)}
		for _, name := range strings.Fields(t.Blank) {
			rule.blank = merged(rule.blank, map[string]string{name: `""`})
		}
		n.rules = append(n.rules, rule)
	}
	return root, nil
}

func (n *trimNode) at(path string) *trimNode { return n.down(splitPath(path)) }

// down goes to a place below, and makes it where it is not yet.
func (n *trimNode) down(path []string) *trimNode {
	for _, step := range path {
		name, isList := strings.CutSuffix(step, "[]")
		for _, key := range [...]string{name, "[]"} {
			if key == "" || (key == "[]" && !isList) {
				continue
			}
			if n.kids == nil {
				n.kids = map[string]*trimNode{}
			}
			if n.kids[key] == nil {
				n.kids[key] = &trimNode{}
			}
			n = n.kids[key]
		}
	}
	return n
}

func condition(s string) (when [2]string) {
	when[0], when[1], _ = strings.Cut(s, "=")
	return when
}

// TrimAnswer takes out of an answer what the caller may not see. An answer
// that holds nothing of the kind is returned as it came.
func (w *World) TrimAnswer(ctx context.Context, e *Endpoint, body []byte) ([]byte, error) {
	if e.trims == nil {
		return body, nil
	}
	return w.trim(ctx, e.trims, body)
}

func (w *World) trim(ctx context.Context, rules *trimNode, body []byte) ([]byte, error) {
	doc, err := parseSpans(body, rules)
	if err != nil {
		return nil, fmt.Errorf("read upstream's answer: %w", err)
	}
	s := sight{}
	doc.collect(body, s)
	if len(s) == 0 && !rules.always {
		return body, nil
	}
	if err := w.look(ctx, s); err != nil {
		return nil, err
	}
	clean := !rules.always
	for _, ok := range s {
		clean = clean && ok
	}
	if clean {
		return body, nil
	}
	out, _ := doc.write(nil, body, s)
	return out, nil
}

// splitPath takes a path apart at its dots; a member's name that holds dots
// stands between quotes: info.'mlflow.sourceRun'.
func splitPath(s string) (steps []string) {
	for s != "" {
		if rest, quoted := strings.CutPrefix(s, "'"); quoted {
			name, after, _ := strings.Cut(rest, "'")
			steps, s = append(steps, name), strings.TrimPrefix(after, ".")
			continue
		}
		name, after, _ := strings.Cut(s, ".")
		steps, s = append(steps, name), after
	}
	return steps
}
