package redis

import (
	"context"
	"time"

	"mlgate/auth/store"
)

// flushEvery is how often Redis is told of last uses.
const flushEvery = 10 * time.Second

// touch notes the use of a token that counts in memory; false: there is none.
func (m *memory) touch(n name, grace time.Duration, used time.Time) bool {
	return m.update(n, grace, func(record any) any {
		old := record.(*store.Token)
		if !used.After(old.LastUsed) {
			return old
		}
		token := *old
		token.LastUsed = used
		if m.used == nil {
			m.used = map[name]time.Time{}
		}
		m.used[n] = used
		return &token
	})
}

// takeUses are the uses that were noted since the last call.
func (m *memory) takeUses() map[name]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	used := m.used
	m.used = nil
	return used
}

// flushUses tells Redis of last uses. Those it does not get are lost: they come
// again a minute later, from who is still at work.
func (db *DB) flushUses(ctx context.Context) {
	if db.lease.down.Load() {
		return
	}
	for n, at := range db.lease.memory.takeUses() {
		if n.kind != kindToken {
			continue
		}
		if _, err := (tokens{db}).touch(ctx, n.id, at); err != nil {
			return
		}
	}
}
