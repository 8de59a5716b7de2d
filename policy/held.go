package policy

// Held returns the p lines that speak to a caller, in their order, each with the
// chain of roles that leads to it. The limits of a token are not in it.
func (p *Policy) Held(c Caller) []Line {
	_, from := p.roles.held(p.start(c))
	var list []Line
	for i := range p.rules {
		r := &p.rules[i]
		if _, ok := from[r.id]; ok {
			line := lineOf(r)
			line.Chain = p.roles.chainTo(r.id, from)
			list = append(list, line)
		}
	}
	return list
}

// lineOf is a rule as it is told to people.
func lineOf(r *rule) Line {
	return Line{
		Number: r.line, Text: r.text, Allow: !r.deny, Subject: r.subject,
		Action: r.action, Resource: r.object(),
	}
}
