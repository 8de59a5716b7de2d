package proxy

import (
	"hash/maphash"
	"slices"
	"sync"
)

// holds keeps calls about the same thing apart where MLflow is asked first and
// told afterwards: what was asked must still be so. Keys share stripes, which
// at worst makes a call wait for one that it has nothing to do with.
type holds struct {
	once    sync.Once
	seed    maphash.Seed
	stripes [256]sync.Mutex
}

// hold makes other calls about the keys wait until this one has ended.
func (s *session) hold(keys []string) {
	h := &s.p.holds
	h.once.Do(func() { h.seed = maphash.MakeSeed() })
	stripes := make([]int, len(keys))
	for i, k := range keys {
		stripes[i] = int(maphash.String(h.seed, k) % uint64(len(h.stripes)))
	}
	slices.Sort(stripes) // one order for all, or two calls would wait for each other
	s.held = slices.Compact(stripes)
	for _, i := range s.held {
		h.stripes[i].Lock()
	}
}

// release lets the calls go on that waited for this one.
func (s *session) release() {
	for _, i := range s.held {
		s.p.holds.stripes[i].Unlock()
	}
	s.held = nil
}
