package main

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlgate/config"
)

// reloader puts changed files in force, all together or none. A fault leaves
// everything as it was and is loud: in the log at level error, in the metrics
// and in readyz, until a reload succeeds.
type reloader struct {
	read func() (*files, error)
	use  func(*files)
	log  *slog.Logger
	now  func() time.Time

	mu     sync.Mutex // one reload at a time
	status atomic.Pointer[status]
	failed prometheus.Counter
	ok     prometheus.Gauge
	last   prometheus.Gauge
	modes  *prometheus.GaugeVec
}

// status is what readyz tells. It is immutable.
type status struct {
	files  *files
	loaded time.Time
	err    error // of the last reload; nil: it succeeded
	failed time.Time
}

// newReloader begins with files that are in force already.
func newReloader(f *files, read func() (*files, error), use func(*files), log *slog.Logger, now func() time.Time, metrics prometheus.Registerer) *reloader {
	r := &reloader{
		read: read, use: use, log: log, now: now,
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mlgate_reload_failures_total", Help: "Reloads that were refused because of a faulty file.",
		}),
		ok: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "mlgate_reload_ok", Help: "1 if the files as they are on disk are in force, 0 if the last reload failed.",
		}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "mlgate_reload_last_success_timestamp_seconds", Help: "When the files in force were read.",
		}),
		modes: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mlgate_mode", Help: "1 for the mode in force: open, warn or enforce.",
		}, []string{"mode"}),
	}
	metrics.MustRegister(r.failed, r.ok, r.last, r.modes)
	r.succeed(f)
	return r
}

// reload reads all files again. why says what asked for it.
func (r *reloader) reload(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.read()
	if err != nil {
		r.fail(why, err)
		return
	}
	before := r.status.Load()
	if before.err == nil && maps.Equal(before.files.hashes, f.hashes) {
		r.log.Debug("nothing to reload", "why", why)
		return
	}
	for _, warning := range f.warnings {
		r.log.Warn("warning", "text", warning)
	}
	if keys := needRestart(before.files.config, f.config); len(keys) > 0 {
		r.log.Warn("changed keys need a restart; all else is in force", "keys", strings.Join(keys, ", "))
	}
	r.use(f)
	r.succeed(f)
	r.log.Info("reloaded", "why", why, "mode", string(f.config.Mode), "changed", changed(before.files.hashes, f.hashes))
}

func (r *reloader) fail(why string, err error) {
	before := *r.status.Load()
	before.err, before.failed = err, r.now()
	r.status.Store(&before)
	r.failed.Inc()
	r.ok.Set(0)
	for _, fault := range faults(err) {
		r.log.Error("reload failed, the old files stay in force", "why", why, "error", fault)
	}
}

func (r *reloader) succeed(f *files) {
	now := r.now()
	r.status.Store(&status{files: f, loaded: now})
	r.ok.Set(1)
	r.last.Set(float64(now.Unix()))
	r.modes.Reset()
	r.modes.WithLabelValues(string(f.config.Mode)).Set(1)
}

// changed names the files whose content differs.
func changed(before, after map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != after[name] {
			list = append(list, name)
		}
	}
	return list
}

// needRestart names the keys that differ and that only a start reads: addresses,
// the upstream and the state belong to the process, not to the snapshot.
func needRestart(before, after *config.Config) []string {
	var list []string
	for _, k := range []struct {
		key       string
		was, will any
	}{
		{"listen", before.Listen, after.Listen},
		{"admin_listen", before.AdminListen, after.AdminListen},
		{"external_url", before.ExternalURL, after.ExternalURL},
		{"trusted_proxies", before.TrustedProxies, after.TrustedProxies},
		{"tls", before.TLS.CertFile != "", after.TLS.CertFile != ""},
		{"seal_keys_file", before.SealKeysFile, after.SealKeysFile},
		{"upstream.url", before.Upstream.URL, after.Upstream.URL},
		{"upstream.ca_file", before.Upstream.CAFile, after.Upstream.CAFile},
		{"upstream.allowed_source_schemes", before.Upstream.AllowedSourceSchemes, after.Upstream.AllowedSourceSchemes},
		{"upstream.direct_transfers", before.Upstream.DirectTransfers, after.Upstream.DirectTransfers},
		{"state", before.State, after.State},
	} {
		if fmt.Sprint(k.was) != fmt.Sprint(k.will) {
			list = append(list, k.key)
		}
	}
	return list
}

// faults writes an error as lines for readyz.
func faults(err error) []string {
	var list []string
	for _, fault := range flatten(err) {
		text, hint := worded(fault)
		if hint != "" {
			text += "; " + hint
		}
		list = append(list, text)
	}
	return list
}
