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
	marked = 1 // this place is sensitive, and so is all below it

	maxStates  = 10_000
	maxEntries = 100_000 // keys, indexes and pattern matches known to states
	maxMatches = 64      // patterns a state tells apart: bits of a word
)

// Marks tells which places of a body a schema calls sensitive, whatever the
// body: a place is marked if any evaluation could apply a marked schema to it,
// through any branch, taken or not. Begin with [Marks.Start] at the body's root
// and go down with [Marks.Key] and [Marks.Index]; states are small numbers, good
// for this Marks only. State 0 is dead: nothing there or below is marked. All
// below a marked place is marked.
//
// States are worked out when first reached and kept, in bounded memory whatever
// the bodies: keys are kept only if the schema names them. A schema that needs
// more than 10,000 states has the places beyond marked.
//
// Marks is safe for concurrent use. A nil or zero Marks marks everything.
type Marks struct {
	graph  *graph
	start  int
	states atomic.Pointer[[]*state]

	mu      sync.Mutex
	ids     map[string]int // by set of nodes
	entries int
	seen    []bool // scratch of intern
}

// state is a set of nodes, closed over those applied to the same value. The
// numbers of next states are 0 until known, then one more than the state.
type state struct {
	nodes    []int
	keys     map[string]*atomic.Int32 // of keys the schema names and that matter
	others   atomic.Int32             // of other keys, where there is no pattern
	matches  []*regexp.Regexp
	targets  [][]int // by pattern
	mu       sync.RWMutex
	byMatch  map[uint64]int // of other keys, by the patterns they match
	indexes  []atomic.Int32 // the last is for all beyond
	fallback bool           // too many patterns: every key matches all
}

func newMarks(g *graph) *Marks {
	m := &Marks{graph: g, ids: map[string]int{}, seen: make([]bool, len(g.nodes))}
	m.states.Store(&[]*state{nil, nil})
	m.start = m.intern([]int{0})
	return m
}

// Empty says that the schema calls no place sensitive.
func (m *Marks) Empty() bool { return m.Start() == dead }

// Start is the state of a body's root.
func (m *Marks) Start() int {
	if m == nil || m.graph == nil {
		return marked
	}
	return m.start
}

// Marked says that the place itself is sensitive, with all below it.
func (m *Marks) Marked(at int) bool { return at == marked }

// Key is the state of the value at a key, decoded, of the object at state at.
func (m *Marks) Key(at int, key []byte) int {
	s := m.state(at)
	if s == nil {
		return at
	}
	if next, ok := s.keys[string(key)]; ok {
		if to := next.Load(); to != 0 {
			return int(to - 1)
		}
		return keep(next, m.intern(m.byKey(s, key, true)))
	}
	if len(s.matches) == 0 {
		if to := s.others.Load(); to != 0 {
			return int(to - 1)
		}
		return keep(&s.others, m.intern(m.byKey(s, key, false)))
	}
	return m.byPattern(s, key)
}

// Index is the state of the value at index i, from 0, of the array at state at.
func (m *Marks) Index(at, i int) int {
	s := m.state(at)
	if s == nil {
		return at
	}
	i = min(max(i, 0), len(s.indexes)-1)
	if to := s.indexes[i].Load(); to != 0 {
		return int(to - 1)
	}
	return keep(&s.indexes[i], m.intern(m.byIndex(s, i)))
}

func keep(next *atomic.Int32, to int) int {
	next.Store(int32(to + 1))
	return to
}

// state is nil for dead and marked, which lead to themselves only.
func (m *Marks) state(at int) *state {
	if at <= marked {
		return nil
	}
	return (*m.states.Load())[at]
}

// byKey is what applies to the value at a key.
func (m *Marks) byKey(s *state, key []byte, named bool) []int {
	var to []int
	for _, i := range s.nodes {
		n := &m.graph.nodes[i]
		if child, ok := n.keys[string(key)]; named && ok {
			to = append(to, child)
		}
		to = append(to, n.others...) // also where a property matches
	}
	for p, re := range s.matches {
		if s.fallback || re.Match(key) {
			to = append(to, s.targets[p]...)
		}
	}
	return to
}

// byPattern is Key for a key no node names: clients make up as many as they
// like, so it is known by the patterns it matches.
func (m *Marks) byPattern(s *state, key []byte) int {
	var match uint64
	if !s.fallback {
		for p, re := range s.matches {
			if re.Match(key) {
				match |= 1 << p
			}
		}
	}
	s.mu.RLock()
	to, ok := s.byMatch[match]
	s.mu.RUnlock()
	if ok {
		return to
	}
	to = m.intern(m.byKey(s, key, false))
	if m.reserve(1) {
		s.mu.Lock()
		s.byMatch[match] = to
		s.mu.Unlock()
	}
	return to
}

func (m *Marks) byIndex(s *state, i int) []int {
	var to []int
	for _, at := range s.nodes {
		n := &m.graph.nodes[at]
		to = append(to, n.items...)
		if len(n.prefix) > 0 {
			to = append(to, n.prefix[min(i, len(n.prefix)-1)]...)
		}
	}
	return to
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

// intern gives the set of nodes reached from to on the same value its state.
func (m *Marks) intern(to []int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	nodes, found := m.closure(to)
	if found {
		return marked
	}
	if len(nodes) == 0 {
		return dead
	}
	slices.Sort(nodes)
	name := make([]byte, 0, 4*len(nodes))
	for _, i := range nodes {
		name = binary.BigEndian.AppendUint32(name, uint32(i))
	}
	if at, ok := m.ids[string(name)]; ok {
		return at
	}
	states := *m.states.Load()
	s := m.newState(nodes)
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

// closure follows the edges to the same value, through live nodes only. found
// says that one of them is marked.
func (m *Marks) closure(to []int) (nodes []int, found bool) {
	stack := slices.Clone(to)
	for len(stack) > 0 && !found {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &m.graph.nodes[i]
		if m.seen[i] || !n.live {
			continue
		}
		m.seen[i] = true
		nodes = append(nodes, i)
		found = n.marked
		stack = append(stack, n.same...)
	}
	for _, i := range nodes {
		m.seen[i] = false
	}
	return nodes, found
}

func (m *Marks) newState(nodes []int) *state {
	s := &state{nodes: nodes, keys: map[string]*atomic.Int32{}, byMatch: map[uint64]int{}}
	patterns := map[string]int{}
	longest := 1
	for _, i := range nodes {
		n := &m.graph.nodes[i]
		for key, child := range n.keys {
			if s.keys[key] == nil && m.graph.nodes[child].live {
				s.keys[key] = new(atomic.Int32)
			}
		}
		for _, p := range n.patterns {
			if !m.graph.nodes[p.to].live {
				continue
			}
			at, ok := patterns[p.match.String()]
			if !ok {
				at = len(s.matches)
				patterns[p.match.String()] = at
				s.matches = append(s.matches, p.match)
				s.targets = append(s.targets, nil)
			}
			s.targets[at] = append(s.targets[at], p.to)
		}
		longest = max(longest, len(n.prefix))
	}
	s.fallback = len(s.matches) > maxMatches
	s.indexes = make([]atomic.Int32, longest)
	return s
}
