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

func newMarks(g *graph) *Marks {
	if g.nodes[g.root].reach == 0 {
		g = &graph{nodes: make([]node, 1)} // the rest need not be kept
	}
	m := &Marks{graph: g, ids: map[string]int{}, seen: make([]bool, len(g.nodes))}
	m.states.Store(&[]*state{nil, nil})
	m.start = m.intern([]int{g.root}, unmarked)
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
func (m *Marks) Marked(at int) bool {
	s := m.state(at)
	return at == marked || s != nil && s.mark != unmarked
}

// Action is what x-mask wants done at a marked place: token, partial (keep is
// how many characters stay), pseudonym or drop; "" leaves it to the policy, as
// for a place that is not marked. Where several schemas mark a place, one with an
// action goes before one without, and drop before token, pseudonym and partial.
// Below a marked place the action may only get stricter.
func (m *Marks) Action(at int) (action string, keep int) {
	if s := m.state(at); s != nil {
		return s.mark.action()
	}
	return "", 0
}

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
		return keep(next, m.intern(m.byKey(s, key), s.mark))
	}
	if len(s.matches) == 0 {
		if to := s.others.Load(); to != 0 {
			return int(to - 1)
		}
		return keep(&s.others, m.intern(m.byKey(s, key), s.mark))
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
	return keep(&s.indexes[i], m.intern(m.byIndex(s, i), s.mark))
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
func (m *Marks) byKey(s *state, key []byte) []int {
	var to []int
	for _, i := range s.nodes {
		n := &m.graph.nodes[i]
		child, taken := n.keys[string(key)]
		if taken {
			to = append(to, child)
		}
		for _, p := range n.patterns {
			if s.fallback || p.match.Match(key) {
				to = append(to, p.to)
				taken = !s.fallback || taken
			}
		}
		if !taken {
			to = append(to, n.others...)
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
	to = m.intern(m.byKey(s, key), s.mark)
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
		stack = append(stack, n.same...)
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
