package masking

import (
	"bytes"
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
	if len(text) < shortest {
		return text, false
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
			w.place(ruleNested)
			return []byte(Token), true
		}
	}
	found, digits := scanGates(text)
	if found&anyGate == 0 && digits < minCardDigits {
		return text, false
	}
	return w.detectors(text, found, digits, n)
}

// span is a part of a text to be masked.
type span struct {
	start, end int
	rule       string
}

func (w *work) add(start, end int, rule string) {
	w.spans = append(w.spans, span{start, end, rule})
}

// detectors runs those whose gates are open and replaces what they find.
func (w *work) detectors(text []byte, found gates, digits, n int) ([]byte, bool) {
	w.spans = w.spans[:0]
	d := &w.p.detect
	if d.credential && found.has(gateURL) {
		w.userinfo(text)
	}
	if d.email && found.has(gateAt) {
		w.emails(text, len(w.spans))
	}
	if d.card && digits >= minCardDigits {
		w.cards(text)
	}
	if d.jwt && found.has(gateBase64) && found.has(gateDot) {
		w.jwts(text)
	}
	if d.key && found.has(gatePEM) {
		w.privateKeys(text)
	}
	if d.credential && (found.has(gateBasic) || found.has(gateBearer)) {
		w.credentials(text)
	}
	if found.has(gateEquals) {
		w.params(text)
	}
	if found.has(gateColon) {
		w.colons(text)
	}
	if found.has(gatePercent) {
		w.encoded(text)
	}
	if len(w.spans) == 0 {
		return text, false
	}
	slices.SortFunc(w.spans, func(a, b span) int { return a.start - b.start })
	out, last := w.out[n][:0], 0
	for i := 0; i < len(w.spans); {
		s := w.spans[i]
		w.place(s.rule)
		for i++; i < len(w.spans) && w.spans[i].start < s.end; i++ {
			s.end = max(s.end, w.spans[i].end)
			w.place(w.spans[i].rule)
		}
		out = append(append(out, text[last:s.start]...), Token...)
		last = s.end
	}
	out = append(out, text[last:]...)
	w.out[n] = out
	return out, !bytes.Equal(out, text)
}
