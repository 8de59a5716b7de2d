package redis

import "time"

// Health is what an operator should know of the store.
type Health struct {
	// Reachable says whether Redis answered lately.
	Reachable bool
	// Serving says whether records in memory are answered: always while Redis is
	// reachable, and for the grace after that.
	Serving bool
	// Since is when Redis stopped answering; zero: it does, or never has.
	Since time.Time
	// Cause is why, without anything secret.
	Cause string
}

// Health says how things stand, without asking Redis. It knows only while Run runs.
func (db *DB) Health() Health {
	l := db.lease
	if !l.down.Load() && l.running.Load() && l.asked.Load() {
		return Health{Reachable: true, Serving: true}
	}
	h := Health{Serving: l.memory.countsWithin(l.grace), Since: l.memory.end()}
	if cause := l.cause.Load(); cause != nil {
		h.Cause = *cause
	}
	return h
}

// end is when the last lease ended.
func (m *memory) end() time.Time {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.until
}
