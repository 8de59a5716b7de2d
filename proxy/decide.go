package proxy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mlgate/policy"
	"mlgate/proxy/console"
	"mlgate/proxy/mlflowapi"
)

// reserve refuses what is open to admins alone, in every mode and before
// anything of the call is read.
func (s *session) reserve(e *mlflowapi.Endpoint) error {
	if !e.ServerWide() || s.rights.IsAdmin() {
		return nil
	}
	s.denied = "rule: server-wide"
	return mlflowapi.Forbidden("%s may not call %s: it acts for the whole server, and needs the action \"admin\" on \"*\".%s", console.CallerOf(s.id).Who(), e.Name, s.whomToAsk())
}

// admit decides about everything that a call names. What is asked by id and
// does not exist, or is not visible, is treated alike: it is hidden, and MLflow
// is asked about an id that nobody holds.
func (s *session) admit(ctx context.Context, c *mlflowapi.Call) error {
	if c.Refused != nil && !s.watch(c.Refused) {
		return c.Refused
	}
	var missing []*mlflowapi.Target
	for _, t := range c.Targets {
		gone, err := s.admitTarget(ctx, t)
		if err != nil {
			return err
		}
		if gone {
			missing = append(missing, t)
		}
	}
	for _, t := range missing {
		if !t.Link {
			continue
		}
		r := &mlflowapi.Refusal{Answer: t.Missing(), Rule: "not visible"}
		if !s.watch(r) {
			return r
		}
	}
	for _, t := range missing {
		if !t.Link {
			c.Hide(t)
		}
	}
	return nil
}

// admitTarget decides about one target; gone: it is not there to this caller.
func (s *session) admitTarget(ctx context.Context, t *mlflowapi.Target) (gone bool, err error) {
	creator := ""
	if t.ID != "" {
		homes, by, err := t.Follow(ctx, s.p.names)
		if errors.Is(err, mlflowapi.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, &lookupError{err}
		}
		if len(homes) != 1 {
			return s.admitShared(t, homes)
		}
		t.Name, creator = homes[0].Name, by
		// Experiment 0 is on every server, so that it exists is no secret.
		if t.ID != "0" && !s.rights.watch && !s.decide(mlflowapi.Read, t.Kind, t.Name).Allow {
			return true, nil
		}
	}
	if t.New {
		if err := policy.ValidateName(t.Name); err != nil {
			return false, mlflowapi.Bad("%v", err)
		}
	}
	d := s.decide(t.Action, t.Kind, t.Name)
	if d.Allow {
		s.allowed(d.Rule, d.Line)
		return false, nil
	}
	if t.RunOwner && s.Own(creator) {
		return false, nil
	}
	refusal := s.refuse(t.Action, fmt.Sprintf("%s %q", t.Kind, t.Name), d)
	if s.watch(refusal) && t.Kind != mlflowapi.Gateway { // the money would be spent
		return false, nil
	}
	return false, refusal
}

// admitShared decides about what lies in several experiments, or in none: it is
// seen by whoever sees one of them, and changed by who may in all. What lies in
// none belongs to no team.
func (s *session) admitShared(t *mlflowapi.Target, homes []mlflowapi.ExperimentInfo) (gone bool, err error) {
	if s.rights.IsAdmin() {
		return false, nil
	}
	seen, all := false, len(homes) > 0
	var denied policy.Decision
	for _, e := range homes {
		if d := s.decide(mlflowapi.Read, t.Kind, e.Name); d.Allow && !seen {
			seen, t.Name = true, e.Name
			s.allowed(d.Rule, d.Line)
		}
		if d := s.decide(t.Action, t.Kind, e.Name); !d.Allow {
			all, denied = false, d
		}
	}
	switch {
	case !seen && !s.rights.watch:
		return true, nil
	case seen && (t.Action == mlflowapi.Read || all):
		return false, nil
	}
	refusal := s.refuse(t.Action, fmt.Sprintf("%s, which other experiments share", t.ID), denied)
	if s.watch(refusal) {
		return false, nil
	}
	return false, refusal
}

// allowed notes what let a call pass; what would have refused it says more.
func (s *session) allowed(rule string, line int) {
	if s.denied == "" {
		s.rule, s.line = rule, line
	}
}

// watch records a refusal; true: mlgate only watches, and the call goes on.
func (s *session) watch(r *mlflowapi.Refusal) bool {
	if s.denied == "" {
		s.denied, s.line = r.Rule, r.Line
	}
	return s.rights.watch
}

// Judge decides about a name that was learnt on the way; see [mlflowapi.Judge].
func (s *session) Judge(a mlflowapi.Action, k mlflowapi.Kind, name string) *mlflowapi.Refusal {
	d := s.decide(a, k, name)
	if !d.Allow {
		return s.refuse(a, fmt.Sprintf("%s %q", k, name), d)
	}
	s.allowed(d.Rule, d.Line)
	return nil
}

// Own reports whether the caller created a run, and may make use of that: a
// limited token may not.
func (s *session) Own(creator string) bool {
	if creator == "" || creator != s.id.User || s.id.Limited() {
		return false
	}
	s.allowed("who created the run may delete and restore it", 0)
	return true
}

// refuse words a refusal: which right is missing, what the caller holds, whom to ask.
func (s *session) refuse(a mlflowapi.Action, what string, d policy.Decision) *mlflowapi.Refusal {
	var b strings.Builder
	fmt.Fprintf(&b, "%s may not %s %s: ", console.CallerOf(s.id).Who(), a, what)
	if d.Rule != "" {
		fmt.Fprintf(&b, "denied by a line of the policy.")
	} else {
		fmt.Fprintf(&b, "no line of the policy grants the action %q on it.", a)
	}
	b.WriteString(s.whomToAsk())
	rule := d.Rule
	if rule == "" {
		rule = "no line"
	}
	return &mlflowapi.Refusal{Answer: mlflowapi.Forbidden("%s", b.String()), Rule: rule, Line: d.Line}
}

// whomToAsk ends a refusal.
func (s *session) whomToAsk() string {
	text := " You hold no names yet."
	if own := s.rights.Own(); len(own) > 0 {
		text = " You hold " + strings.Join(own, ", ") + "."
	}
	if s.snap.Contact != "" {
		text += " Ask " + s.snap.Contact + "."
	}
	return text
}
