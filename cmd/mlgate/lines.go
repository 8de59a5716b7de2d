package main

import (
	"io"
	"sync"
	"time"
)

const (
	// mostPending bounds what waits to be written, in bytes, beside what is being
	// written. Beyond it calls wait for the log: no line is dropped.
	mostPending = 1 << 20
	// linger is how long after a write the next lines gather.
	linger = 2 * time.Millisecond
)

// lines writes a log. A line that comes alone is written at once, before the
// call that it speaks of is answered. Lines that come by the thousand gather for
// 2 ms and are written in one go, so that calls do not queue up for a write each.
type lines struct {
	to   io.Writer
	done chan struct{} // closed when the last line is written

	mu      sync.Mutex
	changed sync.Cond // something came, something was written, or it ends
	pending []byte
	busy    bool      // somebody is writing
	last    time.Time // of the writes
	ended   bool
}

func newLines(to io.Writer) *lines {
	l := &lines{to: to, done: make(chan struct{})}
	l.changed.L = &l.mu
	go l.run()
	return l
}

// Write takes one line. It never fails: a log that cannot be written has
// nowhere to say so.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) >= mostPending {
		l.changed.Wait()
	}
	if !l.busy && len(l.pending) == 0 && (l.ended || time.Since(l.last) >= linger) {
		l.write(line)
		return len(line), nil
	}
	l.pending = append(l.pending, line...)
	if len(l.pending) == len(line) {
		l.changed.Broadcast()
	}
	return len(line), nil
}

// write writes without the lock, for others to gather meanwhile.
func (l *lines) write(b []byte) {
	l.busy = true
	l.mu.Unlock()
	_, _ = l.to.Write(b)
	l.mu.Lock()
	l.busy, l.last = false, time.Now()
	l.changed.Broadcast()
}

// run writes what has gathered.
func (l *lines) run() {
	defer close(l.done)
	var batch []byte
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for l.busy || len(l.pending) == 0 && !l.ended {
			l.changed.Wait()
		}
		if len(l.pending) == 0 {
			return
		}
		l.rest()
		batch, l.pending = l.pending, batch[:0]
		l.write(batch)
	}
}

// rest lets lines gather until linger is over. Nobody writes meanwhile, since
// something is pending.
func (l *lines) rest() {
	if wait := linger - time.Since(l.last); wait > 0 && !l.ended {
		l.mu.Unlock()
		time.Sleep(wait)
		l.mu.Lock()
	}
}

// Close writes what is pending.
func (l *lines) Close() {
	l.mu.Lock()
	l.ended = true
	l.changed.Broadcast()
	l.mu.Unlock()
	<-l.done
}
