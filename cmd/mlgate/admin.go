package main

import (
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mlgate/proxy"
)

// admin answers health checks and metrics on a port of its own, where nobody is
// asked for a password: it tells what an operator needs, and no secret.
type admin struct {
	reloads  *reloader
	behind   func() proxy.Behind
	store    func() stateStatus
	stopping atomic.Bool
}

// readiness is the answer of readyz.
type readiness struct {
	Ready     bool              `json:"ready"`
	Reason    string            `json:"reason,omitempty"`
	Version   string            `json:"version"`
	Mode      string            `json:"mode"`
	MLflow    string            `json:"mlflow_version,omitempty"`
	State     stateStatus       `json:"state"`
	Loaded    time.Time         `json:"loaded_at"`
	Hashes    map[string]string `json:"sha256"`
	ReloadOK  bool              `json:"reload_ok"`
	Errors    []string          `json:"reload_errors"`
	FailedAt  time.Time         `json:"reload_failed_at,omitzero"`
	Attention string            `json:"attention,omitempty"`
}

// handler serves healthz (the process lives), readyz (send it calls), metrics,
// and Go's profiles, which hold names of functions and no data.
func (a *admin) handler(metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // a prober that has gone needs no answer
	})
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// ready answers 200 also after a failed reload: the old files are in force and
// serve; taking the replica out would turn a typo into an outage. Without the state
// store it answers 503, unless a grace runs: most calls would get that too.
func (a *admin) ready(w http.ResponseWriter, _ *http.Request) {
	s, behind := a.reloads.status.Load(), a.behind()
	answer := readiness{
		Ready: true, Version: version(), Mode: string(s.files.config.Mode), MLflow: behind.Version, State: a.store(), Loaded: s.loaded.UTC(),
		Hashes: s.files.hashes, ReloadOK: s.err == nil, Errors: []string{}, FailedAt: s.failed.UTC(),
	}
	if s.err != nil {
		answer.Errors = faults(s.err)
		answer.Attention = "the last reload failed: the files in force are older than those on disk"
	} else if answer.Mode != "enforce" {
		answer.Attention = "mode " + answer.Mode + ": refusals are recorded, not enforced"
	} else {
		answer.Attention = behind.Warning()
	}
	if !answer.State.Reachable {
		answer.Attention = "the state store does not answer"
	}
	code := http.StatusOK
	if !answer.State.serving {
		code, answer.Ready, answer.Reason = http.StatusServiceUnavailable, false, "the state store does not answer"
	}
	if a.stopping.Load() {
		code, answer.Ready, answer.Reason = http.StatusServiceUnavailable, false, "shutting down"
	}
	body, err := json.Marshal(answer, json.Deterministic(true), jsontext.Multiline(true))
	if err != nil {
		http.Error(w, "status cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // a prober that has gone needs no answer
}
