package redis

import (
	"sync"
	"time"
)

// mostRecords bounds memory. When it is full all is dropped: who is at work comes
// back with one call each.
const mostRecords = 100_000

// recordAge is when a record is read again although nothing is known to have
// changed: its last use is written by other replicas too, and no news.
const recordAge = 10 * time.Minute

// name is what a record is known by in memory and in the log: a kind, and an id.
type name struct{ kind, id string }

// remembered is a record, which is never changed in place.
type remembered struct {
	record any
	read   time.Time
}

// memory are records that were read from Redis, and until when they count.
type memory struct {
	now func() time.Time

	mu      sync.RWMutex
	records map[name]remembered
	last    string    // the last entry of the log whose change was made here
	until   time.Time // of the lease
	used    map[name]time.Time
}

// lookup answers a record if memory counts now.
func (m *memory) lookup(n name) (any, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found, ok := m.records[n]
	now := m.now()
	if !ok || !before(now, m.until) || now.Sub(found.read) > recordAge {
		return nil, false
	}
	return found.record, true
}

// within answers a record when the lease ended less than grace ago.
func (m *memory) within(n name, grace time.Duration) (any, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found, ok := m.records[n]
	return found.record, ok && before(m.now(), m.until.Add(grace))
}

// before compares by both clocks that a time may carry. The monotonic one stands
// still while a virtual machine is suspended; the other may be set back.
func before(now, until time.Time) bool {
	return now.Before(until) && now.Round(0).Before(until.Round(0))
}

// counts reports whether memory may be used now.
func (m *memory) counts() bool { return m.countsWithin(0) }

func (m *memory) countsWithin(grace time.Duration) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return before(m.now(), m.until.Add(grace))
}

// keep puts a record into memory that was read when last was the newest change.
// If that is not the state that memory is in, something may have been dropped that
// this answer still has.
func (m *memory) keep(n name, record any, last string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last == "" || last != m.last {
		return
	}
	if len(m.records) >= mostRecords {
		clear(m.records)
	}
	m.records[n] = remembered{record, m.now()}
}

// update changes a record that counts now; false: there is none.
func (m *memory) update(n name, grace time.Duration, f func(any) any) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.records[n]
	if !ok || !before(m.now(), m.until.Add(grace)) {
		return false
	}
	found.record = f(found.record)
	m.records[n] = found
	return true
}

// known is the last change that was made here.
func (m *memory) known() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.last
}

// renewed makes changes and begins a new lease, in one step.
func (m *memory) renewed(until time.Time, last string, lost bool, news []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lost {
		clear(m.records)
	}
	for _, entry := range news {
		n, ok := split(entry)
		if !ok || n.id == "" {
			clear(m.records) // a word of a later version: drop more rather than less
			continue
		}
		delete(m.records, n)
	}
	m.last, m.until = last, until
}

// lost ends the lease at once. What is in memory is kept for who has a grace.
func (m *memory) lost() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.now(); now.Before(m.until) {
		m.until = now
	}
}
