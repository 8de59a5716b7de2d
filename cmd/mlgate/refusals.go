package main

import (
	"cmp"
	"log/slog"
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"mlgate/proxy"
)

// refusalSum sums up, by rule, what mlgate would have refused in mode open or
// warn: it is what an admin reads before turning to enforce.
type refusalSum struct {
	mu      sync.Mutex
	counts  map[refusalRule]int
	fresh   bool // something was counted since the last summary
	counter *prometheus.CounterVec
}

// refusalRule is what refused: a line of the policy, or none that allows.
type refusalRule struct {
	rule string
	line int
}

// mostRules bounds the summary. A policy that was reloaded often leaves the rules
// of all its versions here.
const mostRules = 1000

func newRefusalSum(metrics prometheus.Registerer) *refusalSum {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mlgate_would_deny_total", Help: "Calls that mode enforce would have refused, by line of the policy (0: no line allows it).",
	}, []string{"line"})
	metrics.MustRegister(counter)
	return &refusalSum{counts: map[refusalRule]int{}, counter: counter}
}

// look counts a call that mode enforce would have refused.
func (s *refusalSum) look(l *proxy.AuditLine) {
	if l.Decision != "would-deny" {
		return // most calls
	}
	found := refusalRule{l.Rule, l.Line}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.counts[found]; !known && len(s.counts) >= mostRules {
		found = refusalRule{rule: "others"}
	}
	s.counts[found]++
	s.fresh = true
	s.counter.WithLabelValues(strconv.Itoa(found.line)).Inc()
}

// ruleCount is one line of the summary.
type ruleCount struct {
	Rule  string `json:"rule"`
	Line  int    `json:"line,omitempty"`
	Calls int    `json:"calls"`
}

// take returns the sums since the start, most frequent first, or nothing if none
// changed since they were last taken.
func (s *refusalSum) take() []ruleCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fresh {
		return nil
	}
	s.fresh = false
	list := make([]ruleCount, 0, len(s.counts))
	for r, calls := range s.counts {
		list = append(list, ruleCount{r.rule, r.line, calls})
	}
	slices.SortFunc(list, func(a, b ruleCount) int {
		return cmp.Or(b.Calls-a.Calls, cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
	})
	return list
}

// tell writes the summary to the log, if there is news.
func (s *refusalSum) tell(log *slog.Logger) {
	if list := s.take(); len(list) > 0 {
		log.Warn("mode enforce would have refused", "by_rule", list)
	}
}
