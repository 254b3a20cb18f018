package schema

import (
	"strconv"
	"sync"
	"unicode/utf8"
)

// evaluator runs rules over one body. It answers as the compiler's own validator
// does, and, when it reports, with the same leaf causes; a test holds the two
// against each other. Values and keys are indexes of the tape's cells.
type evaluator struct {
	tape
	namer
	slots []int32 // for each object being looked at: its values by slot, 0 where there is none
	scope scope

	left   int  // evaluations still allowed; negative: no bound was set
	bound  bool // left counts
	report bool // gather faults; otherwise the first failure ends it
	faults []Fault
	path   []step

	matching int // what patterns may take still
}

// step is one token of the pointer.
type step struct {
	value int32 // after its key
	index int   // -1 for a key
}

var evaluators = sync.Pool{New: func() any { return new(evaluator) }}

// evaluate says what is wrong with the body on the tape: nothing, or up to
// maxFaults faults, unsorted. A valid body, the usual one, is gone through once;
// any other twice.
func (e *evaluator) evaluate(r *rule, evaluations int) []Fault {
	e.start(evaluations)
	if e.eval(r, 0, "false") {
		return nil
	}
	e.start(evaluations)
	e.report = true
	e.eval(r, 0, "false")
	return e.faults
}

func (e *evaluator) start(evaluations int) {
	e.left, e.bound, e.report = evaluations, evaluations > 0, false
	e.slots, e.path, e.order = e.slots[:0], e.path[:0], e.order[:0]
	e.scope.start()
}

// release makes e ready for another body.
func (e *evaluator) release() {
	e.faults = nil
	if cap(e.slots) > keepCells {
		e.slots = nil
	}
	e.scope.release()
	e.tape.release()
	e.namer.release()
	evaluators.Put(e)
}

// fail notes that a keyword of r failed.
func (e *evaluator) fail(r *rule, keyword string) {
	if e.report {
		e.failAt(keyword, r.at(keyword))
	}
}

func (e *evaluator) failAt(keyword, place string) {
	if e.report && len(e.faults) < maxFaults {
		e.faults = append(e.faults, Fault{e.pointer(), keyword, place})
	}
}

// over says that after a failure nothing more needs looking at.
func (e *evaluator) over() bool { return !e.report || len(e.faults) >= maxFaults }

func (e *evaluator) pointer() string {
	var b []byte
	for _, s := range e.path {
		b = append(b, '/')
		if s.index >= 0 {
			b = strconv.AppendInt(b, int64(s.index), 10)
		} else {
			b = append(b, escapeToken(string(e.bytes(s.value-1)))...)
		}
		if len(b) > maxPointer {
			break
		}
	}
	return ancestor(string(b))
}

// eval says whether v satisfies r. via is the keyword that applies r, which is
// the one to name where r is false.
func (e *evaluator) eval(r *rule, v int32, via string) bool {
	if r.loose != nil || r.outer || r.resource != e.scope.here {
		return e.inScope(r, v, via)
	}
	n := len(e.scope.seen)
	ok := e.check(r, v, via)
	if !ok {
		e.scope.seen = e.scope.seen[:n] // what fails has looked at nothing
	}
	return ok
}

// check runs all of r's keywords but those about what no other has looked at.
func (e *evaluator) check(r *rule, v int32, via string) bool {
	if e.bound {
		if e.left--; e.left < 0 {
			panic(spent{})
		}
	}
	if r.always != nil {
		if !*r.always {
			e.failAt(via, r.place)
		}
		return *r.always
	}
	if r.types != 0 && !e.is(v, r.types) {
		e.fail(r, "type")
		return false
	}
	ok := true
	for i := range r.whole {
		if !r.whole[i].holds(&e.tape, v) {
			e.fail(r, r.whole[i].keyword)
			ok = false
		}
	}
	if !ok && e.over() {
		return false
	}
	switch e.cells[v].is {
	case object:
		ok = (r.object == nil || e.object(r, r.object, v)) && ok
	case array:
		ok = (r.array == nil || e.array(r, r.array, v)) && ok
	case text:
		ok = (r.text == nil || e.text(r, r.text, e.bytes(v))) && ok
	case number:
		ok = (r.number == nil || e.number(r, r.number, e.bytes(v))) && ok
	}
	if !r.applies || !ok && e.over() {
		return ok
	}
	if r.ref != nil && !e.eval(r.ref, v, "$ref") {
		ok = false
	}
	if r.recursive != nil && !e.recursiveRef(r.recursive, v) {
		ok = false
	}
	if r.dynamic != nil && !e.dynamicRef(r.dynamic, v) {
		ok = false
	}
	return e.combine(r, v, ok)
}

