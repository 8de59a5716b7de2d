package redis

import (
	"fmt"
	"sync/atomic"
	"testing"

	"mlgate/auth/store"
	"mlgate/auth/store/conformance"
)

// contract runs the suites on what open starts; each test has a prefix of its own.
func contract(t *testing.T, running bool, open func(t testing.TB) Options) {
	t.Helper()
	var count atomic.Int32
	o := open(t)
	own := func(t *testing.T) func() *DB {
		o := o
		o.Prefix = fmt.Sprint(o.Prefix, count.Add(1), ":")
		return func() *DB {
			db := openDB(t, o, running)
			if running {
				leased(t, db)
			}
			return db
		}
	}
	conformance.Tokens(t, func(t *testing.T) conformance.Replica[store.Tokens] {
		db := own(t)
		return func() store.Tokens { return db().Tokens() }
	})
	conformance.Sessions(t, func(t *testing.T) conformance.Replica[store.Sessions] {
		db := own(t)
		return func() store.Sessions { return db().Sessions() }
	})
	conformance.Once(t, func(t *testing.T) conformance.Replica[store.Once] {
		db := own(t)
		return func() store.Once { return db().Once() }
	})
	conformance.Archive(t, func(t *testing.T) conformance.Store { return own(t)() })
	conformance.Keys(t, func(t *testing.T) conformance.Replica[store.Keys] {
		db := own(t)
		return func() store.Keys { return db().Keys() }
	})
}

func TestTheContractHoldsOnMiniredis(t *testing.T) {
	t.Parallel()
	contract(t, false, miniServer)
}

func TestTheContractHoldsOnMiniredisFromMemory(t *testing.T) {
	t.Parallel()
	contract(t, true, miniServer)
}

func TestTheContractHoldsOnRedis(t *testing.T) {
	t.Parallel()
	contract(t, false, realServer)
}

func TestTheContractHoldsOnRedisFromMemory(t *testing.T) {
	t.Parallel()
	contract(t, true, realServer)
}

func TestTheContractHoldsBehindSentinel(t *testing.T) {
	t.Parallel()
	contract(t, true, func(t testing.TB) Options { o, _, _ := startSentinels(t); return o })
}

func TestTheContractHoldsOnACluster(t *testing.T) {
	t.Parallel()
	contract(t, true, startCluster)
}
