package masking

import (
	"bytes"
	"slices"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// pairs follows the objects that hold a name in one member and its value in
// another, as HAR, Postman and Kubernetes write header fields and variables:
// {"name":"Authorization","value":"…"}, in either order; and that of a change,
// as JSON Patch (RFC 6902) and SCIM (RFC 7644) do: {"path":"/password","value":"…"}.
type pairs struct {
	open   []pair // one for each open object with such a member
	values []side // of the open objects, while no name makes them secret
	late   []side // values that turned out secret after they were written
	naming naming // how the value to come names that
}

// pair is an object.
type pair struct {
	depth  int
	values int            // index of its first in pairs.values
	going  bool           // its last value has not ended
	name   jsonscan.Token // a string nobody has looked at: most have no value beside
	as     naming         // how it names
	rule   string         // by which its name is secret
}

// naming is how a member names a value.
type naming uint8

const (
	notNaming naming = iota
	byName
	byPath // with its last step
	byType // if it is a password's
)

// side is a value: its key in the source, and where its key and the value
// itself end in the outcome.
type side struct {
	key        [2]uint32 // where it begins and ends
	start, end int
	rule       string // once it is secret
}

// Bounds of what is kept of values that no name has made secret yet, or that
// turned out secret late: an object has one, seldom two of the former. Values
// past that are masked at once.
const (
	mostValues = 16
	fewLate    = 1 << 10
	lateEvery  = 64 // bytes of a text with more than a few
)

// pairLetter says at little cost whether a member called key, which is not
// long, may be either.
func pairLetter(key []byte) bool {
	const letters = 1<<('c'&31) | 1<<('f'&31) | 1<<('h'&31) | 1<<('k'&31) | 1<<('n'&31) | 1<<('p'&31) | 1<<('v'&31)
	return len(key) > 0 && (1<<(key[0]&31)&letters != 0 || len(key) == len("type") && key[0]|0x20 == 't')
}

// namingOf is how a member called key may name a value. Keycloak has
// {"type":"password","value":"…"}.
func namingOf(key []byte) naming {
	switch {
	case isName(key):
		return byName
	case len(key) == 4 && hasPrefixFold(key, "path"):
		return byPath
	case len(key) == 4 && hasPrefixFold(key, "type"):
		return byType
	}
	return notNaming
}

// isName and isValue say whether a member called key may be one.
func isName(key []byte) bool {
	switch len(key) {
	case 3:
		return hasPrefixFold(key, "key")
	case 4:
		return hasPrefixFold(key, "name")
	case 5:
		return hasPrefixFold(key, "field")
	case 6:
		return hasPrefixFold(key, "header")
	}
	return false
}

// lastStep is the name that a path ends with: of a JSON Pointer, or of SCIM,
// which has colons and dots before it. That of a file is none.
func lastStep(path []byte) []byte {
	for {
		i := bytes.LastIndexAny(path, "/:") + 1
		step := path[i:]
		if i > 1 && (len(step) == 0 || string(step) == "-" || len(bytes.Trim(step, "0123456789")) == 0) {
			path = path[:i-1] // of an array
			continue
		}
		if bytes.IndexByte(path, '/') >= 0 && bytes.IndexByte(step, '.') >= 0 {
			return nil
		}
		return step
	}
}

func isValue(key []byte) bool {
	switch len(key) {
	case 3:
		return hasPrefixFold(key, "val")
	case 5:
		return hasPrefixFold(key, "value")
	case 7:
		return hasPrefixFold(key, "content")
	}
	return false
}

func (p *pairs) reset() {
	p.open, p.values, p.late, p.naming = p.open[:0], p.values[:0], p.late[:0], notNaming
}

func (p *pairs) trim() {
	if p.reset(); cap(p.values) > keep/64 || cap(p.late) > keep/64 {
		*p = pairs{}
	}
}

// at is the pair of the object at depth, or nil.
func (p *pairs) at(depth int) *pair {
	if n := len(p.open); n > 0 && p.open[n-1].depth == depth {
		return &p.open[n-1]
	}
	return nil
}

// pairKey takes in a key, after a value that ended at last in the source. It
// returns the rule by which its value is secret.
func (w *work) pairKey(s *splice, name []byte, tok jsonscan.Token, last int) string {
	p, depth := &w.pairs, w.scan.Depth()
	o := p.at(depth)
	if o != nil && o.going {
		p.values[len(p.values)-1].end, o.going = s.pos(last), false
	}
	value := isValue(name)
	if p.naming = notNaming; !value {
		if p.naming = namingOf(name); p.naming == notNaming {
			return ""
		}
	}
	if o == nil {
		p.open = append(p.open, pair{depth: depth, values: len(p.values)})
		o = &p.open[len(p.open)-1]
	}
	if !value {
		return ""
	}
	w.named(s)
	if o.rule == "" && (len(p.values)-o.values == mostValues || len(p.late) >= max(fewLate, len(s.src)/lateEvery)) {
		return ruleNested
	}
	if o.rule == "" {
		p.values, o.going = append(p.values, side{key: [2]uint32{uint32(tok.Start), uint32(tok.End)}, start: s.pos(tok.End)}), true
	}
	return o.rule
}

// close takes in the end of the object at depth.
func (p *pairs) close(depth int) {
	if o := p.at(depth); o != nil {
		p.values = p.values[:o.values]
		p.open = p.open[:len(p.open)-1]
	}
}

// pairName takes in the name of the innermost object, a string.
func (w *work) pairName(s *splice, tok jsonscan.Token, as naming) {
	p := &w.pairs
	o := &p.open[len(p.open)-1]
	w.named(s)
	if o.name, o.as = tok, as; o.values < len(p.values) {
		w.named(s)
	}
}

// named looks at the name of the innermost object, unless that was done.
func (w *work) named(s *splice) {
	o := &w.pairs.open[len(w.pairs.open)-1]
	tok := o.name
	o.name = jsonscan.Token{}
	if tok.End == 0 || tok.End-tok.Start > longestName {
		return
	}
	name := s.src[tok.Start+1 : tok.End-1]
	if tok.Escaped {
		w.in = jsonscan.AppendString(w.in[:0], s.src[tok.Start:tok.End])
		name = w.in
	}
	if o.as == byPath {
		name = lastStep(name)
	}
	rule := w.p.keys.findEncoded(name)
	if o.as == byType && rule != rulePassword {
		return
	}
	w.pairRule(s, rule)
}

const rulePassword = "key:password"

// pairRule takes in by which rule, if any, the innermost object's name is
// secret, and thereby its values.
func (w *work) pairRule(s *splice, rule string) {
	p := &w.pairs
	o := &p.open[len(p.open)-1]
	if rule == "" || o.rule != "" {
		return
	}
	o.rule = rule
	for _, v := range p.values[o.values:] {
		key := s.src[v.key[0]:v.key[1]]
		if isWord := bytes.TrimLeft(s.src[v.key[1]:], " \t\r\n:")[0]; isWord >= 'f' && isWord <= 't' && !w.p.keys.own[rule] {
			continue // true, false or null, as [work.meant] says
		}
		if w.level > 0 {
			key = nil // the place is the string that all of this is in
		}
		w.root.add(rule, w.lateAction(rule), key)
		v.rule = rule
		if n := len(p.late); n == cap(p.late) {
			p.late = slices.Grow(p.late, n)
		}
		p.late = append(p.late, v)
	}
	p.values = p.values[:o.values]
}

// forget lets go of the value just read of the object at depth: it was taken
// out.
func (p *pairs) forget(depth int) {
	if o := p.at(depth); o != nil && o.going {
		p.values, o.going = p.values[:len(p.values)-1], false
	}
}

// lateAction is the name of what is done to late values by rule: they cannot be
// taken out any more, nor, to keep things simple, shown in part.
func (w *work) lateAction(rule string) string {
	if w.action(rule).Kind == ActPseudonym {
		return actionPseudonym
	}
	return actionMask
}

// maskLate replaces the late values in out.
func (w *work) maskLate(out []byte) ([]byte, bool) {
	p := &w.pairs
	slices.SortFunc(p.late, func(a, b side) int { return a.start - b.start })
	var masked []byte
	last := 0
	for _, v := range p.late {
		start := v.start + bytes.IndexByte(out[v.start:v.end], ':') + 1
		start = v.end - len(bytes.TrimLeft(out[start:v.end], " \t\r\n"))
		if start < last {
			continue // masked along with what it is in
		}
		by := quoted
		if act := w.action(v.rule); act.Kind == ActPseudonym || act.Kind == ActPreserve {
			by, _ = w.replacement(out[start:v.end], v.rule, act)
		}
		if bytes.Equal(out[start:v.end], by) {
			continue
		}
		if masked == nil {
			masked = make([]byte, 0, len(out)+len(quoted)*len(p.late))
		}
		masked = append(append(masked, out[last:start]...), by...)
		last = v.end
	}
	if last == 0 {
		return out, false
	}
	return append(masked, out[last:]...), true
}
