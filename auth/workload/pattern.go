package workload

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a text in which a * stands for a whole segment between separators,
// or, at the end, for all that follows.
//
// A * that followed a letter would be a trap: repo:acme* also covers
// repo:acme-evil/x, which anybody can register.
type pattern struct {
	segments []string // each but the last ends in its separator
	open     bool     // the last segment is *: it takes all that follows
}

// separators end segments, in the subjects of all common issuers:
// repo:acme/vision:ref:refs/heads/main, system:serviceaccount:team:trainer.
const separators = ":/"

// parsePattern reads a pattern whose first * has at least fixed whole segments
// before it.
func parsePattern(text string, fixed int) (pattern, error) {
	switch {
	case text == "":
		return pattern{}, errors.New("empty")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return pattern{}, errors.New("holds a control character, or is not UTF-8")
	}
	p := pattern{segments: split(text)}
	spelt := 0
	for _, s := range p.segments {
		switch bare := strings.TrimRight(s, separators); {
		case bare == "": // :: and // say nothing
		case !strings.Contains(bare, "*"):
			spelt++
		case bare != "*":
			return pattern{}, fmt.Errorf("the * in %q is not a whole segment: it must stand alone between : or /, like repo:acme/*", s)
		case spelt < fixed:
			return pattern{}, fmt.Errorf("the * covers too much: spell out at least %d segments before it", fixed)
		}
	}
	p.open = p.segments[len(p.segments)-1] == "*"
	return p, nil
}

// split cuts behind each separator.
func split(text string) []string {
	var list []string
	for {
		i := strings.IndexAny(text, separators)
		if i < 0 {
			return append(list, text)
		}
		list = append(list, text[:i+1])
		text = text[i+1:]
	}
}

// match compares byte for byte. A * takes at least one character.
func (p pattern) match(text string) bool {
	for i, want := range p.segments {
		last := i == len(p.segments)-1
		if last && p.open {
			return text != ""
		}
		got := text
		if end := strings.IndexAny(text, separators); end >= 0 {
			got = text[:end+1]
		}
		if !fits(want, got) {
			return false
		}
		text = text[len(got):]
	}
	return text == ""
}

// fits compares one segment, separator included.
func fits(want, got string) bool {
	if rest, any := strings.CutPrefix(want, "*"); any {
		return len(got) > len(rest) && strings.HasSuffix(got, rest) &&
			!strings.ContainsAny(got[:len(got)-len(rest)], separators)
	}
	return want == got
}

// covers reports whether p matches all that q matches.
func (p pattern) covers(q pattern) bool {
	for i, s := range p.segments {
		if i == len(p.segments)-1 && p.open {
			return len(q.segments) > i && q.segments[i] != "" || len(q.segments) > i+1
		}
		if i >= len(q.segments) || (i == len(q.segments)-1 && q.open) {
			return false
		}
		if s != q.segments[i] && !(strings.HasPrefix(s, "*") && fits(s, q.segments[i])) {
			return false
		}
	}
	return len(p.segments) == len(q.segments)
}
