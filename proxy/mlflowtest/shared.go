package mlflowtest

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// Shared is one server for all tests of a package, started when the first of
// them asks for it and ended after the last.
type Shared struct {
	opts []Option
	once sync.Once
	dir  string
	srv  *Server
	err  error
}

// NewShared makes the package's shared server; nothing starts yet.
func NewShared(opts ...Option) *Shared { return &Shared{opts: opts} }

// Run runs the tests and then ends the servers; its result is for os.Exit.
func (s *Shared) Run(m *testing.M, others ...*Shared) int {
	code := m.Run()
	for _, s := range append(others, s) {
		s.end(code)
	}
	return code
}

// end ends the server; where tests failed, it shows the end of its log.
func (s *Shared) end(code int) {
	if s.srv != nil {
		s.srv.end()
		if code != 0 {
			fmt.Fprintf(os.Stderr, "end of MLflow's log:\n%s\n", tail(s.srv.Log(), 60))
		}
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// Server is the running server. Tests share its data: name everything with
// [Name], or start a server of your own.
func (s *Shared) Server(t testing.TB) *Server {
	t.Helper()
	s.once.Do(func() {
		if s.dir, s.err = os.MkdirTemp("", "mlflowtest-"); s.err == nil {
			s.srv, s.err = start(s.dir, s.opts)
		}
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.srv
}

// Name makes a name that no other test uses, below prefix: cv/x becomes
// cv/x-TestThat. It is legal for models too, when prefix is.
func Name(t testing.TB, prefix string) string {
	return prefix + "-" + strings.Map(func(r rune) rune {
		if r == '/' || r == ':' || r == ' ' || r == '#' {
			return '-'
		}
		return r
	}, t.Name())
}
