package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// startWatcher watches path and sends what asked for each reload. The sweep is
// off: what these tests see is the notification itself.
func startWatcher(t *testing.T, path string) (reloads chan string, hangup chan os.Signal) {
	t.Helper()
	w, err := newWatcher(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w.sweep = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { cancel(); <-ended })
	reloads, hangup = make(chan string, 100), make(chan os.Signal)
	go func() {
		defer close(ended)
		_ = w.run(ctx, func() []string { return []string{path} }, hangup, func(why string) { reloads <- why })
	}()
	// The watcher is at work when it takes the first signal.
	hangup <- os.Interrupt
	<-reloads
	return reloads, hangup
}

func expectReload(t *testing.T, reloads <-chan string, after string) {
	t.Helper()
	select {
	case <-reloads:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: no reload", after)
	}
}

func expectNone(t *testing.T, reloads <-chan string, after string) {
	t.Helper()
	select {
	case why := <-reloads:
		t.Fatalf("%s: reload because of %s", after, why)
	case <-time.After(700 * time.Millisecond): // more than the watcher's patience
	}
}

func TestEveryWayToChangeAFileIsNoticed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policy.csv")
	put(t, path, "one")
	reloads, _ := startWatcher(t, path)
	put(t, path, "two, longer")
	expectReload(t, reloads, "written in place")
	put(t, path+".new", "six, longer")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	expectReload(t, reloads, "replaced by one of the same size")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expectReload(t, reloads, "removed")
	put(t, path, "back")
	expectReload(t, reloads, "made again")
}

func TestLinksAreFollowed(t *testing.T) {
	t.Parallel()
	folder, elsewhere := t.TempDir(), t.TempDir()
	real, path := filepath.Join(elsewhere, "real.csv"), filepath.Join(folder, "policy.csv")
	put(t, real, "one")
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	reloads, _ := startWatcher(t, path)
	put(t, real, "two, longer")
	expectReload(t, reloads, "the link's target was written")
}

// The state file lies in the same folder as often as not, and is written all day.
func TestOtherFilesOfTheFolderCauseNoReload(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "policy.csv")
	put(t, path, "one")
	reloads, _ := startWatcher(t, path)
	put(t, filepath.Join(folder, "mlgate.db"), "state")
	expectNone(t, reloads, "another file was written")
}

// A file that is written in pieces is read when it is complete.
func TestBurstOfWritesIsOneReload(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policy.csv")
	put(t, path, "one")
	reloads, _ := startWatcher(t, path)
	// A machine that is busy may take longer over the writes than the watcher waits:
	// that is no burst, and the next one may be.
	for try := range 20 {
		begin := time.Now()
		for i := range 5 {
			put(t, path, fmt.Sprint("burst ", try, i))
		}
		burst := time.Since(begin) < 50*time.Millisecond
		expectReload(t, reloads, "five writes")
		if burst {
			expectNone(t, reloads, "five writes and a reload")
			return
		}
		time.Sleep(700 * time.Millisecond)
		for len(reloads) > 0 {
			<-reloads
		}
	}
	t.Fatal("in twenty tries the machine never wrote five small files within 50 ms")
}

func TestHangUpReloadsUnchangedFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policy.csv")
	put(t, path, "one")
	reloads, hangup := startWatcher(t, path)
	hangup <- os.Interrupt
	if why := <-reloads; why != "SIGHUP" {
		t.Errorf("got %q, want SIGHUP", why)
	}
}
