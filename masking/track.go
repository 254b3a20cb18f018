package masking

import "math/bits"

// tracker follows a walk through a document in the automata that go by place:
// path patterns and schema marks.
type tracker struct {
	on    bool
	paths *paths
	marks Marks
	acts  ActionMarks // marks, if they say how
	stack []level
	mark  int      // the marks' state of the value to come
	words int      // how long the paths' sets are
	set   uint64   // the paths' set of the value to come, if it is one word
	ends  uint64   // those of it that are a pattern's end, or 1 if there may be some
	sets  []uint64 // else a set for each open container, then that one
}

// level is an open container.
type level struct {
	array bool
	index int // the next element's
	mark  int
	set   uint64
}

func (t *tracker) start(p *paths, marks Marks) {
	t.paths, t.marks, t.words, t.mark = p, marks, len(p.start), 0
	t.acts, _ = marks.(ActionMarks)
	if marks != nil {
		t.mark = marks.Start()
	}
	t.on = t.words > 0 || t.mark != 0
	t.stack = t.stack[:0]
	t.begin(p.start)
}

// begin has the value to come be at set.
func (t *tracker) begin(set []uint64) {
	t.set, t.sets = 0, t.sets[:0]
	if t.words == 1 {
		t.set = set[0]
		t.ends = t.set & t.paths.accepts[0]
	} else {
		t.ends = 1
		t.sets = append(t.sets, set...)
	}
}

// follow begins where in is: at the value that holds a text within a text.
// What a schema or a pattern says of a place below that value holds of the same
// place below the text, were it written as it is.
func (t *tracker) follow(in *tracker) {
	if t.on = in.on; !t.on {
		return
	}
	t.paths, t.marks, t.acts, t.words, t.mark = in.paths, in.marks, in.acts, in.words, in.mark
	t.stack = t.stack[:0]
	if t.words == 1 {
		t.set, t.ends = in.set, in.ends
	} else {
		t.begin(in.sets[len(in.sets)-in.words:])
	}
}

func (t *tracker) stop() {
	t.on, t.paths, t.marks, t.acts = false, nil, nil, nil
	t.stack, t.sets = t.stack[:0], t.sets[:0]
}

// open begins a container, whose place is that of the value to come.
func (t *tracker) open(array bool) {
	t.stack = append(t.stack, level{array: array, mark: t.mark, set: t.set})
	if t.words > 1 {
		for range t.words {
			t.sets = append(t.sets, 0)
		}
	}
}

func (t *tracker) close() {
	t.stack = t.stack[:len(t.stack)-1]
	if t.words > 1 {
		t.sets = t.sets[:len(t.sets)-t.words]
	}
}

// key says that the value to come is the member of that name.
func (t *tracker) key(name []byte) {
	if name == nil {
		name = []byte{} // nil would stand for an index
	}
	t.move(&t.stack[len(t.stack)-1], name)
}

// element says that the value to come is an array's next, if an array is open.
func (t *tracker) element() {
	if n := len(t.stack); n > 0 && t.stack[n-1].array {
		t.move(&t.stack[n-1], nil)
		t.stack[n-1].index++
	}
}

func (t *tracker) move(in *level, key []byte) {
	if t.mark = in.mark; t.mark != 0 {
		if key != nil {
			t.mark = t.marks.Key(in.mark, key)
		} else {
			t.mark = t.marks.Index(in.mark, in.index)
		}
	}
	if t.words == 1 {
		t.set = t.paths.quick(in.set, key, in.index)
		t.ends = t.set & t.paths.accepts[0]
	} else if t.words > 1 {
		n := len(t.sets) - t.words
		clear(t.sets[n:])
		t.paths.step(t.sets[n:], t.sets[n-t.words:n], key, in.index)
	}
}

// rule is the rule that calls the value to come secret, or "".
func (t *tracker) rule() string {
	if t.mark == 0 && t.ends == 0 {
		return ""
	}
	return t.ending()
}

func (t *tracker) ending() string {
	switch {
	case t.mark != 0 && t.marks.Marked(t.mark):
		return ruleSchema
	case t.words > 1:
		return t.paths.rule(t.sets[len(t.sets)-t.words:])
	case t.words == 1 && t.ends != 0:
		return t.paths.at[bits.TrailingZeros64(t.ends)].rule
	}
	return ""
}

// action is what marks say is to be done with the value to come.
func (t *tracker) action() Action {
	if t.acts == nil || t.mark == 0 {
		return Action{}
	}
	return t.acts.Action(t.mark)
}
