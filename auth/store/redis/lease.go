package redis

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The lease. Every replica of every version must use the same length: a Delete
// waits this long for who does not answer.
const (
	leaseLength = time.Second
	leaseUse    = leaseLength * 9 / 10 // the holder's own count, from before it asked
	leaseRenew  = leaseLength / 4
)

// lease is what a replica holds to answer from memory, and the memory.
type lease struct {
	log    *slog.Logger
	now    func() time.Time
	grace  time.Duration
	holder string
	memory memory

	renewing sync.Mutex // one renewal at a time
	count    int        // of renewals; a renewal that is seen twice is one that ended
	running  atomic.Bool
	down     atomic.Bool // Redis does not answer: calls are refused without trying
	asked    atomic.Bool // at all
	cause    atomic.Pointer[string]
	poke     chan struct{}
}

func newLease(o Options) *lease {
	return &lease{
		log: o.Logger, now: o.Now, grace: o.Grace, holder: newMark(),
		memory: memory{records: map[name]remembered{}, now: o.Now}, poke: make(chan struct{}, 1),
	}
}

// Run keeps the lease until ctx ends, then gives it back, so that nobody waits for
// it. Meanwhile records that were read once are answered from memory.
func (db *DB) Run(ctx context.Context) error {
	db.lease.running.Store(true)
	defer db.lease.running.Store(false)
	var listening sync.WaitGroup
	listening.Go(func() { db.listen(ctx) })
	defer listening.Wait()
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	flush := db.now().Add(flushEvery)
	for {
		db.keepUp(ctx)
		if now := db.now(); !now.Before(flush) {
			flush = now.Add(flushEvery)
			db.flushUses(ctx)
		}
		select {
		case <-ctx.Done():
			return db.leave(ctx)
		case <-tick.C:
		case <-db.lease.poke:
		}
	}
}

func (db *DB) now() time.Time { return db.lease.now() }

// keepUp renews, and notes whether Redis is there.
func (db *DB) keepUp(ctx context.Context) {
	err := db.renew(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		text := err.Error()
		db.lease.cause.Store(&text)
	}
	db.lease.asked.Store(true)
	gone := err != nil && !db.lease.memory.counts() // one renewal may fail
	was := db.lease.down.Swap(gone)
	switch {
	case gone && !was:
		db.lease.log.ErrorContext(ctx, "state store does not answer", "error", err.Error())
	case !gone && was:
		db.lease.log.InfoContext(ctx, "state store answers again")
	}
}

// renew takes a lease for another second and drops what was changed. What it
// dropped it says in a second round at once, if there was anything: a Delete waits
// for it.
func (db *DB) renew(ctx context.Context) error {
	l := db.lease
	l.renewing.Lock()
	defer l.renewing.Unlock()
	for {
		asked := l.now()
		l.count++
		reply, err := db.try(ctx, db.scripts.renew, nil, newMark(), l.holder, l.memory.known(), l.count)
		if err != nil {
			return err
		}
		last, lost, news, err := parseRenewal(reply)
		if err != nil {
			return err
		}
		l.memory.renewed(asked.Add(leaseUse), last, lost, news)
		if !lost && len(news) == 0 {
			return nil
		}
	}
}

func parseRenewal(reply any) (last string, lost bool, news []string, err error) {
	list, _ := reply.([]any)
	if len(list) != 3 {
		return "", false, nil, fmt.Errorf("renew: unexpected answer of Redis")
	}
	last, _ = list[0].(string)
	flag, _ := list[1].(int64)
	entries, _ := list[2].([]any)
	for _, e := range entries {
		text, _ := e.(string)
		news = append(news, text)
	}
	return last, flag != 0, news, nil
}

// leave gives the lease back: first here, then there.
func (db *DB) leave(ctx context.Context) error {
	db.lease.memory.lost()
	ctx = context.WithoutCancel(ctx)
	db.flushUses(ctx)
	if db.lease.down.Load() {
		return nil // it runs out by itself
	}
	if _, err := db.try(ctx, db.scripts.leave, nil, db.lease.holder); err != nil {
		db.lease.log.Warn("state store: lease not given back", "error", err.Error())
	}
	return nil
}

// listen renews at once when somebody says that there is news. Who says so, and
// what, is of no account, nor does it matter if nobody hears it.
func (db *DB) listen(ctx context.Context) {
	sub := db.client.Subscribe(ctx, db.channel)
	defer sub.Close()
	messages := sub.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-messages:
			if !ok {
				return
			}
			select {
			case db.lease.poke <- struct{}{}:
			default: // one renewal serves for all
			}
		}
	}
}

// pendingLeases are those that a change has to wait for.
type pendingLeases struct {
	run   string
	known bool
	held  []any // holder, value, …
}

func parsePending(reply any) pendingLeases {
	list, _ := reply.([]any)
	if len(list) < 2 {
		return pendingLeases{}
	}
	p := pendingLeases{held: list[2:]}
	p.run, _ = list[0].(string)
	flag, _ := list[1].(int64)
	p.known = flag == 1
	return p
}

// settled waits until change n holds on every replica. since is when Redis had
// made the change at the latest: a second later nobody's lease is older.
func (db *DB) settled(ctx context.Context, n int64, first pendingLeases) error {
	since, p := db.now(), first
	if len(p.held) > 0 && db.lease.running.Load() {
		_ = db.renew(ctx) // our own lease is one of them; without it we wait
	}
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		if p.known && len(p.held) == 0 && p.run == first.run {
			return nil
		}
		left := leaseLength - db.now().Sub(since)
		if left <= 0 {
			break
		}
		timer := time.NewTimer(min(wait, left))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		if !first.known {
			continue // no answer of others could shorten it
		}
		if reply, err := db.run(ctx, db.scripts.pending, nil, n); err == nil {
			p = parsePending(reply)
		}
	}
	// Those that said nothing have no lease any more. If this fails, the next
	// Delete waits for them as well.
	_, _ = db.run(ctx, db.scripts.settle, nil, append([]any{first.run}, first.held...)...)
	return nil
}

// split takes an entry of the log apart: "number:mark:kind:id".
func split(entry string) (name, bool) {
	parts := strings.SplitN(entry, ":", 4)
	if len(parts) != 4 {
		return name{}, false
	}
	if _, err := strconv.ParseUint(parts[0], 10, 64); err != nil {
		return name{}, false
	}
	return name{parts[2], parts[3]}, true
}
