package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"mlgate/auth/store"
)

// How long things may take. Whatever happens, a call ends within opTimeout: it
// holds a request up.
const (
	opTimeout   = time.Second
	dialTimeout = 500 * time.Millisecond
	ioTimeout   = 400 * time.Millisecond // below opTimeout, so that one retry fits
)

// Options say where Redis is and who we are there.
type Options struct {
	// Addrs are host:port of the server; with Master of the Sentinels; several
	// without Master are nodes of a Cluster.
	Addrs []string
	// Master is the name that the Sentinels know the server by.
	Master string
	// Credentials give user and password, each time a connection is made, so that
	// a changed password file counts; nil: none are needed.
	Credentials func() (user, password string, err error)
	// SentinelUser and SentinelPassword are for the Sentinels.
	SentinelUser, SentinelPassword string
	// DB is the number of the database; a Cluster has only 0.
	DB int
	// TLS is how to speak TLS, with server and Sentinels alike; nil: in the clear.
	TLS *tls.Config
	// Prefix begins all keys; "mlgate:" if empty.
	Prefix string
	// Grace is how long memory is used past the lease while Redis is gone.
	Grace time.Duration
	// Logger gets when Redis goes and comes back; nil: nobody does.
	Logger *slog.Logger
	// Now is the clock. Leases need its monotonic reading: time.Now if nil.
	Now func() time.Time
}

// dial makes the client. It touches no network: connections are made when they
// are needed.
func dial(o Options) goredis.UniversalClient {
	universal := &goredis.UniversalOptions{
		Addrs: o.Addrs, MasterName: o.Master, DB: o.DB, TLSConfig: o.TLS,
		SentinelUsername: o.SentinelUser, SentinelPassword: o.SentinelPassword,
		Protocol: 2, DisableIdentity: true, // nothing is sent that older servers or a narrow ACL refuse
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		DialTimeout:              dialTimeout, ReadTimeout: ioTimeout, WriteTimeout: ioTimeout, PoolTimeout: ioTimeout,
		DialerRetries: 1, MaxRetries: 1, MaxRedirects: 4, ContextTimeoutEnabled: true,
		// Calls are short, and most requests need none: a few a processor are plenty.
		PoolSize: 8 * runtime.GOMAXPROCS(0), ConnMaxIdleTime: 5 * time.Minute,
	}
	if o.Credentials != nil {
		universal.CredentialsProviderContext = func(context.Context) (string, string, error) { return o.Credentials() }
	}
	return goredis.NewUniversalClient(universal)
}

// quiet is the library's log: what it tells are single connections that failed,
// which we tell in our own words, once.
type quiet struct{ log *slog.Logger }

// Printf implements the library's interface.
func (q quiet) Printf(ctx context.Context, format string, v ...any) {
	q.log.DebugContext(ctx, "redis client", "text", fmt.Sprintf(format, v...))
}

// run runs a script within opTimeout. The common keys come first by themselves.
func (db *DB) run(ctx context.Context, s *goredis.Script, keys []string, args ...any) (any, error) {
	if db.lease.down.Load() {
		return nil, fmt.Errorf("redis: %w: it does not answer", store.ErrUnavailable)
	}
	return db.try(ctx, s, keys, args...)
}

// try is run also while Redis is known to be gone.
func (db *DB) try(ctx context.Context, s *goredis.Script, keys []string, args ...any) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	reply, err := s.Run(bounded, db.client, append(db.common[:len(db.common):len(db.common)], keys...), args...).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, unavailable(ctx, err)
	}
	return reply, nil
}

// unavailable tells a caller who went away from a Redis that failed.
func unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("redis: %w: %w", store.ErrUnavailable, err)
}
