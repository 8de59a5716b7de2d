package workload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"mlgate/auth"
)

// Rule makes one user of the subjects of an issuer. Rules are asked in their
// order and the first that takes a token decides alone: nothing is gathered from
// several, so that what a token gives is written in one place.
type Rule struct {
	// Issuer is whom the token must be from, compared exactly.
	Issuer string
	// Audience must be among the token's audiences, compared exactly. It is what
	// keeps a token that a job made for another service from opening this one.
	Audience string
	// Subject is the pattern that the token's subject must match.
	Subject string
	// Claims must all match as well.
	Claims []Claim
	// User is who the caller is then.
	User string
	// Groups are the caller's groups.
	Groups []string
}

// Claim is a claim that a token must have. Text, true, false and whole numbers
// are compared as they are written; lists and objects match nothing.
type Claim struct {
	// Name of the claim, at the top of the token.
	Name string
	// Value is a pattern for its value.
	Value string
}

// RuleError is what is wrong with one rule.
type RuleError struct {
	// Index of the rule in its list.
	Index int
	// Key of the rule's field, and its value.
	Key, Value string
	// Fault says what is wrong, and Remedy what to do.
	Fault, Remedy string
}

// Error implements error.
func (e *RuleError) Error() string {
	return fmt.Sprintf("rule %d: %s: %q: %s; %s", e.Index, e.Key, e.Value, e.Fault, e.Remedy)
}

// A pattern's first segment only names a kind: repo:* would be everyone at
// GitHub, so a subject needs two. The issuer itself chose the claim's name.
const (
	fixedInSubject = 2
	fixedInClaim   = 1
)

// rule is a Rule that was checked.
type rule struct {
	Rule
	index   int
	subject pattern
	claims  []pattern // beside Rule.Claims
}

// compileRules checks all rules; the error joins one *RuleError a fault.
func compileRules(list []Rule) ([]rule, error) {
	var rules []rule
	var errs []error
	for i, r := range list {
		c, faults := compileRule(r)
		if len(faults) == 0 {
			c.index = i
			faults = unreached(rules, c)
		}
		for _, fault := range faults {
			fault.Index = i
			errs = append(errs, fault)
		}
		if len(faults) == 0 {
			rules = append(rules, c)
		}
	}
	return rules, errors.Join(errs...)
}

func compileRule(r Rule) (rule, []*RuleError) {
	c := rule{Rule: r}
	var faults []*RuleError
	fault := func(key, value string, err error, remedy string) {
		faults = append(faults, &RuleError{Key: key, Value: value, Fault: err.Error(), Remedy: remedy})
	}
	var err error
	if r.Audience == "" {
		fault("audience", "", errors.New("empty"), "name the audience that jobs ask their tokens for, like mlgate")
	}
	if c.subject, err = parsePattern(r.Subject, fixedInSubject); err != nil {
		fault("subject", r.Subject, err, "write the whole subject, or one that ends in /* or :*")
	}
	for _, want := range r.Claims {
		p, err := parsePattern(want.Value, fixedInClaim)
		if err == nil && want.Name == "" {
			err = errors.New("a claim without a name")
		}
		if err != nil {
			fault("claims", want.Name+"="+want.Value, err, "write the claim's whole value, or one that ends in /* or :*")
		}
		c.claims = append(c.claims, p)
	}
	if err = auth.CheckName(r.User); err != nil {
		fault("user", r.User, err, "choose a plain name, like ci-vision")
	}
	for _, g := range r.Groups {
		if err = checkGroup(g); err != nil {
			fault("groups", g, err, "write groups as the policy names them behind group:")
		}
	}
	return c, faults
}

// checkGroup refuses groups that could not be told apart by eye, or by bytes.
func checkGroup(name string) error {
	switch {
	case name == "" || strings.TrimSpace(name) != name:
		return errors.New("empty, or with a blank at its edge")
	case strings.ContainsFunc(name, func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\ufffd' }):
		return errors.New("holds a control or invisible character")
	case !norm.NFC.IsNormalString(name):
		return errors.New("not in Unicode's composed form (NFC)")
	}
	return nil
}

// unreached refuses a rule that an earlier one leaves nothing for: its author
// believes that it counts.
func unreached(earlier []rule, r rule) []*RuleError {
	for _, e := range earlier {
		if e.Issuer == r.Issuer && e.Audience == r.Audience && e.subject.covers(r.subject) && e.asksNoMoreThan(r) {
			return []*RuleError{{
				Key: "subject", Value: r.Subject, Remedy: "put the narrower one first, or remove one",
				Fault: fmt.Sprintf("never reached: an earlier rule (%q, number %d) takes all of it", e.Subject, e.index),
			}}
		}
	}
	return nil
}

// asksNoMoreThan reports whether each claim that e wants is wanted by r too.
func (e *rule) asksNoMoreThan(r rule) bool {
	for _, c := range e.Claims {
		if !slices.Contains(r.Claims, c) {
			return false
		}
	}
	return true
}

// takes reports whether the rule takes a token of its own issuer and audience.
func (e *rule) takes(c *claims) bool {
	if !e.subject.match(c.subject) {
		return false
	}
	for i, want := range e.claims {
		value, ok := c.text(e.Claims[i].Name)
		if !ok || !want.match(value) {
			return false
		}
	}
	return true
}
