//go:build unix

package basic

import (
	"os"
	"syscall"
)

// keepOwner gives f the owner of the file at path, if there is one and we may.
func keepOwner(f *os.File, path string) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(st.Uid), int(st.Gid)) // only root may; others own it anyway
	}
}