// combine runs the keywords that apply rules to the same value.
func (e *evaluator) combine(r *rule, v int32, ok bool) bool {
	if !ok && e.over() {
		return false
	}
	if r.not != nil && e.holds(r.not, v) { // what it has looked at does not matter: r fails
		e.fail(r, "not")
		ok = false
	}
	for _, sub := range r.all {
		if !ok && e.over() {
			return false
		}
		ok = e.eval(sub, v, "allOf") && ok
	}
	if len(r.some) > 0 && !e.anyOf(r, v) {
		ok = false
	}
	if len(r.one) > 0 && !e.oneOf(r, v) {
		ok = false
	}
	if r.cond != nil && (r.then != nil || r.otherwise != nil || e.scope.track) {
		if e.holds(r.cond, v) {
			ok = (r.then == nil || e.eval(r.then, v, "then")) && ok
		} else {
			ok = (r.otherwise == nil || e.eval(r.otherwise, v, "else")) && ok
		}
	}
	return ok
}

// holds evaluates without noting faults.
func (e *evaluator) holds(r *rule, v int32) bool {
	report := e.report
	e.report = false
	ok := e.eval(r, v, "")
	e.report = report
	return ok
}

func (e *evaluator) anyOf(r *rule, v int32) bool {
	ok := false
	for _, sub := range r.some {
		if e.holds(sub, v) {
			if !e.scope.track {
				return true
			}
			ok = true // the others may have looked at something too
		}
	}
	if !ok {
		e.tell(r.some, v, "anyOf")
	}
	return ok
}

func (e *evaluator) oneOf(r *rule, v int32) bool {
	hits := 0
	for _, sub := range r.one {
		if e.holds(sub, v) {
			if hits++; hits > 1 {
				e.fail(r, "oneOf")
				return false
			}
		}
	}
	if hits == 0 {
		e.tell(r.one, v, "oneOf")
	}
	return hits == 1
}

// tell notes why none of the branches holds.
func (e *evaluator) tell(branches []*rule, v int32, via string) {
	for _, sub := range branches {
		if e.over() {
			return
		}
		e.eval(sub, v, via)
	}
}

func (e *evaluator) text(r *rule, t *textRule, s []byte) bool {
	ok := true
	if t.min >= 0 || t.max >= 0 {
		n := utf8.RuneCount(s)
		if t.min >= 0 && n < t.min {
			e.fail(r, "minLength")
			ok = false
		}
		if t.max >= 0 && n > t.max {
			e.fail(r, "maxLength")
			ok = false
		}
	}
	if t.pattern != nil && !e.matches(t.pattern, s) {
		e.fail(r, "pattern")
		ok = false
	}
	return ok
}

func (e *evaluator) number(r *rule, n *numberRule, v []byte) bool {
	ok := true
	check := func(keyword string, holds bool) {
		if !holds {
			e.fail(r, keyword)
			ok = false
		}
	}
	if n.least != nil {
		check("minimum", n.least.compare(v) >= 0)
	}
	if n.above != nil {
		check("exclusiveMinimum", n.above.compare(v) > 0)
	}
	if n.most != nil {
		check("maximum", n.most.compare(v) <= 0)
	}
	if n.below != nil {
		check("exclusiveMaximum", n.below.compare(v) < 0)
	}
	if n.multiple != nil {
		check("multipleOf", n.multiple.divides(v))
	}
	return ok
}
