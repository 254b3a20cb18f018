package schema

import (
	"sync"
	"sync/atomic"
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
