package schema

import "strconv"

// enter evaluates what a key or an index leads to; -1 is no index.
func (e *evaluator) enter(index int, r *rule, v int32, via string) bool {
	if !e.report {
		return e.below(r, v, via)
	}
	e.path = append(e.path, step{v, index})
	ok := e.below(r, v, via)
	e.path = e.path[:len(e.path)-1]
	return ok
}

func (e *evaluator) object(r *rule, o *objectRule, v int32) bool {
	ok := true
	fail := func(keyword string) {
		e.fail(r, keyword)
		ok = false
	}
	size := int(e.cells[v].size)
	if o.min >= 0 && size < o.min {
		fail("minProperties")
	}
	if o.max >= 0 && size > o.max {
		fail("maxProperties")
	}
	if !ok && e.over() {
		return false
	}
	base := len(e.slots)
	known := e.spread(o, v)
	ok = e.members(r, o, v, base, known) && ok
	e.slots = e.slots[:base]
	return ok
}

// spread puts the values of object v into slots, and says how many of them
// properties names.
func (e *evaluator) spread(o *objectRule, v int32) (known int) {
	base := len(e.slots)
	for range o.slots.keys {
		e.slots = append(e.slots, 0)
	}
	if len(e.slots) == base {
		return 0
	}
	slots := e.slots[base:]
	for key := v + 1; key < e.cells[v].next; key = e.cells[key+1].next {
		if slot := o.slots.of(e.bytes(key)); slot >= 0 {
			slots[slot] = key + 1
			if slot < len(o.props) {
				known++
			}
		}
	}
	return known
}

// members runs the keywords about what object v holds; its slots are from base
// on.
func (e *evaluator) members(r *rule, o *objectRule, v int32, base, known int) bool {
	ok := true
	for _, slot := range o.required {
		if e.slots[base+slot] == 0 {
			e.fail(r, "required")
			ok = false
			break
		}
	}
	for slot, sub := range o.props {
		if !ok && e.over() {
			return false
		}
		if value := e.slots[base+slot]; value != 0 {
			ok = e.enter(-1, sub, value, "properties") && ok
			e.see(value)
		}
	}
	if e.scope.track && (o.open || o.closed || o.additional != nil) {
		e.seeMembers(v)
	}
	if o.names != nil || len(o.patterns) > 0 || o.additional != nil {
		ok = e.keys(r, o, v) && ok
	} else if o.closed && known < int(e.cells[v].size) {
		e.fail(r, "additionalProperties")
		ok = false
	}
	for i := range o.needs {
		if !ok && e.over() {
			return false
		}
		ok = e.need(r, &o.needs[i], v, base) && ok
	}
	return ok
}

// keys runs the keywords that look at every key: sorted where faults are told,
// so that they are the same each time.
func (e *evaluator) keys(r *rule, o *objectRule, v int32) bool {
	ok, extra := true, false
	if e.report {
		for _, key := range e.sortedKeys(nil, v) {
			if !ok && e.over() {
				break
			}
			holds, more := e.key(o, key)
			ok, extra = ok && holds, extra || more
		}
	} else {
		for key := v + 1; key < e.cells[v].next; key = e.cells[key+1].next {
			holds, more := e.key(o, key)
			if !holds {
				return false
			}
			extra = extra || more
		}
	}
	if o.closed && extra {
		e.fail(r, "additionalProperties")
		ok = false
	}
	return ok
}

// key says whether a key and its value hold, and whether the key is additional.
func (e *evaluator) key(o *objectRule, key int32) (ok, extra bool) {
	value, name := key+1, e.bytes(key)
	ok = o.names == nil || e.below(o.names, key, "propertyNames") // at the object: keys may be secrets
	slot := o.slots.of(name)
	extra = slot < 0 || slot >= len(o.props)
	for i := range o.patterns {
		p := &o.patterns[i]
		if !e.matches(p.pattern, name) {
			continue
		}
		extra = false
		e.see(value)
		if p.rule.always != nil {
			ok = e.eval(p.rule, value, "patternProperties") && ok
		} else {
			ok = e.enter(-1, p.rule, value, "patternProperties") && ok
		}
	}
	if extra && o.additional != nil {
		ok = e.enter(-1, o.additional, value, "additionalProperties") && ok
	}
	return ok, extra
}

func (e *evaluator) need(r *rule, d *dependency, v int32, base int) bool {
	if e.slots[base+d.slot] == 0 {
		return true
	}
	if d.rule != nil {
		return e.eval(d.rule, v, d.keyword)
	}
	ok := true
	for i, slot := range d.keys {
		if e.slots[base+slot] == 0 {
			e.failAt(d.keyword, r.at(d.keyword, d.name, strconv.Itoa(i)))
			ok = false
		}
	}
	return ok
}
