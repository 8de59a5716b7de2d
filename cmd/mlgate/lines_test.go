package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// slowLog is a log whose reader can be made to stall.
type slowLog struct {
	gate   chan struct{} // one write each
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
}

func (s *slowLog) Write(b []byte) (int, error) {
	<-s.gate
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.text.Write(b)
}

func TestLogKeepsEveryLineWholeAndInOrder(t *testing.T) {
	t.Parallel()
	to := &slowLog{gate: make(chan struct{})}
	close(to.gate)
	l := newLines(to)
	var wait sync.WaitGroup
	for w := range 8 {
		wait.Go(func() {
			for i := range 1000 {
				fmt.Fprintf(l, "%d %d\n", w, i)
			}
		})
	}
	wait.Wait()
	l.Close()
	next := [8]int{}
	for line := range strings.Lines(to.text.String()) {
		var w, i int
		if _, err := fmt.Sscanf(line, "%d %d\n", &w, &i); err != nil || next[w] != i {
			t.Fatalf("line %q of writer %d comes where its line %d should: %v", line, w, next[w], err)
		}
		next[w]++
	}
	for w, n := range next {
		if n != 1000 {
			t.Errorf("writer %d: got %d lines, want 1000", w, n)
		}
	}
}

// While one write is on its way, what comes meanwhile goes out in one.
func TestLogThatIsSlowIsWrittenInFewerWrites(t *testing.T) {
	t.Parallel()
	to := &slowLog{gate: make(chan struct{}, 1000)}
	l := newLines(to)
	go fmt.Fprintln(l, "line") // stands in the first write
	for busy := false; !busy; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		busy = l.busy
		l.mu.Unlock()
	}
	for range 499 {
		fmt.Fprintln(l, "line")
	}
	for range 500 {
		to.gate <- struct{}{}
	}
	l.Close()
	if to.text.String() != strings.Repeat("line\n", 500) || to.writes != 2 {
		t.Errorf("got %d bytes in %d writes, want 2500 in 2", to.text.Len(), to.writes)
	}
}

// A log that nobody reads makes calls wait; it neither fills the memory nor
// loses a line.
func TestLogThatStallsMakesWritersWait(t *testing.T) {
	t.Parallel()
	to := &slowLog{gate: make(chan struct{})}
	l := newLines(to)
	line := bytes.Repeat([]byte("x"), mostPending/4)
	written := make(chan int, 100)
	go func() {
		for i := range 20 {
			_, _ = l.Write(line)
			written <- i
		}
		close(written)
	}()
	time.Sleep(200 * time.Millisecond)
	if n := len(written); n > 5 { // one under way, four pending
		t.Errorf("%d of 20 lines were taken by a log that stands still", n)
	}
	close(to.gate)
	for range written {
	}
	l.Close()
	if to.text.Len() != 20*len(line) {
		t.Errorf("got %d bytes, want %d", to.text.Len(), 20*len(line))
	}
}

// Who asks a quiet gate and then looks into its log finds the line.
func TestLineThatComesAloneIsThereWhenItIsTaken(t *testing.T) {
	t.Parallel()
	to := &slowLog{gate: make(chan struct{})}
	close(to.gate)
	l := newLines(to)
	defer l.Close()
	for i := range 5 {
		fmt.Fprintln(l, "line")
		to.mu.Lock()
		if to.writes != i+1 {
			t.Errorf("got %d lines, want %d", to.writes, i+1)
		}
		to.mu.Unlock()
		time.Sleep(2 * linger)
	}
}

func TestLogAfterItsEndIsWrittenAtOnce(t *testing.T) {
	t.Parallel()
	to := &slowLog{gate: make(chan struct{})}
	close(to.gate)
	l := newLines(to)
	l.Close()
	fmt.Fprintln(l, "last words")
	if got := to.text.String(); got != "last words\n" {
		t.Errorf("got %q", got)
	}
}
