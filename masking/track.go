package masking

// tracker follows a walk through a document in the automata that go by place:
// path patterns and schema marks.
type tracker struct {
	on    bool
	paths *paths
	marks Marks
	stack []level
	sets  []uint64 // a set for each open container, then that of the value to come
	mark  int      // the marks' state of the value to come
	words int
}

// level is an open container.
type level struct {
	array bool
	index int // the next element's
	mark  int
}

func (t *tracker) start(p *paths, marks Marks) {
	t.paths, t.marks, t.words, t.mark = p, marks, len(p.start), 0
	if marks != nil {
		t.mark = marks.Start()
	}
	t.on = t.words > 0 || t.mark != 0
	t.stack = t.stack[:0]
	t.sets = append(t.sets[:0], p.start...)
}

func (t *tracker) stop() {
	t.on, t.paths, t.marks = false, nil, nil
	t.stack, t.sets = t.stack[:0], t.sets[:0]
}

// open begins a container, whose place is that of the value to come.
func (t *tracker) open(array bool) {
	t.stack = append(t.stack, level{array: array, mark: t.mark})
	for range t.words {
		t.sets = append(t.sets, 0)
	}
}

func (t *tracker) close() {
	t.stack = t.stack[:len(t.stack)-1]
	t.sets = t.sets[:len(t.sets)-t.words]
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
	if t.words > 0 {
		n := len(t.sets) - t.words
		clear(t.sets[n:])
		t.paths.step(t.sets[n:], t.sets[n-t.words:n], key, in.index)
	}
}

// rule is the rule that calls the value to come secret, or "".
func (t *tracker) rule() string {
	if t.mark != 0 && t.marks.Marked(t.mark) {
		return "schema"
	}
	if t.words > 0 {
		return t.paths.rule(t.sets[len(t.sets)-t.words:])
	}
	return ""
}
