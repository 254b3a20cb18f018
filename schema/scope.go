package schema

import (
	"errors"
	"slices"
)

// scope is what an evaluation remembers beyond the value it looks at: the way it
// came, for $dynamicRef and $recursiveRef, and the members or elements that some
// keyword has looked at, for unevaluatedProperties and unevaluatedItems.
type scope struct {
	here      int32       // the resource of the rule being run
	resources []int32     // those gone through, outermost first
	outermost *rule       // of those gone through with $recursiveAnchor
	running   []following // dynamic references being followed

	track bool    // somebody asks what has been looked at in this value
	seen  []int32 // values that have been looked at; one may be there twice
}

type following struct {
	rule  *rule
	value int32
}

func (s *scope) start() {
	*s = scope{resources: s.resources[:0], running: s.running[:0], seen: s.seen[:0]}
}

func (s *scope) release() {
	clear(s.running[:cap(s.running)])
	s.start()
	if cap(s.seen) > keepCells {
		s.seen = nil
	}
}

// looped is what the evaluator panics with.
type looped struct{}

var errLooped = errors.New("the schema refers to itself without going down into the body: break that loop")

// inScope evaluates a rule that changes the scope, or asks about it.
func (e *evaluator) inScope(r *rule, v int32, via string) bool {
	s := &e.scope
	from, here, outermost, track := len(s.seen), s.here, s.outermost, s.track
	if r.resource != here {
		s.here, s.resources = r.resource, append(s.resources, r.resource)
	}
	if r.outer && outermost == nil {
		s.outermost = r
	}
	s.track = track || r.loose != nil
	ok := e.check(r, v, via)
	if r.loose != nil && (ok || !e.over() && (r.types == 0 || e.is(v, r.types))) {
		ok = e.loose(r.loose, v, from) && ok
	}
	if !ok || !track {
		s.seen = s.seen[:from]
	}
	if r.resource != here {
		s.resources = s.resources[:len(s.resources)-1]
	}
	s.here, s.outermost, s.track = here, outermost, track
	return ok
}

// loose evaluates what is not among those seen since from.
func (e *evaluator) loose(l *looseRule, v int32, from int) bool {
	c := &e.cells[v]
	rule := l.props
	if c.is == array {
		rule = l.items
	}
	if rule == nil || c.is != array && c.is != object {
		return true
	}
	seen := e.scope.seen[from:]
	slices.Sort(seen)
	unseen := func(value int32) bool {
		_, found := slices.BinarySearch(seen, value)
		return !found
	}
	ok := true
	switch {
	case c.is == array:
		for i, item := 0, v+1; item < c.next && (ok || !e.over()); i, item = i+1, e.cells[item].next {
			if unseen(item) {
				ok = e.enter(i, rule, item, "unevaluatedItems") && ok
				e.see(item)
			}
		}
	case e.report:
		for _, key := range e.sortedKeys(nil, v) {
			if unseen(key+1) && (ok || !e.over()) {
				ok = e.looseMember(rule, key+1) && ok
			}
		}
	default:
		for key := v + 1; key < c.next && ok; key = e.cells[key+1].next {
			if unseen(key + 1) {
				ok = e.looseMember(rule, key+1)
			}
		}
	}
	return ok
}

// looseMember tells of a key that must not be there at the object: the key may
// be a secret.
func (e *evaluator) looseMember(r *rule, value int32) bool {
	e.see(value)
	if r.always != nil {
		return e.below(r, value, "unevaluatedProperties")
	}
	return e.enter(-1, r, value, "unevaluatedProperties")
}

// see notes that a keyword has looked at a member or an element.
func (e *evaluator) see(value int32) {
	if e.scope.track {
		e.scope.seen = append(e.scope.seen, value)
	}
}

func (e *evaluator) seeMembers(v int32) {
	for key := v + 1; key < e.cells[v].next; key = e.cells[key+1].next {
		e.see(key + 1)
	}
}

// below evaluates a value inside the one being looked at, or a key.
func (e *evaluator) below(r *rule, v int32, via string) bool {
	if !e.scope.track {
		return e.eval(r, v, via)
	}
	n := len(e.scope.seen)
	e.scope.track = false
	ok := e.eval(r, v, via)
	e.scope.track, e.scope.seen = true, e.scope.seen[:n]
	return ok
}

// holdsBelow is below without noting faults.
func (e *evaluator) holdsBelow(r *rule, v int32) bool {
	report := e.report
	e.report = false
	ok := e.below(r, v, "")
	e.report = report
	return ok
}

func (e *evaluator) recursiveRef(r *rule, v int32) bool {
	if r.outer && e.scope.outermost != nil {
		r = e.scope.outermost
	}
	return e.follow(r, v, "$recursiveRef")
}

func (e *evaluator) dynamicRef(d *dynamicRef, v int32) bool {
	for _, resource := range e.scope.resources {
		if r, ok := d.rules[resource]; ok {
			return e.follow(r, v, "$dynamicRef")
		}
	}
	return e.follow(d.static, v, "$dynamicRef")
}

// follow stops at a rule that is being run on the same value already: only
// dynamic references can lead to that, the others are looked through at load.
func (e *evaluator) follow(r *rule, v int32, via string) bool {
	s := &e.scope
	for i := len(s.running) - 1; i >= 0 && s.running[i].value == v; i-- {
		if s.running[i].rule == r {
			panic(looped{})
		}
	}
	s.running = append(s.running, following{r, v})
	ok := e.eval(r, v, via)
	s.running = s.running[:len(s.running)-1]
	return ok
}
