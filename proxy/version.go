package proxy

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"mlgate/proxy/mlflowapi"
)

// Behind is the MLflow that the proxy stands before.
type Behind struct {
	// Version is what MLflow said; empty: nothing yet.
	Version string
	// Rows is the recorded release whose rows are in force.
	Rows string
}

// Known reports whether the rows in force are those of this very version.
func (b Behind) Known() bool { return b.Version == b.Rows }

// Warning says what is wrong with the version, in a sentence; empty: nothing is.
func (b Behind) Warning() string {
	if b.Version == "" || b.Known() {
		return ""
	}
	return fmt.Sprintf("mlgate was not tested with MLflow %s: it lets through what it knows of %s and refuses the rest", b.Version, b.Rows)
}

// rows are the endpoints in force and where they come from; a call uses the
// ones that it began with.
type rows struct {
	table  *mlflowapi.Table
	behind Behind
}

// How often MLflow is asked for its version: soon after it was not there, since
// it may come back as another one, and now and then, since it may be replaced
// between two calls.
const (
	askSoon  = 2 * time.Second
	askLater = 30 * time.Second
)

// Behind is the MLflow that answered last.
func (p *Proxy) Behind() Behind { return p.rows.Load().behind }

// FollowVersion asks MLflow for its version until ctx ends, and puts the rows of
// that version in force. Until the first answer the newest rows are: a server
// that cannot be asked serves no calls either.
func (p *Proxy) FollowVersion(ctx context.Context) {
	silent := false
	for {
		wait := askLater
		if err := p.AskVersion(ctx); err != nil {
			wait = askSoon
			if ctx.Err() == nil && !silent {
				p.opts.Log.Warn("MLflow does not say its version; asking on", "error", err.Error())
			}
		}
		silent = wait == askSoon
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// AskVersion asks MLflow for its version once and puts the rows of that version
// in force. A version that is not known is told loudly, and everything that
// mlgate does not know of it stays refused.
func (p *Proxy) AskVersion(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	a, err := p.up.Do(ctx, &mlflowapi.Request{Method: "GET", Path: "/version"})
	if err != nil {
		return err
	}
	if a.Status != 200 {
		return fmt.Errorf("GET /version: MLflow answers %d", a.Status)
	}
	version := "unreadable"
	if tame.Match(a.Body) {
		version = string(a.Body)
	}
	if version == p.Behind().Version {
		return nil
	}
	table, release := p.opts.Table.For(version)
	b := Behind{version, release}
	p.rows.Store(&rows{table, b})
	p.opts.Metrics.stands(b)
	if warning := b.Warning(); warning != "" {
		p.opts.Log.Warn("warning", "text", warning)
	}
	p.opts.Log.Info("MLflow answers", "version", version, "rows_of", release)
	return nil
}

// tame is a version that may stand in logs and metrics as it is.
var tame = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}$`)
