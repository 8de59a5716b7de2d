package policy

import (
	"slices"
	"strings"
)

// A patternSet is a set of patterns of one kind, without any that another one
// covers. Both lists are sorted.
type patternSet struct {
	all      bool
	prefixes []string
	names    []string
}

// minimal makes the smallest set that matches the same names.
func minimal(list []pattern) patternSet {
	var s patternSet
	for _, p := range list {
		switch p.shape {
		case all:
			return patternSet{all: true}
		case prefix:
			s.prefixes = append(s.prefixes, p.text)
		case exact:
			s.names = append(s.names, p.text)
		}
	}
	slices.Sort(s.prefixes)
	kept := s.prefixes[:0]
	for _, p := range s.prefixes {
		// What a prefix covers sorts directly behind it.
		if len(kept) == 0 || !strings.HasPrefix(p, kept[len(kept)-1]) {
			kept = append(kept, p)
		}
	}
	s.prefixes = slices.Clip(kept)
	slices.Sort(s.names)
	s.names = slices.Compact(s.names)
	s.names = slices.Clip(slices.DeleteFunc(s.names, func(n string) bool { return coveredBy(s.prefixes, n) }))
	return s
}

// coveredBy reports whether one of the prefixes begins text. They are sorted and
// none begins another, so only the last one that sorts up to text can.
func coveredBy(prefixes []string, text string) bool {
	i, found := slices.BinarySearch(prefixes, text)
	return found || i > 0 && strings.HasPrefix(text, prefixes[i-1])
}

// matches reports whether the set holds the name.
func (s *patternSet) matches(name string) bool {
	if s.all || coveredBy(s.prefixes, name) {
		return true
	}
	_, found := slices.BinarySearch(s.names, name)
	return found
}

// covers reports whether the set matches all that p matches.
func (s *patternSet) covers(p pattern) bool {
	switch p.shape {
	case exact:
		return s.matches(p.text)
	case prefix:
		return s.all || coveredBy(s.prefixes, p.text)
	}
	return s.all
}

// empty reports whether the set matches nothing.
func (s *patternSet) empty() bool {
	return !s.all && len(s.prefixes) == 0 && len(s.names) == 0
}

// list returns the patterns of the set.
func (s *patternSet) list() []pattern {
	var list []pattern
	if s.all {
		list = append(list, pattern{shape: all})
	}
	for _, p := range s.prefixes {
		list = append(list, pattern{prefix, p})
	}
	for _, n := range s.names {
		list = append(list, pattern{exact, n})
	}
	return list
}

// within keeps the patterns of s that lie in t.
func (s *patternSet) within(t *patternSet) []pattern {
	return slices.DeleteFunc(s.list(), func(p pattern) bool { return !t.covers(p) })
}

// without keeps the patterns of s that lie not wholly in t.
func (s *patternSet) without(t *patternSet) patternSet {
	return minimal(slices.DeleteFunc(s.list(), t.covers))
}

// intersect matches what both match: of two patterns that overlap, one covers
// the other, so the smaller one of each such pair is all that is shared.
func (s *patternSet) intersect(t *patternSet) patternSet {
	return minimal(append(s.within(t), t.within(s)...))
}
