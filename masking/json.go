package masking

import (
	"bytes"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// shortestPlain is how long a name of letters and digits must be to hold a
// secret: {"pin":1} in base64.
const shortestPlain = 12

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
	s.out = append(append(s.out, s.src[s.last:start]...), by...)
	s.last, s.changed = end, true
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
			rule = w.member(&s, tok, last)
			continue
		case jsonscan.EndObject, jsonscan.EndArray:
			last = tok.End
			if tok.Kind == jsonscan.EndObject && len(w.pairs.open) > 0 {
				w.pairs.close(w.scan.Depth() + 1)
			}
			if w.track.on {
				w.track.close()
			}
			continue
		case jsonscan.End:
			if len(w.pairs.late) > 0 {
				if out, changed := w.pairs.mask(s.done()); changed {
					return out, true, nil
				}
			}
			if !s.changed {
				return dst, false, nil
			}
			return s.done(), true, nil
		}
		last = tok.End
		naming := w.pairs.naming
		if naming {
			w.pairs.naming = false
			if naming = tok.Kind == jsonscan.String; naming {
				w.pairName(&s, tok)
			}
		}
		if w.track.on {
			w.track.element()
			if rule == "" {
				rule = w.track.rule()
			}
		}
		if rule != "" {
			end, err := w.skip(tok)
			if err != nil {
				return dst, false, err
			}
			w.place(rule)
			s.replace(tok.Start, end, quoted)
			rule, last = "", end
			continue
		}
		switch tok.Kind {
		case jsonscan.BeginObject, jsonscan.BeginArray:
			if w.track.on {
				w.track.open(tok.Kind == jsonscan.BeginArray)
			}
		case jsonscan.String:
			masked, changed := w.value(&s, tok)
			if naming && changed { // masking again must find nothing new
				w.pairRule(&s, w.p.keys.find(masked).rule)
			}
		case jsonscan.Number:
			if tok.End-tok.Start >= shortestCard && w.p.detect.card && cardNumber(src[tok.Start:tok.End]) {
				w.place(ruleCard)
				s.replace(tok.Start, tok.End, quoted)
			}
		}
	}
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

// member looks at a key: it returns the rule that calls its value secret, if
// one does, and masks what is secret in the key itself. The value before it
// ended at last.
func (w *work) member(s *splice, tok jsonscan.Token, last int) (rule string) {
	name := s.src[tok.Start+1 : tok.End-1]
	if tok.Escaped {
		w.key = jsonscan.AppendString(w.key[:0], s.src[tok.Start:tok.End])
		name = w.key
	}
	found := w.p.keys.find(name)
	rule = found.rule
	if len(w.pairs.open) > 0 || len(name)-3 < 5 && pairLetter(name) {
		if by := w.pairKey(s, name, tok, last); rule == "" {
			rule = by
		}
	}
	if w.track.on {
		w.track.key(name)
	}
	if len(name) < shortest || found.plain && len(name) < shortestPlain {
		return rule
	}
	if masked, changed := w.mask(name); changed {
		s.replace(tok.Start, tok.End, jsonscan.AppendQuoted(nil, masked))
		if rule == "" {
			// What is left of the name may be one: masking again must find
			// nothing new.
			rule = w.p.keys.find(masked).rule
		}
	}
	return rule
}

// value masks what is secret in a string, and returns it decoded.
func (w *work) value(s *splice, tok jsonscan.Token) ([]byte, bool) {
	if tok.End-tok.Start < shortest+2 {
		return nil, false
	}
	text := s.src[tok.Start+1 : tok.End-1]
	if tok.Escaped {
		w.in = jsonscan.AppendString(w.in[:0], s.src[tok.Start:tok.End])
		text = w.in
	}
	masked, changed := w.mask(text)
	if changed {
		w.doc = jsonscan.AppendQuoted(w.doc[:0], masked)
		s.replace(tok.Start, tok.End, w.doc)
	}
	return masked, changed
}
