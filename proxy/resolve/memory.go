package resolve

import (
	"slices"
	"sync"

	"github.com/maypok86/otter/v2"
)

// modelVersion is one version of a registered model.
type modelVersion struct{ name, version string }

// perPlace bounds what is remembered of one place.
const perPlace = 32

// memory holds which model versions were seen to lie where. It is a hint and
// no more: versions are deleted, models renamed.
type memory struct {
	mu    sync.Mutex
	cache *otter.Cache[string, []modelVersion]
}

func newMemory(size int) *memory {
	return &memory{cache: otter.Must(&otter.Options[string, []modelVersion]{MaximumSize: max(size, 1)})}
}

func (m *memory) add(place string, v modelVersion) {
	m.mu.Lock()
	defer m.mu.Unlock()
	have, _ := m.cache.GetIfPresent(place)
	if slices.Contains(have, v) {
		return
	}
	if len(have) >= perPlace {
		have = have[1:]
	}
	m.cache.Set(place, append(slices.Clone(have), v))
}

func (m *memory) at(place string) []modelVersion {
	have, _ := m.cache.GetIfPresent(place)
	return have
}
