package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func newSum() (*refusalSum, *slog.Logger) {
	watched := newRefusals(slog.DiscardHandler, prometheus.NewRegistry())
	return watched.sum, slog.New(alwaysOn{watched})
}

// alwaysOn lets records through that the discarding handler would stop.
type alwaysOn struct{ *refusals }

func (alwaysOn) Enabled(context.Context, slog.Level) bool { return true }

func TestSummaryCountsWhatEnforceWouldRefuse(t *testing.T) {
	t.Parallel()
	sum, log := newSum()
	call := func(decision, rule string, line int) {
		log.Info("call", "status", 200, "decision", decision, "rule", rule, "line", line)
	}
	call("would-deny", "p, any, a/*, read", 3)
	call("would-deny", "-", 0)
	call("would-deny", "-", 0)
	call("allow", "p, user:alice, *, edit", 1)
	call("deny", "-", 0)
	log.Info("something else", "decision", "would-deny", "rule", "x")
	want := []ruleCount{{"-", 0, 2}, {"p, any, a/*, read", 3, 1}}
	if got := sum.take(); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := sum.take(); got != nil {
		t.Errorf("without news: got %v, want nothing", got)
	}
	call("would-deny", "-", 0)
	if got := sum.take(); len(got) != 2 || got[0].Calls != 3 {
		t.Errorf("sums begin anew: got %v", got)
	}
}

// Policies that change all day must not fill the memory.
func TestSummaryIsBounded(t *testing.T) {
	t.Parallel()
	sum, log := newSum()
	for i := range 2 * mostRules {
		log.Info("call", "decision", "would-deny", "rule", fmt.Sprint(i))
	}
	list := sum.take()
	if len(list) != mostRules+1 || list[0] != (ruleCount{"others", 0, mostRules}) {
		t.Errorf("got %d rules, first %v; want %d and the others in one", len(list), list[0], mostRules+1)
	}
}
