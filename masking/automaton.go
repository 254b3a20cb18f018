package masking

import "slices"

// builder makes a matcher's automaton: a trie of the patterns first, then
// each state's way on for every class.
type builder struct {
	m      *matcher
	states []matchState
	edges  []map[byte]int // by byte of a canonical pattern
}

func newBuilder(m *matcher) *builder {
	return &builder{m: m, states: []matchState{{}}, edges: []map[byte]int{{}}}
}

// at is the state of the whole pattern.
func (b *builder) at(pattern string) *matchState {
	st := 0
	for i := range len(pattern) {
		to, ok := b.edges[st][pattern[i]]
		if !ok {
			to = len(b.states)
			b.edges[st][pattern[i]] = to
			b.states = append(b.states, matchState{depth: i + 1})
			b.edges = append(b.edges, map[byte]int{})
		}
		st = to
	}
	return &b.states[st]
}

func (b *builder) compile() {
	b.classes()
	n := len(b.states)
	next := make([]int, n<<classShift)
	// In order of depth, a state's fallback, the state of its longest proper
	// suffix, is complete before the state itself.
	order, fallback := []int{0}, make([]int, n)
	for i := 0; i < len(order); i++ {
		st := order[i]
		if st != 0 {
			copy(next[st<<classShift:(st+1)<<classShift], next[fallback[st]<<classShift:])
			b.inherit(st, fallback[st])
		}
		for c, to := range b.edges[st] {
			at := st<<classShift | int(b.m.class[c])
			if st != 0 {
				fallback[to] = next[at]
			}
			next[at] = to
			order = append(order, to)
		}
	}
	b.number(next)
}

// inherit gives a state what its suffixes say.
func (b *builder) inherit(st, from int) {
	s, f := &b.states[st], b.states[from]
	if s.suffix == "" {
		s.suffix = f.suffix
	}
	if s.stem == "" {
		s.stem = f.stem
	}
}

// classes gives every byte that patterns hold a class of its own.
func (b *builder) classes() {
	m, used := b.m, uint8(classOther)
	for c := 1; c < 256; c++ {
		if slices.ContainsFunc(b.edges, func(e map[byte]int) bool { _, ok := e[byte(c)]; return ok }) {
			used++
			m.class[c] = used
		}
	}
	for c := range m.quick {
		switch b := byte(c); {
		case b == '_' || b == '-' || b == ' ':
			m.quick[c] = classSkip
		case 'A' <= b && b <= 'Z':
			m.quick[c] = m.class[b|0x20]
		case wordByte(b) && b < 0x80:
			m.quick[c] = m.class[b]
		default:
			m.quick[c] = classHard
		}
	}
}

// number writes the table with the states that have met a stem last.
func (b *builder) number(next []int) {
	m, to := b.m, make([]uint32, len(b.states))
	for _, stem := range []bool{false, true} {
		if stem {
			m.hot = uint32(len(m.states)) << classShift
		}
		for st, s := range b.states {
			if (s.stem != "") == stem {
				to[st] = uint32(len(m.states)) << classShift
				m.states = append(m.states, s)
			}
		}
	}
	m.next = make([]uint32, len(next))
	for at, st := range next {
		m.next[to[at>>classShift]|uint32(at&(1<<classShift-1))] = to[st]
	}
}
