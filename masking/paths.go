package masking

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// paths are path patterns as one nondeterministic automaton. A position is a
// segment still to be matched, or the end of a pattern; a state is a set of
// positions, one bit each.
type paths struct {
	at      []position
	start   []uint64
	accepts []uint64 // the positions that are ends

	// For patterns of up to 64 positions, which are most, a step is taken by
	// kind at once: what * and ** match, and the literals by the length of
	// their keys.
	one, many uint64
	byLength  [longestQuick + 1]uint64 // the last is for all longer keys
	numbers   uint64                   // the literals that may be an index
}

const longestQuick = 31

type position struct {
	kind  segment
	text  string // literal: the key
	index int    // literal: the index it may be, or -1
	rule  string // accept
}

type segment uint8

const (
	literal segment = iota
	anyOne          // *
	anyMany         // **
	accept
)

func newPaths(patterns []string) (*paths, error) {
	p := &paths{}
	var starts []int
	for _, pat := range patterns {
		starts = append(starts, len(p.at))
		if pat != "" {
			if pat[0] != '/' {
				return nil, fmt.Errorf("paths: %q does not begin with /; begin it with one", pat)
			}
			for _, seg := range strings.Split(pat[1:], "/") {
				pos, err := newPosition(seg)
				if err != nil {
					return nil, fmt.Errorf("paths: %q: %w", pat, err)
				}
				p.at = append(p.at, pos)
			}
		}
		p.at = append(p.at, position{kind: accept, rule: "path:" + pat})
	}
	p.start = make([]uint64, (len(p.at)+63)/64)
	p.accepts = make([]uint64, len(p.start))
	for at := range p.at {
		if p.at[at].kind == accept {
			p.accepts[at>>6] |= 1 << (at & 63)
		}
	}
	for _, at := range starts {
		p.enter(p.start, at)
	}
	if len(p.start) == 1 {
		p.quicken()
	}
	return p, nil
}

func newPosition(seg string) (position, error) {
	switch seg {
	case "*":
		return position{kind: anyOne}, nil
	case "**":
		return position{kind: anyMany}, nil
	}
	for i := range len(seg) {
		if seg[i] == '~' && (i+1 == len(seg) || seg[i+1] != '0' && seg[i+1] != '1') {
			return position{}, fmt.Errorf("~ must be written ~0, and / within a key ~1")
		}
	}
	pos := position{text: jsonscan.UnescapeToken(seg), index: -1}
	if n, err := strconv.Atoi(pos.text); err == nil && strconv.Itoa(n) == pos.text {
		pos.index = n
	}
	return pos, nil
}

// enter adds position at to set, and what may follow it at no step.
func (p *paths) enter(set []uint64, at int) {
	for {
		set[at>>6] |= 1 << (at & 63)
		if p.at[at].kind != anyMany {
			return
		}
		at++
	}
}

// step adds to set, empty, where one step leads from the positions of from:
// along key, or when key is nil along index.
func (p *paths) step(set, from []uint64, key []byte, index int) {
	for i, w := range from {
		for ; w != 0; w &= w - 1 {
			at := i<<6 + bits.TrailingZeros64(w)
			switch pos := &p.at[at]; pos.kind {
			case anyOne:
				p.enter(set, at+1)
			case anyMany:
				p.enter(set, at)
			case literal:
				if key != nil && string(key) == pos.text || key == nil && index == pos.index {
					p.enter(set, at+1)
				}
			}
		}
	}
}

func (p *paths) quicken() {
	for at, pos := range p.at {
		bit := uint64(1) << at
		switch pos.kind {
		case anyOne:
			p.one |= bit
		case anyMany:
			p.many |= bit
		case literal:
			p.byLength[min(len(pos.text), longestQuick)] |= bit
			if pos.index >= 0 {
				p.numbers |= bit
			}
		}
	}
}

// quick is step where a set is one word.
func (p *paths) quick(from uint64, key []byte, index int) uint64 {
	next := from&p.many | from&p.one<<1
	literals := from & p.numbers
	if key != nil {
		literals = from & p.byLength[min(len(key), longestQuick)]
	}
	for ; literals != 0; literals &= literals - 1 {
		at := bits.TrailingZeros64(literals)
		if pos := &p.at[at]; key != nil && string(key) == pos.text || key == nil && index == pos.index {
			next |= 2 << at
		}
	}
	for more := next & p.many << 1; more&^next != 0; more = next & p.many << 1 {
		next |= more
	}
	return next
}

// rule is the rule of the first pattern that ends in set, or "".
func (p *paths) rule(set []uint64) string {
	for i, w := range set {
		if w &= p.accepts[i]; w != 0 {
			return p.at[i<<6+bits.TrailingZeros64(w)].rule
		}
	}
	return ""
}
