package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "serve --config FILE", Short: "run the gate",
		Long: `Runs the gate until SIGTERM or SIGINT. Then it takes no new calls, finishes those
that are under way however long they take, and exits; a second signal ends it at
once.

The config, the policy, the password file and the certificate are read again when
they change and on SIGHUP. If one of them is faulty, the old ones stay in force.

The log, one JSON object a line with one line for each call, goes to standard error.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "config"); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			// From the first signal on the next one has its usual effect.
			context.AfterFunc(ctx, stop)
			out := newLines(cmd.ErrOrStderr())
			defer out.Close()
			return serve(ctx, path, out)
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the config `file`")
	return cmd
}

func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, nil))
}

// serve runs the gate until ctx ends and all calls are finished. Its log and the
// lines of calls go to out.
func serve(ctx context.Context, path string, out io.Writer) error {
	collectLess()
	log := newLog(out)
	f, err := readFiles(path)
	if err != nil {
		return err
	}
	for _, warning := range f.warnings {
		log.Warn("warning", "text", warning)
	}
	listener, err := listenOn(ctx, "listen", f.config.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	metrics := newMetrics()
	audit := &audit{to: out, sum: newRefusalSum(metrics)}
	external := externalURL(f.config, listener.Addr())
	g, err := newGate(ctx, f, external, log, audit.write, metrics)
	if err != nil {
		return err
	}
	calls := &inFlight{next: g.handler}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlgate_calls_in_flight", Help: "Calls under way.",
	}, func() float64 { return float64(calls.calls.Load()) }))
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlgate_state_reachable", Help: "1 if the state store answers.",
	}, func() float64 {
		if g.storeStatus().Reachable {
			return 1
		}
		return 0
	}))
	g.reloads = newReloader(f, func() (*files, error) { return readFiles(path) }, g.use, log, time.Now, metrics)
	s := &service{
		log: log, gate: g, listener: listener, calls: calls, refused: audit.sum, proxy: g.handler,
		main: newServer(calls, log), reloads: g.reloads,
	}
	log.Info("listening", "address", listener.Addr().String(), "url", external.String(),
		"upstream", f.config.Upstream.URL.Redacted(), "mode", string(f.config.Mode), "version", version())
	err = errors.Join(s.run(ctx, metrics), g.close())
	log.Info("stopped")
	return err
}

func newMetrics() *prometheus.Registry {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mlgate_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version()},
		}, func() float64 { return 1 }),
	)
	return metrics
}

// collectLess trades memory for time: the live heap is a few MB, and at Go's own
// pace each second of load would have it searched for garbage dozens of times.
// The environment variable GOGC overrules it, as ever.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
