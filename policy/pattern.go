package policy

import (
	"errors"
	"fmt"
	"strings"
)

// shape is the form of a pattern. The zero value matches nothing.
type shape uint8

const (
	_      shape = iota
	exact        // a whole name
	prefix       // everything below a name: "cv/*", kept as "cv/"
	all          // "*"
)

// A pattern is the part of a resource behind its kind.
type pattern struct {
	shape shape
	text  string // exact: the name; prefix: with its last '/'; all: ""
}

// String writes the pattern as in a policy file.
func (p pattern) String() string {
	switch p.shape {
	case exact:
		return p.text
	case prefix, all:
		return p.text + "*"
	}
	return ""
}

// slashed returns the pattern as it reads for models, where '.' is '/'.
func (p pattern) slashed() pattern {
	return pattern{p.shape, slash(p.text)}
}

// slash is the '/'-form of a model's name. MLflow 3.17 and later take no '/' in
// a model's name, so teams write their prefix with dots there.
func slash(name string) string { return strings.ReplaceAll(name, ".", "/") }

// matches compares byte for byte. "cv/*" does not match "cv".
func (p pattern) matches(name string) bool {
	switch p.shape {
	case exact:
		return name == p.text
	case prefix:
		return strings.HasPrefix(name, p.text)
	case all:
		return true
	}
	return false
}

// covers reports whether p matches every name that q matches.
func (p pattern) covers(q pattern) bool {
	switch q.shape {
	case exact:
		return p.matches(q.text)
	case prefix:
		return p.shape == all || p.shape == prefix && strings.HasPrefix(q.text, p.text)
	case all:
		return p.shape == all
	}
	return true
}

// overlaps reports whether some name matches both. Two prefixes either contain
// one another or share nothing, so covering one way is all there is.
func (p pattern) overlaps(q pattern) bool { return p.covers(q) || q.covers(p) }

// parsePattern reads a pattern and explains what is wrong with others.
func parsePattern(s string) (pattern, error) {
	switch {
	case s == "":
		return pattern{}, errors.New("the resource is empty: write a name, a prefix like cv/*, or *")
	case s == "*":
		return pattern{shape: all}, nil
	}
	if i := strings.IndexAny(s, "\"'`%\\"); i >= 0 {
		return pattern{}, fmt.Errorf("pattern %q holds a %q: quotes, %% and backslashes cannot be written in a pattern; cover the name by the prefix above it", s, s[i:i+1])
	}
	if err := checkText("pattern", s); err != nil {
		return pattern{}, err
	}
	p := pattern{exact, s}
	if base, ok := strings.CutSuffix(s, "/*"); ok && base != "" {
		p = pattern{prefix, base + "/"}
	}
	return p, checkForm(s, p)
}

// checkForm looks at stars and segments.
func checkForm(s string, p pattern) error {
	if s == "/*" {
		return fmt.Errorf("pattern %q has no name before the '/': write * for everything, or a prefix like cv/*", s)
	}
	if strings.Contains(p.text, "*") {
		return starError(s)
	}
	if p.shape == exact && strings.HasSuffix(s, "/") {
		return fmt.Errorf("pattern %q ends in '/': write %s* for what lies below it", s, s)
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(p.text, "/"), "/") {
		if segment == "." || segment == ".." {
			return fmt.Errorf("pattern %q has a %q segment: patterns are names, not paths; leave it out", s, segment)
		}
	}
	return nil
}

// starError tells the remedy for a star that stands where none can.
func starError(s string) error {
	base, rest, _ := strings.Cut(s, "*")
	base = strings.TrimRight(base, "./")
	switch {
	case strings.Trim(rest, "*") != "" || base == "":
		return fmt.Errorf("pattern %q has a '*' that is not at its end: use a whole name, a prefix ending in /*, or *", s)
	case strings.HasSuffix(s, "/**"):
		return fmt.Errorf("pattern %q: one star covers every depth, write %s/*", s, base)
	}
	return fmt.Errorf("pattern %q would also match %sx/…: write %s/* for what lies below %s, and %s by itself for the name", s, base, base, base, base)
}
