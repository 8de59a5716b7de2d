//go:build unix

package main

import (
	"os"
	"syscall"
)

// fileID tells a file from another one of the same size and time that was put in
// its place.
func fileID(info os.FileInfo) any {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return [3]int64{int64(stat.Ino), int64(stat.Ctim.Sec), int64(stat.Ctim.Nsec)} //nolint:unconvert // types differ by platform
	}
	return nil
}
