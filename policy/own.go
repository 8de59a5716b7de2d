package policy

import "slices"

// Own returns the patterns that the caller may edit or, if there is none, read:
// what a refusal shows ("you hold cv/*"). They are written as in a policy and
// sorted.
func (r *Rights) Own() []string {
	if own := r.own(Edit); len(own) > 0 {
		return own
	}
	return r.own(Read)
}

// own writes what two or three kinds share without a kind.
func (r *Rights) own(a Action) []string {
	experiments, models, datasets := r.patterns(a, Experiment), r.patterns(a, Model), r.patterns(a, Dataset)
	var shared, list []pattern
	var out []string
	for _, p := range experiments.list() {
		// A name like "model:x" cannot be written without its kind.
		res, _, err := parseResource(p.String())
		plain := err == nil && res == resource{kindless, p}
		if plain && datasets.covers(p) && models.covers(p.slashed()) {
			shared = append(shared, p)
			out = append(out, p.String())
		}
	}
	for _, k := range [3]Kind{Experiment, Model, Dataset} {
		list = list[:0]
		for _, p := range shared {
			list = append(list, forKind(p, k))
		}
		known := minimal(list)
		of := r.patterns(a, k)
		rest := of.without(&known)
		for _, p := range rest.list() {
			out = append(out, k.String()+":"+p.String())
		}
	}
	slices.Sort(out)
	return out
}

func (r *Rights) patterns(a Action, k Kind) patternSet {
	s := r.Scope(a, k)
	return patternSet{s.All, s.Prefixes, s.Names}
}
