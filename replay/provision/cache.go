package provision

import "sync"

// generations is a map that is bounded: it forgets the older half of what it
// holds when it is full, but nothing of the last size entries.
type generations[K comparable, V any] struct {
	size int

	mu       sync.RWMutex
	now, old map[K]V
}

func newGenerations[K comparable, V any](size int) *generations[K, V] {
	return &generations[K, V]{size: size, now: map[K]V{}}
}

func (g *generations[K, V]) get(k K) (V, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if v, ok := g.now[k]; ok {
		return v, true
	}
	v, ok := g.old[k]
	return v, ok
}

func (g *generations[K, V]) put(k K, v V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.now) >= g.size {
		g.old, g.now = g.now, make(map[K]V, g.size)
	}
	g.now[k] = v
}

// change puts what fn makes of the entry of k, which may be the zero value, in
// its place, and returns it.
func (g *generations[K, V]) change(k K, fn func(V) V) V {
	g.mu.Lock()
	defer g.mu.Unlock()
	v, ok := g.now[k]
	if !ok {
		v = g.old[k]
		if len(g.now) >= g.size {
			g.old, g.now = g.now, make(map[K]V, g.size)
		}
	}
	v = fn(v)
	g.now[k] = v
	return v
}
