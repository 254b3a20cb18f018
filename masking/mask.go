package masking

import (
	"bytes"
	"math"
	"slices"
)

// shortest is how long a text must be to hold a secret a detector knows:
// "pin=1".
const shortest = 5

// maxPasses bounds how often a text is masked until nothing more changes.
const maxPasses = 4

// mask masks what is secret in a decoded text. The outcome lives until the
// next call. Masking it again changes nothing: what a replacement brings
// together or apart is masked too.
func (w *work) mask(text []byte) ([]byte, bool) {
	w.dropped = false
	if len(text) < w.p.shortest {
		return text, false
	}
	if len(text) > math.MaxInt32 { // more than a span can tell
		w.place(ruleNested, actionMask)
		return []byte(Token), true
	}
	out, changed := w.pass(text, 0)
	if !changed {
		return text, false
	}
	w.root.quiet++
	defer func() { w.root.quiet-- }()
	for i := 1; i < maxPasses; i++ {
		if out, changed = w.pass(out, i&1); !changed {
			return out, true
		}
	}
	return []byte(Token), true
}

// pass masks text once, into buffer n.
func (w *work) pass(text []byte, n int) ([]byte, bool) {
	w.root.looked += len(text)
	switch mayHold(text) {
	case jsonText:
		if out, changed, done := w.within(text, n); done {
			return out, changed
		}
	case base64Text:
		if w.base64(text) {
			w.place(ruleNested, actionMask)
			return []byte(Token), true
		}
	}
	found, digits := scanGates(text)
	if len(text) > shortestBase64Word {
		if _, _, ok := textWord(text, 0); ok {
			found |= wordBit
		}
	}
	if found&w.p.openers == 0 && digits < minCardDigits && len(w.p.patterns) == 0 {
		return text, false
	}
	return w.detectors(text, found, digits, n)
}

// detectors runs those whose gates are open and replaces what they find.
func (w *work) detectors(text []byte, found gates, digits, n int) ([]byte, bool) {
	w.spans, w.text = w.spans[:0], text
	w.run(text, found, digits)
	if len(w.spans) == 0 {
		return text, false
	}
	sortSpans(w.spans)
	out, last := slices.Grow(w.out[n][:0], len(text)+len(Token)*len(w.spans)), 0
	for i := 0; i < len(w.spans); {
		first, s := i, w.spans[i]
		act := w.spanAction(s.rule)
		for i++; i < len(w.spans) && w.spans[i].start < s.end; i++ {
			if o := w.spans[i]; o.start != s.start || o.end != s.end || w.spanAction(o.rule) != act {
				s.end, act = max(s.end, o.end), Action{Kind: ActToken}
			}
		}
		mark, name := Token, actionMask
		if act.Kind != ActToken {
			mark, name = w.p.mark(act, s.rule, w.domain(s.rule), text[s.start:s.end])
		}
		if w.dropped {
			name = actionDrop
		}
		for _, o := range w.spans[first:i] {
			w.place(o.rule, name)
		}
		out = append(append(out, text[last:s.start]...), mark...)
		last = int(s.end)
	}
	out = append(out, text[last:]...)
	w.out[n] = out
	return out, !bytes.Equal(out, text)
}
