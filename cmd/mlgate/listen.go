package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"mlgate/config"
)

// Timeouts towards clients. There is none on bodies: training jobs follow a run
// for days, and a checkpoint of many GiB takes as long as it takes. What a slow
// client can hold open without a request is bounded.
const (
	headerTimeout = 20 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// listenOn opens the address of a config key.
func listenOn(ctx context.Context, key, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, hinted(fmt.Errorf("%s: %w", key, err), "see what holds the address, or change %s", key)
	}
	return listener, nil
}

// newServer makes the server for a handler.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// externalURL is where users reach mlgate: what the config says, or the address
// that is listened on.
func externalURL(cfg *config.Config, address net.Addr) *url.URL {
	if cfg.ExternalURL != nil {
		return cfg.ExternalURL
	}
	external := &url.URL{Scheme: "http", Host: address.String()}
	if cfg.TLS.CertFile != "" {
		external.Scheme = "https"
	}
	if host, _, err := net.SplitHostPort(cfg.Listen); err == nil && host == "localhost" {
		_, port, _ := net.SplitHostPort(address.String())
		external.Host = net.JoinHostPort(host, port)
	}
	return external
}

// secure puts TLS on a listener. The certificate is asked for at each handshake,
// so that a renewed one counts without a restart.
func secure(listener net.Listener, certificate func() *tls.Certificate) net.Listener {
	return tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := certificate(); c != nil {
				return c, nil
			}
			return nil, errors.New("no certificate")
		},
	})
}

// inFlight counts the calls that are under way. It wraps no ResponseWriter:
// streaming and flushing are the proxy's.
type inFlight struct {
	next  http.Handler
	calls atomic.Int64
}

func (f *inFlight) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.calls.Add(1)
	defer f.calls.Add(-1)
	f.next.ServeHTTP(w, r)
}
