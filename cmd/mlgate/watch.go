package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watcher notices when files change. It watches their folders, not the files:
// editors and Kubernetes replace a file by another one, and a watch on the old
// one would never hear of it. What the notifications mean it does not try to
// know; after each burst it looks at the files.
type watcher struct {
	notify   *fsnotify.Watcher
	debounce time.Duration // quiet needed after a change: a file may be half written
	patience time.Duration // look at the latest after this long, quiet or not
	sweep    time.Duration // look anyway, for file systems that notify nobody (NFS)
	log      *slog.Logger
}

func newWatcher(log *slog.Logger) (*watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	return &watcher{
		notify: notify, log: log,
		debounce: 100 * time.Millisecond, patience: 500 * time.Millisecond, sweep: 5 * time.Second,
	}, nil
}

// run calls reload after a change of one of the files that paths names, until
// ctx ends. hangup asks for a reload, changed or not.
func (w *watcher) run(ctx context.Context, paths func() []string, hangup <-chan os.Signal, reload func(why string)) error {
	defer w.notify.Close()
	w.follow(paths())
	seen := signature(paths())
	// The signature is taken before the files are read: what changes meanwhile
	// is found at the next look, at worst by reading the same files twice.
	look := func() {
		now := signature(paths())
		if now == seen {
			return
		}
		seen = now
		reload("files changed")
		w.follow(paths()) // there may be other ones now
	}
	sweep := time.NewTicker(w.sweep)
	defer sweep.Stop()
	quiet, first := time.NewTimer(w.debounce), time.Time{}
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			seen = signature(paths())
			reload("SIGHUP")
			w.follow(paths())
		case <-w.notify.Events:
			if first.IsZero() {
				first = time.Now()
			}
			quiet.Reset(min(w.debounce, max(0, w.patience-time.Since(first))))
		case err := <-w.notify.Errors:
			w.log.Warn("watch files", "error", fmt.Sprint(err))
		case <-quiet.C:
			first = time.Time{}
			look()
		case <-sweep.C:
			look()
		}
	}
}

// follow adds the folders of the files, and of what they link to, to the watch.
// Folders that are watched no longer needed cost a look now and then.
func (w *watcher) follow(paths []string) {
	for _, path := range paths {
		folders := []string{filepath.Dir(path)}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(real))
		}
		for _, folder := range folders {
			if slices.Contains(w.notify.WatchList(), folder) {
				continue
			}
			if err := w.notify.Add(folder); err != nil {
				w.log.Warn("watch files: changes are noticed within seconds only", "folder", folder, "error", err.Error())
			}
		}
	}
}

// signature changes whenever one of the files does, or what it links to.
func signature(paths []string) string {
	var b strings.Builder
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(&b, "%s gone\n", path)
			continue
		}
		fmt.Fprintf(&b, "%s %d %d %v\n", path, info.Size(), info.ModTime().UnixNano(), fileID(info))
	}
	return b.String()
}
