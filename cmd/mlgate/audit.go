package main

import (
	"io"
	"sync"

	"mlgate/proxy"
)

// audit writes the line of each call into the log, and sums up the refusals.
type audit struct {
	to      io.Writer
	sum     *refusalSum
	buffers sync.Pool
}

// write takes the line of a call that ends.
func (a *audit) write(l *proxy.AuditLine) {
	a.sum.look(l)
	b, _ := a.buffers.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	*b = l.AppendJSON((*b)[:0])
	_, _ = a.to.Write(*b) // a log that cannot be written has nowhere to say so
	a.buffers.Put(b)
}
