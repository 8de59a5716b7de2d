package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"mlgate/auth/store"
	"mlgate/auth/store/embedded"
	"mlgate/auth/store/redis"
	"mlgate/config"
)

// state is the store that the config names.
type state interface {
	store.Archive
	Tokens() store.Tokens
	Sessions() store.Sessions
	Once() store.Once
	Keys() store.Keys
	Close() error
}

// openState opens it. A Redis that is down is no error: it is asked when needed.
func openState(c config.State, log *slog.Logger) (state, error) {
	if c.Kind == "redis" {
		return openRedis(c.Redis, log)
	}
	db, err := embedded.Open(c.Path, embedded.Options{})
	if err != nil {
		return nil, fmt.Errorf("state.path: %w", err)
	}
	return db, nil
}

func openRedis(c config.Redis, log *slog.Logger) (*redis.DB, error) {
	o := redis.Options{
		Addrs: c.Addrs, Master: c.MasterName, DB: c.DB, Prefix: c.KeyPrefix,
		SentinelUser: c.SentinelUsername, Logger: log,
	}
	if c.OnOutage == config.Grace {
		o.Grace = c.Grace
	}
	password := func() (string, error) { return readPassword("state.redis.password_file", c.PasswordFile) }
	if _, err := password(); err != nil {
		return nil, err
	}
	if c.PasswordFile != "" {
		o.Credentials = func() (string, string, error) {
			text, err := password()
			return c.Username, text, err
		}
	}
	var err error
	if o.SentinelPassword, err = readPassword("state.redis.sentinel_password_file", c.SentinelPasswordFile); err != nil {
		return nil, err
	}
	if o.TLS, err = redisTLS(c.TLS); err != nil {
		return nil, err
	}
	return redis.Open(o)
}

// readPassword reads a file that holds a password and nothing else; no file, no
// password.
func readPassword(key, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	content, err := os.ReadFile(path) // #nosec G304 -- the admin names the file
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	text := strings.TrimRight(string(content), "\r\n")
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return "", hinted(fmt.Errorf("%s: %s does not hold one line", key, path), "write the password into it, and nothing else")
	}
	return text, nil
}

func redisTLS(c config.RedisTLS) (*tls.Config, error) {
	if !c.On() {
		return nil, nil
	}
	roots, err := caPool(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("state.redis.tls.ca_file: %w", err)
	}
	t := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, hinted(fmt.Errorf("state.redis.tls: %w", err), "cert_file and key_file must be PEM and belong together")
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// stateStatus is what readyz tells of the store.
type stateStatus struct {
	Kind      string    `json:"kind"`
	Reachable bool      `json:"reachable"`
	Since     time.Time `json:"unreachable_since,omitzero"`
	Error     string    `json:"error,omitempty"`
	serving   bool
}

// storeStatus says how the store is, without asking it.
func (g *gate) storeStatus() stateStatus {
	db, ok := g.state.(*redis.DB)
	if !ok {
		return stateStatus{Kind: "embedded", Reachable: true, serving: true}
	}
	h := db.Health()
	s := stateStatus{Kind: "redis", Reachable: h.Reachable, serving: h.Serving && g.sealed.Load()}
	if !h.Reachable {
		s.Since, s.Error = h.Since.UTC(), h.Cause
	}
	return s
}

// run keeps the memory in front of a shared store in step, until running ends.
func (g *gate) run(running context.Context) error {
	db, ok := g.state.(*redis.DB)
	if !ok {
		return nil
	}
	return db.Run(running)
}

// sealRetry is how often a store that does not answer at the start is asked again.
const sealRetry = 300 * time.Millisecond

// awaitSeal gets the seal keys of a store that did not answer at the start.
func (g *gate) awaitSeal(running context.Context, cfg *config.Config) error {
	tick := time.NewTicker(sealRetry)
	defer tick.Stop()
	for !g.sealed.Load() {
		select {
		case <-running.Done():
			return nil
		case <-tick.C:
		}
		keys, err := sealKeys(running, cfg, g.state.Keys())
		if running.Err() != nil {
			return nil
		}
		if errors.Is(err, store.ErrUnavailable) {
			continue
		}
		if err == nil {
			err = errors.Join(g.browsers.useSealKeys(keys), g.handler.UseSealKeys(keys))
		}
		if err != nil {
			return err
		}
		g.sealed.Store(true)
	}
	return nil
}
