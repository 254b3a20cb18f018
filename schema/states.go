package schema

import (
	"encoding/binary"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	dead   = 0 // nothing here or below is sensitive
	marked = 1 // this place is sensitive and so is all below it, by the policy's own action

	maxStates  = 10_000
	maxEntries = 100_000 // keys, indexes and pattern matches known to states
	maxMatches = 64      // patterns a state tells apart: bits of a word
)

// state is a set of nodes, closed over those applied to the same value. The
// numbers of next states are 0 until known, then one more than the state.
type state struct {
	mark     mark
	nodes    []int
	keys     map[string]*atomic.Int32 // of keys the schema names and that matter
	others   atomic.Int32             // of other keys, where there is no pattern
	matches  []*regexp.Regexp
	mu       sync.RWMutex
	byMatch  map[uint64]int // of other keys, by the patterns they match
	indexes  []atomic.Int32 // the last is for all beyond
	fallback bool           // too many patterns: every key matches all
}

// state is nil for dead and marked, which lead to themselves only.
func (m *Marks) state(at int) *state {
	if at <= marked {
		return nil
	}
	return (*m.states.Load())[at]
}

// reserve takes n entries of those the cache may hold.
func (m *Marks) reserve(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries+n > maxEntries {
		return false
	}
	m.entries += n
	return true
}

// intern gives the set of nodes reached from to on the same value, below a place
// with a mark, its state.
func (m *Marks) intern(to []int, above mark) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	nodes, is := m.closure(to)
	if is = is.under(above); is == drop {
		nodes = nil // nothing below can be stricter
	}
	switch {
	case is == unmarked && len(nodes) == 0:
		return dead
	case is == byPolicy && (len(nodes) == 0 || !m.graph.explicit):
		return marked
	}
	slices.Sort(nodes)
	name := stateName(is, nodes)
	if at, ok := m.ids[string(name)]; ok {
		return at
	}
	states := *m.states.Load()
	s := m.newState(nodes)
	s.mark = is
	size := len(s.keys) + len(s.indexes)
	if len(states) >= maxStates || m.entries+size > maxEntries {
		return marked
	}
	m.entries += size
	m.ids[string(name)] = len(states)
	states = append(states, s)
	m.states.Store(&states)
	return len(states) - 1
}

// stateName tells states apart.
func stateName(is mark, nodes []int) []byte {
	name := binary.BigEndian.AppendUint32(make([]byte, 0, 4+4*len(nodes)), uint32(is))
	for _, i := range nodes {
		name = binary.BigEndian.AppendUint32(name, uint32(i))
	}
	return name
}

// closure follows the edges to the same value, through nodes that matter only.
func (m *Marks) closure(to []int) (nodes []int, is mark) {
	stack := slices.Clone(to)
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &m.graph.nodes[i]
		if m.seen[i] || n.reach == 0 {
			continue
		}
		m.seen[i] = true
		nodes = append(nodes, i)
		is = max(is, n.mark)
		stack = append(append(stack, n.same...), n.heirs...)
	}
	for _, i := range nodes {
		m.seen[i] = false
	}
	return nodes, is
}

func (m *Marks) newState(nodes []int) *state {
	s := &state{nodes: nodes, keys: map[string]*atomic.Int32{}, byMatch: map[uint64]int{}}
	patterns := map[string]bool{}
	longest := 1
	live := func(to int) bool { return m.graph.nodes[to].reach != 0 }
	for _, i := range nodes {
		n := &m.graph.nodes[i]
		apart := slices.ContainsFunc(n.others, live) // from other keys
		for key, child := range n.keys {
			if s.keys[key] == nil && (apart || live(child)) {
				s.keys[key] = new(atomic.Int32)
			}
		}
		for _, p := range n.patterns {
			if text := p.match.String(); !patterns[text] && (apart || live(p.to)) {
				patterns[text] = true
				s.matches = append(s.matches, p.match)
			}
		}
		longest = max(longest, len(n.prefix))
	}
	s.fallback = len(s.matches) > maxMatches
	s.indexes = make([]atomic.Int32, longest)
	return s
}
