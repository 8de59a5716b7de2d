package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlgate/proxy"
)

func newSum() *refusalSum { return newRefusalSum(prometheus.NewRegistry()) }

func TestSummaryCountsWhatEnforceWouldRefuse(t *testing.T) {
	t.Parallel()
	sum := newSum()
	call := func(decision, rule string, line int) {
		sum.look(&proxy.AuditLine{Decision: decision, Rule: rule, Line: line})
	}
	call("would-deny", "p, any, a/*, read", 3)
	call("would-deny", "-", 0)
	call("would-deny", "-", 0)
	call("allow", "p, user:alice, *, edit", 1)
	call("deny", "-", 0)
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
	sum := newSum()
	for i := range 2 * mostRules {
		sum.look(&proxy.AuditLine{Decision: "would-deny", Rule: fmt.Sprint(i)})
	}
	list := sum.take()
	if len(list) != mostRules+1 || list[0] != (ruleCount{"others", 0, mostRules}) {
		t.Errorf("got %d rules, first %v; want %d and the others in one", len(list), list[0], mostRules+1)
	}
}
