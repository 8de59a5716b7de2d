//go:build unix && !aix && !solaris

package basic

import (
	"strings"
	"testing"
	"time"
)

func TestALockThatIsHeldIsWaitedForAndThenToldOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unlock, err := lockFolder(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(dir, 30*time.Millisecond); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("got %v while the lock is held", err)
	}
	time.AfterFunc(50*time.Millisecond, unlock)
	again, err := lockFolder(dir, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
