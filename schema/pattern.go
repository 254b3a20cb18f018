package schema

import (
	"math"
	"regexp"
	"regexp/syntax"
)

// pattern is a regular expression. The usual kind, anchored and plain such as
// ^[A-Z]{3}-[0-9]+$, is matched in one go without the engine.
type pattern struct {
	re    *regexp.Regexp
	parts []stretch
	plain bool // parts are it
	size  int  // of its program, each instruction of which may run for each byte
	end   bool // of plain: anchored there too
}

// stretch is a number of characters of one ASCII set.
type stretch struct {
	set      ascii
	min, max int
}

type ascii [2]uint64

func (a *ascii) add(c rune)        { a[c>>6] |= 1 << (c & 63) }
func (a *ascii) has(c byte) bool   { return c < 0x80 && a[c>>6]>>(c&63)&1 != 0 }
func (a ascii) meets(b ascii) bool { return a[0]&b[0] != 0 || a[1]&b[1] != 0 }

func newPattern(re *regexp.Regexp) *pattern {
	p := &pattern{re: re}
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return p
	}
	if prog, err := syntax.Compile(tree.Simplify()); err == nil {
		p.size = len(prog.Inst)
	}
	trees := flatten(nil, tree)
	if len(trees) == 0 || trees[0].Op != syntax.OpBeginText {
		return p
	}
	trees = trees[1:]
	if n := len(trees); n > 0 && trees[n-1].Op == syntax.OpEndText {
		p.end, trees = true, trees[:n-1]
	}
	for _, part := range trees {
		r, ok := stretchOf(part)
		if !ok {
			return p
		}
		p.parts = append(p.parts, r)
	}
	p.plain = greedy(p.parts)
	return p
}

// flatten lists what a concatenation consists of, one character at a time.
func flatten(to []*syntax.Regexp, tree *syntax.Regexp) []*syntax.Regexp {
	switch tree.Op {
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range tree.Sub {
			to = flatten(to, sub)
		}
	case syntax.OpLiteral:
		for _, c := range tree.Rune {
			to = append(to, &syntax.Regexp{Op: syntax.OpLiteral, Flags: tree.Flags, Rune: []rune{c}})
		}
	case syntax.OpEmptyMatch:
	default:
		to = append(to, tree)
	}
	return to
}

func stretchOf(part *syntax.Regexp) (stretch, bool) {
	r := stretch{min: 1, max: 1}
	switch part.Op {
	case syntax.OpStar:
		r.min, r.max = 0, math.MaxInt
	case syntax.OpPlus:
		r.max = math.MaxInt
	case syntax.OpQuest:
		r.min = 0
	case syntax.OpRepeat:
		if r.min, r.max = part.Min, part.Max; r.max < 0 {
			r.max = math.MaxInt
		}
	default:
		return r, r.set.fill(part)
	}
	return r, r.set.fill(part.Sub[0])
}

// fill takes in the characters of a class or of a literal; false where they are
// not ASCII alone.
func (a *ascii) fill(part *syntax.Regexp) bool {
	switch {
	case part.Op == syntax.OpLiteral && len(part.Rune) == 1 && part.Flags&syntax.FoldCase == 0 && part.Rune[0] < 0x80:
		a.add(part.Rune[0])
		return true
	case part.Op == syntax.OpCharClass:
		for i := 0; i < len(part.Rune); i += 2 {
			if part.Rune[i+1] >= 0x80 {
				return false
			}
			for c := part.Rune[i]; c <= part.Rune[i+1]; c++ {
				a.add(c)
			}
		}
		return true
	}
	return false
}

// greedy says that it is never of use to a part to take less than it can: none
// that may come right after it begins with a character of its own.
func greedy(parts []stretch) bool {
	for i, r := range parts {
		if r.min == r.max {
			continue
		}
		for _, next := range parts[i+1:] {
			if r.set.meets(next.set) {
				return false
			}
			if next.min > 0 {
				break
			}
		}
	}
	return true
}

// match says that the pattern is found in text.
func (p *pattern) match(text []byte) bool {
	if !p.plain {
		return p.re.Match(text)
	}
	at := 0
	for i := range p.parts {
		r := &p.parts[i]
		from := at
		for at < len(text) && at-from < r.max && r.set.has(text[at]) {
			at++
		}
		if at-from < r.min {
			return false
		}
	}
	return !p.end || at == len(text)
}
