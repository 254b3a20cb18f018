package masking

import "slices"

// span is a part of a text to be masked. Texts are shorter than 4 GiB.
type span struct {
	start, end uint32
	rule       string
}

// A text that is dense with secrets has those close to each other masked as
// one, so that the spans take no more memory than the text.
const (
	fewSpans = 1 << 10 // are never too many
	density  = 16      // bytes of text that there are for a span
	nearby   = 2 * density
)

// add has a part of the text at hand masked, unless it is empty, a mark
// already, or a value that detectors are told to leave.
func (w *work) add(start, end int, rule string) {
	part := w.text[start:end]
	act := w.action(rule)
	if len(part) == 0 || w.p.isMark(act, part) || w.p.allowed(rule, part) {
		return
	}
	if act.Kind == ActDrop && w.canDrop {
		w.dropped = true
	}
	if n := len(w.spans); n == cap(w.spans) && n >= fewSpans {
		if n > len(w.text)/density {
			w.join()
		} else {
			w.spans = slices.Grow(w.spans, min(n, len(w.text)/density+1-n))
		}
	}
	w.spans = append(w.spans, span{uint32(start), uint32(end), rule})
}

// spanAction is what becomes of a span by rule: one within a text cannot be
// taken out of it.
func (w *work) spanAction(rule string) Action {
	act := w.action(rule)
	if act.Kind == ActDrop && !w.canDrop {
		act.Kind = ActToken
	}
	return act
}

// join has spans with little between them be one, of no rule of its own. No
// more than half as many as a text may have are left.
func (w *work) join() {
	sortSpans(w.spans)
	n := 0
	for _, s := range w.spans[1:] {
		if last := &w.spans[n]; s.start < last.end+nearby {
			last.end, last.rule = max(last.end, s.end), ruleNested
		} else {
			n++
			w.spans[n] = s
		}
	}
	w.spans = w.spans[:n+1]
}

func sortSpans(spans []span) {
	slices.SortFunc(spans, func(a, b span) int { return int(a.start) - int(b.start) })
}
