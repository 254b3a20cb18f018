package masking

// member is an object's member, as far as it has been read: enough to take it
// out again.
type member struct {
	start int  // its key in the source; none when negative
	prev  int  // where the value before it ended, or the object began
	drop  bool // because of its key

	out, last int // of the splice before it
	changed   bool
}

// begin notes a member whose key begins at start.
func (w *work) begin(s *splice, start, prev int) {
	w.member = member{start: start, prev: prev, out: len(s.out), last: s.last, changed: s.changed}
}

// keep notes that the value at hand stays, whatever becomes of it.
func (w *work) keep() {
	if n := len(w.kept); n > 0 {
		w.kept[n-1] = true
	}
}

// drop takes the value out that begins at start and ends at end, its key and
// one comma with it. What stood before it in the same text ended at prev.
func (w *work) drop(s *splice, start, end, prev int) {
	if m := &w.member; m.start >= 0 {
		start, prev = m.start, m.prev
		s.out, s.last, s.changed = s.out[:m.out], m.last, m.changed
	}
	if w.kept[len(w.kept)-1] {
		s.cut(prev, end)
	} else {
		s.cut(start, nextSibling(s.src, end))
	}
	w.pairs.forget(w.scan.Depth())
}

// nextSibling is where the element or member after the one that ends at end
// begins, or end when that is the last.
func nextSibling(src []byte, end int) int {
	i := end + leadingSpace(src[end:])
	if i == len(src) || src[i] != ',' {
		return end
	}
	i++
	return i + leadingSpace(src[i:])
}

func leadingSpace(text []byte) int {
	n := 0
	for n < len(text) && (text[n] == ' ' || text[n] == '\t' || text[n] == '\r' || text[n] == '\n') {
		n++
	}
	return n
}

// cut leaves out a part of the source.
func (s *splice) cut(start, end int) {
	s.room(start - s.last)
	s.out = append(s.out, s.src[s.last:start]...)
	s.last, s.changed = end, true
}
