package workload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"mlgate/auth"
)

const (
	// renewAfter is how old keys get before the issuer is asked whether they are
	// still its keys. A key that it has withdrawn counts no longer than this.
	renewAfter = 15 * time.Minute
	// retryAfter is the least time between two looks for keys. Callers choose key
	// ids, and must not be able to make us ask an issuer at will.
	retryAfter = 10 * time.Second
)

// issuer holds the keys of one source and outlives snapshots.
type issuer struct {
	source *resolvedSource
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	set    atomic.Pointer[keySet] // nil: none yet
	flight singleflight.Group
	asked  atomic.Int64 // end of the last look, UnixNano; 0: none yet
	failed error        // of the last look; only within flight

	renewing atomic.Bool // somebody waits for a look in the background
}

func newIssuer(s *resolvedSource, now func() time.Time, log *slog.Logger) *issuer {
	i := &issuer{source: s, client: newClient(s), now: now, log: log}
	if s.keys != nil {
		i.set.Store(s.keys)
	}
	return i
}

func (i *issuer) fixed() bool { return i.source.keys != nil }

// current are the keys in force, nil if there are none or only ones that are too
// old. It never waits; where it is time, it has them renewed.
func (i *issuer) current(now time.Time) *keySet {
	set := i.set.Load()
	if set == nil || i.fixed() {
		return set
	}
	age := now.Sub(set.fetched)
	if age > min(renewAfter, i.source.MaxKeyAge/2) && now.UnixNano()-i.asked.Load() > int64(retryAfter) && i.renewing.CompareAndSwap(false, true) {
		go func() {
			defer i.renewing.Store(false)
			<-i.flight.DoChan("", i.look)
		}()
	}
	if age > i.source.MaxKeyAge {
		return nil
	}
	return set
}

// verify checks the signature of a token, and returns the keys it was checked
// with. It wraps auth.ErrUnavailable if the issuer had to be asked and did not
// answer.
func (i *issuer) verify(ctx context.Context, t *token) (*keySet, error) {
	set := i.current(i.now())
	if set != nil {
		if err := set.verify(t); !errors.Is(err, errUnknownKey) {
			return set, err
		}
	}
	set, err := i.renewed(ctx)
	if err != nil {
		return nil, err
	}
	if err = set.verify(t); errors.Is(err, errUnknownKey) {
		err = refuse("it is %v", errUnknownKey)
	}
	return set, err
}

// renewed are keys that are no older than retryAfter, asked for at most once for
// all who wait.
func (i *issuer) renewed(ctx context.Context) (*keySet, error) {
	if i.fixed() {
		return i.source.keys, nil
	}
	select {
	case got := <-i.flight.DoChan("", i.look):
		if got.Err != nil {
			return nil, fmt.Errorf("keys of issuer %s: %w: %w", i.source.Issuer, auth.ErrUnavailable, got.Err)
		}
		return got.Val.(*keySet), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// look asks for keys, unless that was done a moment ago. It runs once at a time,
// for all who wait, and so is bound to none of them.
func (i *issuer) look() (any, error) {
	if last := i.asked.Load(); last != 0 && i.now().UnixNano()-last < int64(retryAfter) {
		return i.set.Load(), i.failed
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	set, err := i.fetch(ctx)
	i.failed = err
	if err != nil {
		i.log.Warn("an issuer's keys cannot be fetched", "issuer", i.source.Issuer, "error", err.Error(), "keys_in_force", i.told())
	} else if old := i.set.Swap(set); old == nil || old.print != set.print {
		i.log.Info("an issuer's keys are in force", "issuer", i.source.Issuer, "keys", len(set.keys))
	}
	i.asked.Store(i.now().UnixNano())
	return set, err
}

// fetch turns a panic over a strange key into a refusal: out here it would end the
// whole process.
func (i *issuer) fetch(ctx context.Context) (set *keySet, err error) {
	defer func() {
		if recover() != nil {
			set, err = nil, errors.New("its keys cannot be read")
		}
	}()
	return fetchKeys(ctx, i.client, i.source, i.now)
}

// told says for the log what still counts.
func (i *issuer) told() string {
	switch set := i.set.Load(); {
	case set == nil:
		return "none: its tokens are answered 503"
	default:
		return "those of " + set.fetched.UTC().Format(time.RFC3339) + ", until " + set.fetched.Add(i.source.MaxKeyAge).UTC().Format(time.RFC3339)
	}
}
