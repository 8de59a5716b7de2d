//go:build !unix || aix || solaris

package basic

import "time"

// lockFolder does nothing: folders cannot be locked here.
func lockFolder(string, time.Duration) (unlock func(), err error) { return func() {}, nil }
