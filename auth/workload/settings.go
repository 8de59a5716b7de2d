package workload

import (
	"errors"
	"fmt"
)

// Settings are rules and the sources of their issuers' keys, checked. They are
// immutable.
type Settings struct {
	rules   []rule
	sources []*resolvedSource
}

// NewSettings checks rules and sources. The error joins a *RuleError for each fault of a rule; there must
// be one source for each issuer that a rule names. It touches no network.
func NewSettings(rules []Rule, sources []Source) (*Settings, error) {
	compiled, err := compileRules(rules)
	errs := []error{err}
	s := &Settings{rules: compiled}
	known := map[string]bool{}
	for _, source := range sources {
		r, err := source.resolve()
		if err != nil {
			errs = append(errs, fmt.Errorf("issuer %s: %w", source.Issuer, err))
			continue
		}
		if known[source.Issuer] {
			errs = append(errs, fmt.Errorf("issuer %s: two sources of keys", source.Issuer))
		}
		known[source.Issuer] = true
		s.sources = append(s.sources, r)
	}
	for _, r := range compiled {
		if !known[r.Issuer] && len(s.sources) == len(sources) {
			errs = append(errs, fmt.Errorf("issuer %s: no source of keys", r.Issuer))
		}
	}
	return s, errors.Join(errs...)
}
