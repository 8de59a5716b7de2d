package policy

// Experiments tell "cv.x" from "cv/x", models do not. Two subjects with one each
// of these would be apart in the one kind and get into each other's things in
// the other, and neither line shows it. Such a pair is refused.

// A dotted is a pattern that covers models, in the spelling of the file, with
// its first rule, and its first rule of another subject if there is one.
type dotted struct {
	first, other *rule
}

// pair finds a rule in each with different subjects.
func (d *dotted) pair(e *dotted) (a, b *rule) {
	for _, a := range [2]*rule{d.first, d.other} {
		for _, b := range [2]*rule{e.first, e.other} {
			if a != nil && b != nil && a.id != b.id {
				return a, b
			}
		}
	}
	return nil, nil
}

// checkOverlaps reports pairs of patterns of different subjects that overlap for
// models only because '.' reads '/' there.
func checkOverlaps(rules []rule, rep *report) {
	byForm := make(map[pattern][]*dotted) // by '/'-form
	byText := make(map[pattern]*dotted)
	var order []*dotted
	for i := range rules {
		r := &rules[i]
		if !r.kinds.has(Model) || r.pattern.shape == all {
			continue
		}
		d := byText[r.pattern]
		if d == nil {
			d = &dotted{first: r}
			byText[r.pattern] = d
			form := r.pattern.slashed()
			byForm[form] = append(byForm[form], d)
			order = append(order, d)
		} else if d.other == nil && r.id != d.first.id {
			d.other = r
		}
	}
	for _, d := range order {
		for _, above := range upward(d.first.pattern.slashed()) {
			for _, e := range byForm[above] {
				d.compare(e, rep)
			}
		}
	}
}

// upward lists the patterns that cover p: itself, and each prefix above it.
func upward(p pattern) []pattern {
	list := []pattern{p}
	for i := range len(p.text) {
		if p.text[i] == '/' && (p.shape == exact || i < len(p.text)-1) {
			list = append(list, pattern{prefix, p.text[:i+1]})
		}
	}
	return list
}

// compare reports d and e, if apart as they are written. Of two patterns with
// the same '/'-form each finds the other: the later line reports.
func (d *dotted) compare(e *dotted, rep *report) {
	if d.first.pattern.overlaps(e.first.pattern) {
		return
	}
	same := d.first.pattern.slashed() == e.first.pattern.slashed()
	if same && d.first.line < e.first.line {
		return
	}
	a, b := d.pair(e)
	if a == nil {
		return
	}
	if a.line < b.line {
		a, b = b, a
	}
	rep.fault(a.line, "%s and %s overlap for models only, where '.' reads '/': write the pattern for models with '/' (model:%s) and that for experiments with experiment:, so that both lines show what they share",
		a.describe(), b.describe(), a.pattern.slashed())
}
