package resolve

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

// askLimit ends a question that nobody waits for any more.
const askLimit = 30 * time.Second

// lookup remembers answers and lets simultaneous misses share one question.
type lookup[V any] struct {
	cache   *otter.Cache[string, entry[V]]
	flights singleflight.Group
	age     time.Duration // 0: kept without end
	now     func() time.Time
	ask     func(ctx context.Context, key string) (V, error)

	mu      sync.Mutex
	forgets uint64 // how often something was forgotten
}

type entry[V any] struct {
	val V
	at  time.Time // when it was asked for: it was true no later than it came
}

func newLookup[V any](size int, age time.Duration, now func() time.Time, ask func(context.Context, string) (V, error)) *lookup[V] {
	return &lookup[V]{
		cache: otter.Must(&otter.Options[string, entry[V]]{MaximumSize: size}),
		age:   age, now: now, ask: ask,
	}
}

func (l *lookup[V]) get(ctx context.Context, key string) (V, error) {
	if val, _, ok := l.known(key); ok {
		return val, nil
	}
	return l.miss(ctx, key)
}

// miss asks upstream. The question outlives the caller who happens to be the
// first, for the others wait for it too.
func (l *lookup[V]) miss(ctx context.Context, key string) (V, error) {
	flight := l.flights.DoChan(key, func() (any, error) {
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), askLimit)
		defer cancel()
		return l.load(free, key)
	})
	var none V
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case res := <-flight:
		if res.Err != nil {
			return none, res.Err
		}
		return res.Val.(V), nil
	}
}

func (l *lookup[V]) load(ctx context.Context, key string) (V, error) {
	m := l.mark()
	val, err := l.ask(ctx, key)
	if err != nil {
		return val, err
	}
	l.learn(m, map[string]V{key: val})
	return val, nil
}

// mark is the moment before a question.
type mark struct {
	at      time.Time
	forgets uint64
}

func (l *lookup[V]) mark() mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	return mark{l.now(), l.forgets}
}

// learn keeps what was asked for since a mark.
func (l *lookup[V]) learn(m mark, vals map[string]V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.forgets != m.forgets { // it may be what was just forgotten
		return
	}
	for key, val := range vals {
		l.cache.Set(key, entry[V]{val, m.at})
	}
}

// known is what is remembered of a key and still counts.
func (l *lookup[V]) known(key string) (val V, at time.Time, ok bool) {
	e, ok := l.cache.GetIfPresent(key)
	return e.val, e.at, ok && (l.age == 0 || l.now().Sub(e.at) < l.age)
}

// forget drops what is known of a key, also what a question under way is
// about to learn; who asks from now on does not join that question.
func (l *lookup[V]) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgets++
	l.flights.Forget(key)
	l.cache.Invalidate(key)
}
