package proxy

import (
	"github.com/prometheus/client_golang/prometheus"
	"strconv"
)

// Metrics counts calls.
type Metrics struct {
	calls  *prometheus.CounterVec
	time   prometheus.Histogram
	behind *prometheus.GaugeVec
}

// NewMetrics registers the gate's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mlgate_calls_total", Help: "Calls by endpoint, decision and status answered.",
		}, []string{"endpoint", "decision", "status"}),
		time: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "mlgate_call_seconds", Help: "Time from a call's arrival to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
		}),
	}
	m.behind = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "mlgate_mlflow_info", Help: "1, with the version of the MLflow behind, the release whose endpoints are in force, and whether it is that one.",
	}, []string{"version", "rows_of", "known"})
	reg.MustRegister(m.calls, m.time, m.behind)
	return m
}

func (m *Metrics) stands(b Behind) {
	if m == nil {
		return
	}
	m.behind.Reset()
	m.behind.WithLabelValues(b.Version, b.Rows, strconv.FormatBool(b.Known())).Set(1)
}

func (m *Metrics) count(l *AuditLine) {
	if m == nil {
		return
	}
	s, endpoint := l.s, "none"
	if s.endpoint != nil {
		endpoint = s.endpoint.Name
	} else if s.own {
		endpoint = "_gate"
	}
	m.calls.WithLabelValues(endpoint, l.Decision, strconv.Itoa(l.w.status)).Inc()
	m.time.Observe(l.took.Seconds())
}
