package main

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// refusals sums up, by rule, what mlgate would have refused in mode open or warn:
// it is what an admin reads before turning to enforce. It stands between the
// proxy and the log and looks at the audit lines that pass.
type refusals struct {
	slog.Handler
	sum *refusalSum
}

// refusalSum is shared by all handlers that descend from one.
type refusalSum struct {
	mu      sync.Mutex
	counts  map[refusalRule]int
	fresh   bool // something was counted since the last summary
	counter *prometheus.CounterVec
}

// refusalRule is what refused: a line of the policy, or none that allows.
type refusalRule struct {
	rule string
	line int64
}

// mostRules bounds the summary. A policy that was reloaded often leaves the rules
// of all its versions here.
const mostRules = 1000

func newRefusals(next slog.Handler, metrics prometheus.Registerer) *refusals {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mlgate_would_deny_total", Help: "Calls that mode enforce would have refused, by line of the policy (0: no line allows it).",
	}, []string{"line"})
	metrics.MustRegister(counter)
	return &refusals{next, &refusalSum{counts: map[refusalRule]int{}, counter: counter}}
}

// Handle implements slog.Handler.
func (r *refusals) Handle(ctx context.Context, record slog.Record) error {
	if record.Message == "call" {
		r.sum.look(record)
	}
	return r.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (r *refusals) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &refusals{r.Handler.WithAttrs(attrs), r.sum}
}

// WithGroup implements slog.Handler.
func (r *refusals) WithGroup(name string) slog.Handler {
	return &refusals{r.Handler.WithGroup(name), r.sum}
}

func (s *refusalSum) look(record slog.Record) {
	would, found := false, refusalRule{}
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "decision":
			would = a.Value.String() == "would-deny"
			return would // most calls end here
		case "rule":
			found.rule = a.Value.String()
		case "line":
			found.line = a.Value.Int64()
		}
		return true
	})
	if !would {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.counts[found]; !known && len(s.counts) >= mostRules {
		found = refusalRule{rule: "others"}
	}
	s.counts[found]++
	s.fresh = true
	s.counter.WithLabelValues(strconv.FormatInt(found.line, 10)).Inc()
}

// ruleCount is one line of the summary.
type ruleCount struct {
	Rule  string `json:"rule"`
	Line  int64  `json:"line,omitempty"`
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
