package oidc

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestAPanicOverAnAnswerIsAnError(t *testing.T) {
	t.Parallel()
	c := &cached[int]{
		fetch:  func(context.Context) (int, error) { panic("odd key") },
		now:    time.Now,
		failed: func(context.Context, error) {},
	}
	_, err := c.get(t.Context(), func(int) bool { return true })
	if err == nil || !strings.Contains(err.Error(), "odd key") {
		t.Errorf("got %v", err)
	}
}

func TestPausesGrowUpToABound(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	c := &cached[int]{now: func() time.Time { return now }}
	last := time.Duration(0)
	for range 40 {
		c.keep(0, context.DeadlineExceeded)
		pause := c.next.Sub(now)
		if pause < last || pause <= 0 || pause > maxPause {
			t.Fatalf("pause of %v after one of %v", pause, last)
		}
		last = pause
	}
	if last != maxPause {
		t.Errorf("got %v at last, want %v", last, maxPause)
	}
}
