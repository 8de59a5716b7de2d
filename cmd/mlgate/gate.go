package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlgate/auth"
	"mlgate/auth/basic"
	"mlgate/auth/store/embedded"
	"mlgate/auth/token"
	"mlgate/config"
	"mlgate/policy"
	"mlgate/proxy"
	"mlgate/proxy/console"
	"mlgate/proxy/mlflowapi"
)

// verifiedSize bounds how many verified passwords are remembered.
const verifiedSize = 10_000

// gate holds what outlives a snapshot, and the snapshot in force.
type gate struct {
	state    *embedded.DB
	verified *basic.Verified
	throttle *auth.Throttle
	current  atomic.Pointer[proxy.Snapshot]
	handler  *proxy.Proxy
}

// newGate builds the handler over the files that were read at start. It touches
// no network. Close the gate to let go of the state.
func newGate(ctx context.Context, f *files, external *url.URL, log *slog.Logger, audit func(*proxy.AuditLine), metrics prometheus.Registerer) (*gate, error) {
	verified, err := basic.NewVerified(verifiedSize)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	state, err := embedded.Open(f.config.State.Path, embedded.Options{})
	if err != nil {
		return nil, fmt.Errorf("state.path: %w", err)
	}
	g := &gate{state: state, verified: verified, throttle: auth.NewThrottle(auth.ThrottleOptions{})}
	g.use(f)
	options, err := g.options(ctx, f.config, external, log, audit, metrics)
	if err == nil {
		g.handler, err = proxy.New(options)
	}
	if err != nil {
		return nil, errors.Join(err, state.Close())
	}
	return g, nil
}

// options translates the config into what the proxy asks for.
func (g *gate) options(ctx context.Context, cfg *config.Config, external *url.URL, log *slog.Logger, audit func(*proxy.AuditLine), metrics prometheus.Registerer) (proxy.Options, error) {
	table, err := mlflowapi.NewTable()
	if err != nil {
		return proxy.Options{}, fmt.Errorf("endpoint table: %w", err)
	}
	seal, err := sealKeys(ctx, cfg, g.state.Keys())
	if err != nil {
		return proxy.Options{}, err
	}
	roots, err := caPool(cfg.Upstream.CAFile)
	if err != nil {
		return proxy.Options{}, fmt.Errorf("upstream.ca_file: %w", err)
	}
	return proxy.Options{
		Upstream:        cfg.Upstream.URL,
		Transport:       proxy.NewTransport(roots),
		Snapshot:        g.current.Load,
		Console:         newConsole(external, log),
		Table:           table,
		SealKeys:        seal,
		ExternalURL:     external,
		TrustedProxies:  cfg.TrustedProxies,
		SourceSchemes:   cfg.Upstream.AllowedSourceSchemes,
		DirectTransfers: cfg.Upstream.DirectTransfers,
		Audit:           audit,
		Log:             log,
		Metrics:         proxy.NewMetrics(metrics),
	}, nil
}

func newConsole(external *url.URL, log *slog.Logger) http.Handler {
	return console.New(console.Options{
		Request: func(r *http.Request) console.Request {
			identity, snapshot := proxy.CallerOf(r)
			return console.Request{Identity: identity, Policy: snapshot.Policy, Tokens: snapshot.Tokens}
		},
		ExternalURL: external.String(),
		Logger:      log,
	})
}

// use puts what was read in force, in one step: a call that is under way keeps
// the snapshot that it began with.
func (g *gate) use(f *files) {
	var owners token.Owners = nobody{}
	if f.users != nil {
		owners = f.users
	}
	ways := auth.Chain{token.NewAuthenticator(g.state.Tokens(), owners, time.Now)}
	if f.users != nil {
		ways = append(ways, basic.Authenticator{Users: f.users, Verified: g.verified})
	}
	g.current.Store(&proxy.Snapshot{
		Who:    g.throttle.Wrap(ways),
		Policy: f.policy,
		Tokens: token.Service{
			Store: g.state.Tokens(), Owners: owners,
			MaxLifetime: f.config.Auth.Tokens.MaxLifetime,
			CheckPrefix: policy.ValidatePrefix,
		},
		Mode:    proxy.Mode(f.config.Mode),
		Contact: f.config.Policy.Contact,
	})
}

// nobody owns tokens where there is no password file.
type nobody struct{}

func (nobody) Has(string) bool { return false }

func (g *gate) close() error { return g.state.Close() }
