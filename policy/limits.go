package policy

import (
	"fmt"
	"strings"
)

// limits are what a token takes away from its owner's rights.
type limits struct {
	readOnly bool
	only     []resource // nil: no limit
	limited  bool       // only counts, even if it is empty
	text     string     // what a refusal says
}

func newLimits(c Caller) limits {
	l := limits{readOnly: c.ReadOnly, limited: len(c.Prefixes) > 0}
	for _, s := range c.Prefixes {
		// What cannot be read takes away: the limit stays, and covers nothing.
		if res, _, err := parseResource(s); err == nil {
			l.only = append(l.only, res)
		}
	}
	var words []string
	if l.readOnly {
		words = append(words, "read only")
	}
	if l.limited {
		words = append(words, "only "+strings.Join(c.Prefixes, ", "))
	}
	if len(words) > 0 {
		l.text = "token limit: " + strings.Join(words, "; ")
	}
	return l
}

// permit says whether the limits leave a right in force. name is in '/'-form for
// models.
func (l *limits) permit(a Action, k Kind, name []byte) bool {
	switch {
	case !l.readOnly && !l.limited:
		return true
	case a == Admin, l.readOnly && a != Read:
		return false
	case !l.limited:
		return true
	}
	for i := range l.only {
		if l.only[i].kinds.has(k) && l.only[i].within(k, name) {
			return true
		}
	}
	return false
}

// within is pattern.matches without making a string of name, and for models in
// '/'-form.
func (r *resource) within(k Kind, name []byte) bool {
	text := r.pattern.text
	switch r.pattern.shape {
	case all:
		return true
	case exact:
		if len(name) != len(text) {
			return false
		}
	case prefix:
		if len(name) < len(text) {
			return false
		}
	default:
		return false
	}
	for i := range len(text) {
		c := text[i]
		if k == Model && c == '.' {
			c = '/'
		}
		if name[i] != c {
			return false
		}
	}
	return true
}

// patterns returns the limits for one kind, in '/'-form for models.
func (l *limits) patterns(k Kind) []pattern {
	var list []pattern
	for _, res := range l.only {
		if res.kinds.has(k) {
			list = append(list, forKind(res.pattern, k))
		}
	}
	return list
}

// forKind is the pattern as it is compared with names of kind k.
func forKind(p pattern, k Kind) pattern {
	if k == Model {
		return p.slashed()
	}
	return p
}

// ValidatePrefix says whether a pattern may limit an API token. They are written
// like the resources of a policy.
func ValidatePrefix(s string) error {
	if _, _, err := parseResource(s); err != nil {
		return fmt.Errorf("token limit: %w", err)
	}
	return nil
}
