//go:build unix && !aix && !solaris

package basic

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lockFolder keeps others out who lock the same folder, and waits for them. The
// folder and not the file: the file is replaced, and whoever waited for the old
// one would hold a lock on nothing. Nothing is left behind, also by who is killed.
//
// A file system that has no locks, as some network ones, is done without: two
// who change users there at once are rare, and that nobody could is worse.
func lockFolder(dir string, wait time.Duration) (unlock func(), err error) {
	f, err := os.Open(dir) // #nosec G304 -- the admin names the file in it
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(wait); ; time.Sleep(10 * time.Millisecond) {
		switch err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil, errors.Is(err, syscall.EBADF), errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EINVAL):
			return func() { _ = f.Close() }, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return nil, errors.Join(err, f.Close())
		case time.Now().After(until):
			return nil, errors.Join(errors.New("another program holds the lock: try again when it has ended"), f.Close())
		}
	}
}
