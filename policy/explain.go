package policy

import (
	"fmt"
	"strings"
)

// An Explanation is a Decision with everything that led to it.
type Explanation struct {
	Decision

	Caller Caller
	Action Action
	Kind   Kind
	Name   string // "": the server as a whole
	File   string

	// Chain leads from the caller to the subject of the deciding line:
	// "user:alice", "role:vision-lead", "role:vision". Empty if no line decided.
	Chain []string
	// Roles are all that the caller holds, without "role:".
	Roles []string
	// Lines are all that speak of this question to this caller, in their order.
	Lines []Line
	// Others are the lines that would allow it, but speak to somebody else:
	// where to look, or whom to ask. At most ten.
	Others []Line
}

// A Line is one p line that speaks of a question.
type Line struct {
	Number   int
	Text     string
	Allow    bool
	Subject  string
	Action   Action
	Resource string
	Chain    []string // from the caller to Subject; empty for Others
}

// maxOthers bounds the list of other people's lines.
const maxOthers = 10

// Explain decides like Rights.Decide and says why.
func (p *Policy) Explain(c Caller, a Action, k Kind, name string) Explanation {
	rights := p.Rights(c)
	e := Explanation{
		Decision: rights.Decide(a, k, name),
		Caller:   c, Action: a, Kind: k, Name: name, File: p.file,
		Roles: rights.Roles(),
	}
	if !asked(a, k, name) {
		return e
	}
	_, from := p.roles.held(p.start(c))
	thing := forKind(pattern{exact, name}, k).text
	for i := range p.rules {
		r := &p.rules[i]
		if !r.speaks.has(a) || !r.kinds.has(k) || !forKind(r.pattern, k).matches(thing) {
			continue
		}
		line := lineOf(r)
		if _, ok := from[r.id]; ok {
			line.Chain = p.roles.chainTo(r.id, from)
			e.Lines = append(e.Lines, line)
		} else if line.Allow && len(e.Others) < maxOthers {
			e.Others = append(e.Others, line)
		}
		if r.line == e.Line {
			e.Chain = line.Chain
		}
	}
	return e
}

// chainTo follows from back to the caller's own subject.
func (g *graph) chainTo(id subjectID, from map[subjectID]subjectID) []string {
	var ids []subjectID
	for {
		ids = append(ids, id)
		if from[id] == id {
			break
		}
		id = from[id]
	}
	for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
	return g.named(ids)
}

// ExplainResource explains a resource as it is typed, "[kind:]name": once for
// each kind that it stands for. The call is permitted if all of them are.
func (p *Policy) ExplainResource(c Caller, a Action, resource string) ([]Explanation, error) {
	list, name, err := ParseResource(a, resource)
	if err != nil {
		return nil, err
	}
	var out []Explanation
	for _, k := range list {
		out = append(out, p.Explain(c, a, k, name))
	}
	return out, nil
}

// Who names the caller.
func (c Caller) Who() string {
	if c.Anonymous || c.User == "" {
		return "a caller who is not signed in"
	}
	who := userType + c.User
	if len(c.Groups) > 0 {
		who += " (" + groupType + strings.Join(c.Groups, ", "+groupType) + ")"
	}
	return who
}

// String writes the explanation for a terminal: the verdict first.
func (e Explanation) String() string {
	var b strings.Builder
	verdict, may := "allow", "may"
	if !e.Allow {
		verdict, may = "deny", "may not"
	}
	thing := "the server as a whole"
	if e.Name != "" {
		thing = e.Kind.String() + ":" + e.Name
	}
	fmt.Fprintf(&b, "%s: %s %s %s %s\n", verdict, e.Caller.Who(), may, e.Action, thing)
	fmt.Fprintf(&b, "  because  %s\n", e.because())
	if len(e.Chain) > 0 {
		fmt.Fprintf(&b, "  through  %s\n", strings.Join(e.Chain, " -> "))
	}
	for _, l := range e.Lines {
		if l.Number != e.Line {
			fmt.Fprintf(&b, "  also     %s:%d: %s   (%s)\n", e.File, l.Number, l.Text, strings.Join(l.Chain, " -> "))
		}
	}
	if len(e.Lines) == 0 {
		for _, l := range e.Others {
			fmt.Fprintf(&b, "  others   %s:%d: %s\n", e.File, l.Number, l.Text)
		}
	}
	return b.String()
}

func (e Explanation) because() string {
	switch {
	case e.Line != 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Rule)
	case e.Rule != "":
		return e.Rule
	}
	return "no line speaks of it, and what is not allowed is denied"
}
