package proxy

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts calls.
type Metrics struct {
	calls *prometheus.CounterVec
	time  prometheus.Histogram
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
	reg.MustRegister(m.calls, m.time)
	return m
}

func (m *Metrics) count(s *session, w *response, took time.Duration) {
	if m == nil {
		return
	}
	endpoint := "none"
	if s.endpoint != nil {
		endpoint = s.endpoint.Name
	} else if s.own {
		endpoint = "_gate"
	}
	m.calls.WithLabelValues(endpoint, s.decision(w.status), strconv.Itoa(w.status)).Inc()
	m.time.Observe(took.Seconds())
}
