package proxy

import (
	"sync"

	"mlgate/auth"
	"mlgate/policy"
	"mlgate/proxy/console"
)

// Mode says what happens to refusals.
type Mode string

// The modes. Everything but Enforce is loud in log, header, metrics and readyz.
const (
	Open    Mode = "open"    // anonymous callers pass, nothing is refused
	Warn    Mode = "warn"    // sign-in needed, refusals only recorded
	Enforce Mode = "enforce" // refusals are given
)

// Snapshot is everything about callers and rights that may change while
// mlgate runs. It is immutable; a call reads it once, so that no call sees the
// policy of one moment and the users of another.
type Snapshot struct {
	Who     auth.Authenticator
	Policy  *policy.Policy
	Tokens  console.Tokens
	SignIn  *console.SignIn // nil: nobody signs in in the browser
	Mode    Mode
	Contact string

	rights rightsCache
}

// rightsCache keeps the rights of identities that were seen: resolving roles
// costs more than deciding. It is bounded by starting anew.
type rightsCache struct {
	mu sync.RWMutex
	m  map[string]*policy.Rights
}

const mostRights = 10_000

// rightsOf gives what an identity may do under the snapshot's policy.
func (s *Snapshot) rightsOf(id *auth.Identity) *policy.Rights {
	key := id.Key()
	s.rights.mu.RLock()
	r := s.rights.m[key]
	s.rights.mu.RUnlock()
	if r != nil {
		return r
	}
	r = s.Policy.Rights(console.CallerOf(id))
	s.rights.mu.Lock()
	defer s.rights.mu.Unlock()
	if s.rights.m == nil || len(s.rights.m) >= mostRights {
		s.rights.m = map[string]*policy.Rights{}
	}
	s.rights.m[key] = r
	return r
}
