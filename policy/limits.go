package policy

import (
	"errors"
	"fmt"
	"strings"
)

// limits are what a token takes away from its owner's rights.
type limits struct {
	actions actionSet  // counts if some are limited to
	only    []resource // counts if some are limited to
	byDoing bool       // limited to actions, even if none of them can be read
	byName  bool       // limited to names, even if none of them can be read
	text    string     // what a refusal says
}

func newLimits(c Caller) limits {
	l := limits{byDoing: len(c.Actions) > 0, byName: len(c.Prefixes) > 0}
	for _, s := range c.Actions {
		// What cannot be read takes away: the limit stays, and permits nothing.
		if a, err := ParseAction(s); err == nil {
			l.actions |= granted(a)
		}
	}
	for _, s := range c.Prefixes {
		if res, _, err := parseResource(s); err == nil {
			l.only = append(l.only, res)
		}
	}
	var words []string
	switch {
	case len(c.Actions) == 1:
		words = append(words, c.Actions[0]+" only")
	case l.byDoing:
		words = append(words, strings.Join(c.Actions, " and ")+" only")
	}
	if l.byName {
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
	case !l.byDoing && !l.byName:
		return true
	case a == Admin, l.byDoing && !l.actions.has(a):
		return false
	case !l.byName:
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

// LimitingActions are the words of the actions that [ValidateAction] takes.
func LimitingActions() []string {
	var list []string
	for _, a := range actions() {
		if ValidateAction(a.String()) == nil {
			list = append(list, a.String())
		}
	}
	return list
}

// ValidateAction says whether an action may limit an API token: all but admin,
// which would limit nothing.
func ValidateAction(s string) error {
	a, err := ParseAction(s)
	if err == nil && a == Admin {
		err = errors.New("admin is everything: leave the limit out")
	}
	return err
}

// ValidatePrefix says whether a pattern may limit an API token. They are written
// like the resources of a policy.
func ValidatePrefix(s string) error {
	if _, _, err := parseResource(s); err != nil {
		return fmt.Errorf("token limit: %w", err)
	}
	return nil
}
