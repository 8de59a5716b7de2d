package main

import (
	"io"
	"sync"
	"time"
)

// mostPending bounds what waits to be written, in bytes, beside what is being
// written. Beyond it calls wait for the log: no line is dropped.
const mostPending = 1 << 20

// linger is how long the writer rests after a write: under load lines gather
// meanwhile, and an idle gate's line is written at once.
const linger = 2 * time.Millisecond

// lines writes a log in the background, whatever has come meanwhile in one go,
// so that calls that come by the thousand do not queue up for a write each.
// A line waits while the one before it is being written, and 2 ms after.
type lines struct {
	to   io.Writer
	done chan struct{} // closed when the last line is written

	mu      sync.Mutex
	changed sync.Cond // something came, something was written, or it ends
	pending []byte
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
	for len(l.pending) >= mostPending && !l.ended {
		l.changed.Wait()
	}
	if l.ended { // whoever still speaks does so at once
		return l.to.Write(line)
	}
	l.pending = append(l.pending, line...)
	if len(l.pending) == len(line) {
		l.changed.Broadcast()
	}
	return len(line), nil
}

func (l *lines) run() {
	defer close(l.done)
	var batch []byte
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.pending) == 0 && !l.ended {
			l.changed.Wait()
		}
		if len(l.pending) == 0 {
			return
		}
		batch, l.pending = l.pending, batch[:0]
		l.mu.Unlock()
		_, _ = l.to.Write(batch)
		time.Sleep(linger)
		l.mu.Lock()
		l.changed.Broadcast()
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
