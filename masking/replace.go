package masking

import "github.com/caddyrec/caddyrec/jsonscan"

// replacement is what stands in place of value, JSON, which rule calls secret,
// and the name of what was done.
func (w *work) replacement(value []byte, rule string, act Action) (by []byte, name string) {
	switch act.Kind {
	case ActPreserve:
		return w.preserved(value), actionMask
	case ActPartial, ActPseudonym:
		text := value
		switch value[0] {
		case '{', '[':
			return quoted, actionMask
		case '"':
			text = jsonscan.AppendString(nil, value)
		}
		mark, name := w.p.mark(act, rule, w.domain(rule), text)
		return jsonscan.AppendQuoted(nil, []byte(mark)), name
	}
	return quoted, actionMask
}

// preserved is value with every leaf masked by another of its type. Keys stay
// but for what a detector finds in them.
func (w *work) preserved(value []byte) []byte {
	var scan jsonscan.Scanner
	scan.Reset(value, limits)
	s := splice{src: value}
	w.root.quiet++
	defer func() { w.root.quiet-- }()
	for {
		tok, err := scan.Next()
		if err != nil {
			return quoted // it was scanned before: not reached
		}
		switch tok.Kind {
		case jsonscan.Key:
			if key, changed := w.mask(jsonscan.AppendString(nil, value[tok.Start:tok.End])); changed {
				s.replace(tok.Start, tok.End, jsonscan.AppendQuoted(nil, key))
			}
		case jsonscan.String:
			s.replace(tok.Start, tok.End, quoted)
		case jsonscan.Number:
			s.replace(tok.Start, tok.End, []byte("0"))
		case jsonscan.True:
			s.replace(tok.Start, tok.End, []byte("false"))
		case jsonscan.End:
			return s.done()
		}
	}
}
