package masking

import (
	"bytes"
	"slices"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// shortestPlain is how long a name of letters and digits must be to hold a
// secret: 123-45-6789, or {"pin":1} in base64.
const shortestPlain = 11

// splice copies a text but for the parts replaced.
type splice struct {
	src, out []byte
	last     int // src is copied up to here
	changed  bool
}

func (s *splice) replace(start, end int, by []byte) {
	if bytes.Equal(s.src[start:end], by) {
		return
	}
	s.room(start - s.last + len(by))
	s.out = append(append(s.out, s.src[s.last:start]...), by...)
	s.last, s.changed = end, true
}

// room makes room for n bytes more: at first, for about all of the text. Where
// it is inlined, document as a whole is slower by a twelfth.
//
//go:noinline
func (s *splice) room(n int) {
	if cap(s.out)-len(s.out) < n {
		s.out = slices.Grow(s.out, max(n, len(s.src)-s.last+len(Token), len(s.out)/2))
	}
}

// pos is where what is at i in the source, copied or not, is in the outcome.
func (s *splice) pos(i int) int { return len(s.out) + i - s.last }

// done is the outcome as a whole.
func (s *splice) done() []byte { return append(s.out, s.src[s.last:]...) }

// document masks src, JSON, in one pass and appends the outcome to dst, or
// nothing when nothing changes.
func (w *work) document(dst, src []byte) ([]byte, bool, error) {
	w.scan.Reset(src, limits)
	w.pairs.reset()
	w.grant, w.kind = 0, 0
	w.kept, w.member, w.keyMember = w.kept[:0], member{start: -1}, false
	s := splice{src: src, out: dst}
	rule := "" // that calls the value to come secret
	last := 0  // where the last value ended
	for {
		tok, err := w.scan.Next()
		if err != nil {
			return dst, false, err
		}
		if w.level == 0 {
			w.root.located = false
		}
		switch tok.Kind {
		case jsonscan.Key:
			rule = w.key(&s, tok, last)
			continue
		case jsonscan.EndObject, jsonscan.EndArray:
			last = tok.End
			if w.drops {
				w.kept = w.kept[:len(w.kept)-1]
			}
			if tok.Kind == jsonscan.EndObject && len(w.pairs.open) > 0 {
				w.pairs.close(w.scan.Depth() + 1)
			}
			if w.track.on {
				w.track.close()
			}
			continue
		case jsonscan.End:
			if len(w.pairs.late) > 0 {
				if out, changed := w.maskLate(s.done()); changed {
					return out, true, nil
				}
			}
			if !s.changed {
				return dst, false, nil
			}
			return s.done(), true, nil
		}
		prev := last
		last = tok.End
		naming := w.pairs.naming
		if naming != notNaming {
			if w.pairs.naming = notNaming; tok.Kind == jsonscan.String {
				w.pairName(&s, tok, naming)
			} else {
				naming = notNaming
			}
		}
		if w.track.on {
			w.track.element()
			if rule == "" {
				rule = w.track.rule()
			}
		}
		if w.keyMember {
			w.keyMember = false
			if rule == "" && tok.Kind == jsonscan.String && w.isKeyMaterial(&s, tok) {
				rule = rulePrivateKey
			}
		}
		if rule != "" || w.member.drop {
			if rule = w.meant(tok, rule); rule != "" || w.member.drop {
				if last, err = w.secret(&s, tok, rule, prev); err != nil {
					return dst, false, err
				}
				rule, w.member.start, w.member.drop = "", -1, false
				continue
			}
		}
		w.dropped = false
		switch tok.Kind {
		case jsonscan.BeginObject, jsonscan.BeginArray:
			if w.drops {
				w.keep()
				w.kept, w.member.start = append(w.kept, false), -1
			}
			if w.track.on {
				w.track.open(tok.Kind == jsonscan.BeginArray)
			}
			continue
		case jsonscan.String:
			masked, changed := w.value(&s, tok)
			if naming != notNaming && changed { // masking again must find nothing new
				w.pairRule(&s, w.p.keys.findEncoded(masked))
			}
		case jsonscan.Number:
			if tok.End-tok.Start >= shortestCard || len(w.p.patterns) > 0 {
				w.number(&s, tok)
			}
		}
		if w.drops {
			if w.dropped {
				w.drop(&s, tok.Start, tok.End, prev)
			} else {
				w.keep()
			}
			w.member.start = -1
		}
	}
}

// secret replaces the value that begins with tok, which rule calls secret, or
// takes it out, and returns where it ends. The value before it ended at prev.
func (w *work) secret(s *splice, tok jsonscan.Token, rule string, prev int) (end int, err error) {
	act := Action{Kind: ActDrop}
	if !w.member.drop {
		act = w.action(rule)
	}
	array := tok.Kind == jsonscan.BeginObject || tok.Kind == jsonscan.BeginArray
	end = tok.End
	if act.Kind == ActDrop && len(w.kept) == 0 {
		act.Kind = ActToken
	}
	switch {
	case act.Kind == ActDrop:
		if rule != "" {
			w.place(rule, actionDrop)
		}
	case act.Kind == ActToken || array:
		w.place(rule, actionMask)
	}
	if array {
		if end, err = w.skip(tok); err != nil {
			return 0, err
		}
	}
	switch {
	case act.Kind == ActDrop:
		w.drop(s, tok.Start, end, prev)
		return end, nil
	case act.Kind == ActToken:
		s.replace(tok.Start, end, quoted)
	default:
		by, name := w.replacement(s.src[tok.Start:end], rule, act)
		if !array {
			w.place(rule, name)
		}
		s.replace(tok.Start, end, by)
	}
	w.keep()
	return end, nil
}

// number masks a number that a detector finds.
func (w *work) number(s *splice, tok jsonscan.Token) {
	text, rule := s.src[tok.Start:tok.End], ""
	if len(text) >= shortestCard && w.p.detect.has(detectCard) && cardNumber(text) && !w.p.allowed(ruleCard, text) {
		rule = ruleCard
	} else if len(w.p.patterns) > 0 {
		rule = w.p.numberRule(text)
	}
	if rule == "" {
		return
	}
	act := w.action(rule)
	if w.dropped = act.Kind == ActDrop && w.canDropHere(); w.dropped {
		w.place(rule, actionDrop)
		return
	}
	by, name := w.replacement(text, rule, act)
	w.place(rule, name)
	s.replace(tok.Start, tok.End, by)
}

// skip passes over the value that begins with tok and returns where it ends.
func (w *work) skip(tok jsonscan.Token) (int, error) {
	if tok.Kind != jsonscan.BeginObject && tok.Kind != jsonscan.BeginArray {
		return tok.End, nil
	}
	for depth := w.scan.Depth(); w.scan.Depth() >= depth; {
		var err error
		if tok, err = w.scan.Next(); err != nil {
			return 0, err
		}
	}
	return tok.End, nil
}

// key looks at a key: it returns the rule that calls its value secret, if
// one does, and masks what is secret in the key itself. The value before it
// ended at last.
func (w *work) key(s *splice, tok jsonscan.Token, last int) (rule string) {
	name := s.src[tok.Start+1 : tok.End-1]
	if tok.Escaped {
		w.name = jsonscan.AppendString(w.name[:0], s.src[tok.Start:tok.End])
		name = w.name
	}
	if w.drops {
		w.begin(s, tok.Start, last)
	}
	w.keyMember = len(name) <= len("dp") && isKeyMember(name) && w.p.detect.has(detectPrivateKey)
	var slot *knownName
	var known knownName
	if n := len(name); n > 0 && n <= longestKnown {
		if slot, known = w.names.of(name); *slot == known {
			if len(w.pairs.open) > 0 || n-3 < 5 && pairLetter(name) {
				rule, w.counts = w.pairKey(s, name, tok, last), false
			}
			if w.track.on {
				w.track.key(name)
			}
			return rule
		}
	}
	found := w.p.keys.find(name)
	if rule = found.rule; rule == "" && bytes.IndexByte(name, '%') >= 0 {
		rule = w.p.keys.findEncoded(name)
	}
	if rule == ruleToken {
		w.counts = namesTokens(name)
	}
	if len(w.pairs.open) > 0 || len(name)-3 < 5 && pairLetter(name) {
		if by := w.pairKey(s, name, tok, last); rule == "" {
			rule, w.counts = by, false
		}
	}
	if w.track.on {
		w.track.key(name)
	}
	if len(name) >= w.p.shortest && !(found.plain && len(name) < w.p.plain) {
		w.canDrop = w.canDropHere()
		if masked, changed := w.mask(name); changed {
			w.member.drop = w.dropped
			w.doc = jsonscan.AppendQuoted(w.doc[:0], masked)
			s.replace(tok.Start, tok.End, w.doc)
			if rule == "" {
				// What is left of the name may be one: masking again must find
				// nothing new.
				rule, w.counts = w.p.keys.findEncoded(masked), false
			}
			return rule
		}
	}
	if rule == "" && lookedAt(name) {
		return w.looks(name, s.src, tok.End) // of each anew
	}
	if slot != nil && found.plain && found.rule == "" {
		*slot = known
	}
	return rule
}

// isKeyMaterial says whether a string is a private part of a JSON Web Key, if its
// name is that of one.
func (w *work) isKeyMaterial(s *splice, tok jsonscan.Token) bool {
	text := s.src[tok.Start+1 : tok.End-1]
	if tok.Escaped {
		w.in = jsonscan.AppendString(w.in[:0], s.src[tok.Start:tok.End])
		text = w.in
	}
	return w.p.isKeyMaterial(text)
}

// canDropHere says whether the value at hand can be taken out of something.
func (w *work) canDropHere() bool { return w.drops && len(w.kept) > 0 }

// value masks what is secret in a string, and returns it decoded.
func (w *work) value(s *splice, tok jsonscan.Token) ([]byte, bool) {
	if tok.End-tok.Start < w.p.shortest+2 {
		return nil, false
	}
	text := s.src[tok.Start+1 : tok.End-1]
	if tok.Escaped {
		w.in = jsonscan.AppendString(w.in[:0], s.src[tok.Start:tok.End])
		text = w.in
	}
	w.canDrop = w.canDropHere()
	masked, changed := w.mask(text)
	if changed && !w.dropped {
		w.doc = jsonscan.AppendQuoted(w.doc[:0], masked)
		s.replace(tok.Start, tok.End, w.doc)
	}
	return masked, changed
}
