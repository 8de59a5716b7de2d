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
	"mlgate/auth/store"
	"mlgate/auth/token"
	"mlgate/auth/workload"
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
	state    state
	sealed   atomic.Bool // the keys that seal are known
	verified *basic.Verified
	throttle *auth.Throttle
	issuers  *workload.Issuers
	browsers *browsers // nil: nobody signs in in the browser
	current  atomic.Pointer[proxy.Snapshot]
	handler  *proxy.Proxy
	reloads  *reloader // set before the first call
}

// newGate builds the handler over the files that were read at start. Of the network
// it touches a shared state store alone, and that may be down. Close the gate to let go of the state.
func newGate(ctx context.Context, f *files, external *url.URL, log *slog.Logger, audit func(*proxy.AuditLine), metrics prometheus.Registerer) (*gate, error) {
	verified, err := basic.NewVerified(verifiedSize)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	state, err := openState(f.config.State, log)
	if err != nil {
		return nil, err
	}
	g := &gate{
		state: state, verified: verified, throttle: auth.NewThrottle(auth.ThrottleOptions{}),
		issuers: workload.NewIssuers(workload.IssuersOptions{Logger: log}),
	}
	if g.browsers, err = newBrowsers(external, state, log); err != nil {
		return nil, errors.Join(err, state.Close())
	}
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
	if err != nil && !errors.Is(err, store.ErrUnavailable) {
		return proxy.Options{}, err
	}
	g.sealed.Store(err == nil)
	if err := g.browsers.useSealKeys(seal); err != nil {
		return proxy.Options{}, err
	}
	roots, err := caPool(cfg.Upstream.CAFile)
	if err != nil {
		return proxy.Options{}, fmt.Errorf("upstream.ca_file: %w", err)
	}
	var namesAge time.Duration
	if cfg.State.Kind == "redis" {
		namesAge = time.Second // renames go through other replicas too
	}
	return proxy.Options{
		NamesAge:        namesAge,
		Upstream:        cfg.Upstream.URL,
		Transport:       proxy.NewTransport(roots),
		Snapshot:        g.current.Load,
		Console:         g.console(external, log),
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

func (g *gate) console(external *url.URL, log *slog.Logger) *console.Console {
	return console.New(console.Options{
		Request: func(r *http.Request) console.Request {
			identity, snapshot := proxy.CallerOf(r)
			return console.Request{Identity: identity, Policy: snapshot.Policy, Tokens: snapshot.Tokens, SignIn: snapshot.SignIn, Contact: snapshot.Contact}
		},
		ExternalURL: external.String(),
		Status:      g.status,
		Logger:      log,
	})
}

// status is what the admin page says of the files in force, as readyz does.
func (g *gate) status() console.Status {
	s := g.reloads.status.Load()
	answer := console.Status{
		Mode: string(s.files.config.Mode), MLflow: g.handler.Behind().Version, Loaded: s.loaded, Hashes: s.files.hashes,
	}
	if s.err != nil {
		answer.Errors = faults(s.err)
	}
	return answer
}

// use puts what was read in force, in one step: a call that is under way keeps
// the snapshot that it began with.
func (g *gate) use(f *files) {
	var byPassword basic.Authenticator
	var passwords auth.Authenticator
	if f.users != nil {
		byPassword = basic.Authenticator{Users: f.users, Verified: g.verified}
		passwords = g.throttle.Wrap(byPassword)
	}
	signIn := g.browsers.signIn(f, passwords)
	owners := owners{f, signIn}
	ways := auth.Chain{token.NewAuthenticator(token.Options{
		Store: g.state.Tokens(), Owners: owners, MaxUnused: f.config.Auth.Tokens.MaxUnused,
	})}
	if f.users != nil {
		ways = append(ways, byPassword)
	}
	if f.machines != nil {
		ways = append(ways, g.issuers.Authenticator(f.machines))
	}
	if signIn != nil {
		ways = append(ways, signIn.Sessions)
	}
	g.current.Store(&proxy.Snapshot{
		Who:    g.throttle.Wrap(ways),
		Policy: f.policy,
		Tokens: token.Service{
			Store: g.state.Tokens(), Owners: owners,
			MaxLifetime: f.config.Auth.Tokens.MaxLifetime,
			CheckAction: policy.ValidateAction,
			CheckPrefix: policy.ValidatePrefix,
		},
		SignIn:  signIn,
		Mode:    proxy.Mode(f.config.Mode),
		Contact: f.config.Policy.Contact,
	})
}

func (g *gate) close() error { return g.state.Close() }
