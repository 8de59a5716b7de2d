package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
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
			return serve(ctx, path, newLog(cmd.ErrOrStderr()))
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the config `file`")
	return cmd
}

func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, nil))
}

// serve runs the gate until ctx ends and all calls are finished.
func serve(ctx context.Context, path string, log *slog.Logger) error {
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
	external := externalURL(f.config, listener.Addr())
	g, err := newGate(ctx, f, external, log, metrics)
	if err != nil {
		return err
	}
	calls := &inFlight{next: g.handler}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlgate_calls_in_flight", Help: "Calls under way.",
	}, func() float64 { return float64(calls.calls.Load()) }))
	s := &service{
		log: log, listener: listener, calls: calls,
		main:    newServer(calls, log),
		reloads: newReloader(f, func() (*files, error) { return readFiles(path) }, g.use, log, time.Now, metrics),
	}
	log.Info("listening", "address", listener.Addr().String(), "url", external.String(),
		"upstream", f.config.Upstream.URL.Redacted(), "mode", string(f.config.Mode), "version", version())
	return errors.Join(s.run(ctx, metrics), g.close())
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

// service is what runs: the gate's server, the admin server and the watcher.
type service struct {
	log      *slog.Logger
	listener net.Listener
	main     *http.Server
	calls    *inFlight
	reloads  *reloader
}

// run serves until ctx ends or something fails, then shuts down in order: no
// new calls, running ones to their end, the admin port last, so that probes see
// what is going on.
func (s *service) run(ctx context.Context, metrics *prometheus.Registry) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	group, running := errgroup.WithContext(running)
	status := &admin{reloads: s.reloads}
	if err := s.startAdmin(ctx, running, group, status.handler(metrics)); err != nil {
		return err
	}
	if err := s.startWatcher(running, group); err != nil {
		return err
	}
	group.Go(func() error { return served("listen", s.main.Serve(s.secured())) })
	group.Go(func() error {
		defer cancel() // admin and watcher outlive the last call
		select {
		case <-running.Done(): // something failed
			return s.main.Close()
		case <-ctx.Done():
		}
		status.stopping.Store(true)
		s.log.Info("shutting down", "calls_running", s.calls.calls.Load())
		defer s.log.Info("stopped")
		return s.drain()
	})
	return group.Wait()
}

func (s *service) secured() net.Listener {
	if s.reloads.status.Load().files.certificate == nil {
		return s.listener
	}
	return secure(s.listener, func() *tls.Certificate { return s.reloads.status.Load().files.certificate })
}

// drain waits for the running calls, without a limit of its own: whoever runs
// mlgate (systemd, Kubernetes) has one, and a second signal ends the wait.
func (s *service) drain() error {
	done := make(chan error, 1)
	go func() { done <- s.main.Shutdown(context.Background()) }()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			s.log.Info("waiting for running calls", "calls_running", s.calls.calls.Load())
		}
	}
}

// startAdmin opens the admin port, if there is one, until running ends.
func (s *service) startAdmin(ctx, running context.Context, group *errgroup.Group, handler http.Handler) error {
	address := s.reloads.status.Load().files.config.AdminListen
	if address == "" {
		return nil
	}
	listener, err := listenOn(ctx, "admin_listen", address)
	if err != nil {
		return err
	}
	server := newServer(handler, s.log)
	s.log.Info("listening for admin", "admin_address", listener.Addr().String())
	group.Go(func() error { return served("admin_listen", server.Serve(listener)) })
	group.Go(func() error {
		<-running.Done()
		return server.Close()
	})
	return nil
}

func (s *service) startWatcher(running context.Context, group *errgroup.Group) error {
	w, err := newWatcher(s.log)
	if err != nil {
		return err
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	group.Go(func() error {
		defer signal.Stop(hangup)
		return w.run(running, func() []string { return s.reloads.status.Load().files.paths() }, hangup, s.reloads.reload)
	})
	return nil
}

// served is the end of a server; being closed is no error.
func served(key string, err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", key, err)
}
