package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"mlgate/proxy"
)

// service is what runs: the gate's server, the admin server, the watcher, and
// what asks MLflow for its version.
type service struct {
	log      *slog.Logger
	listener net.Listener
	main     *http.Server
	calls    *inFlight
	reloads  *reloader
	refused  *refusalSum
	proxy    *proxy.Proxy
	gate     *gate
}

// run serves until ctx ends or something fails, then shuts down in order: no
// new calls, running ones to their end, the admin port last, so that probes see
// what is going on.
func (s *service) run(ctx context.Context, metrics *prometheus.Registry) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	group, running := errgroup.WithContext(running)
	status := &admin{reloads: s.reloads, behind: s.proxy.Behind, store: s.gate.storeStatus}
	if err := s.startAdmin(ctx, running, group, status.handler(metrics)); err != nil {
		return err
	}
	if err := s.startWatcher(running, group); err != nil {
		return err
	}
	group.Go(func() error { return s.tellRefusals(running) })
	group.Go(func() error { return s.gate.run(running) })
	group.Go(func() error { return s.gate.awaitSeal(running, s.reloads.status.Load().files.config) })
	group.Go(func() error { s.proxy.FollowVersion(running); return nil })
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

// tellRefusals sums up now and then, and at the end, what mode enforce would have
// refused.
func (s *service) tellRefusals(running context.Context) error {
	defer s.refused.tell(s.log)
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-running.Done():
			return nil
		case <-tick.C:
			s.refused.tell(s.log)
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
