package schema

func (e *evaluator) array(r *rule, a *arrayRule, v int32) bool {
	ok := true
	fail := func(keyword string) {
		e.fail(r, keyword)
		ok = false
	}
	size, end := int(e.cells[v].size), e.cells[v].next
	if a.min >= 0 && size < a.min {
		fail("minItems")
	}
	if a.max >= 0 && size > a.max {
		fail("maxItems")
	}
	if a.unique && !e.distinct(&e.tape, v) {
		fail("uniqueItems")
	}
	for i, item := 0, v+1; item < end; i, item = i+1, e.cells[item].next {
		if !ok && e.over() {
			return false
		}
		if i < len(a.prefix) {
			ok = e.enter(i, a.prefix[i], item, a.prefixKeyword) && ok
		} else if a.rest != nil {
			ok = e.enter(i, a.rest, item, a.restKeyword) && ok
		} else if !a.open {
			break
		}
		e.see(item)
	}
	if a.closed && size > len(a.prefix) {
		fail("additionalItems")
	}
	if a.contains != nil && (ok || !e.over()) {
		ok = e.contains(r, a, v) && ok
	}
	return ok
}

func (e *evaluator) contains(r *rule, a *arrayRule, v int32) bool {
	hits := 0
	var misses []step
	for i, item := 0, v+1; item < e.cells[v].next; i, item = i+1, e.cells[item].next {
		if e.holdsBelow(a.contains, item) {
			hits++
			if a.evaluates {
				e.see(item)
			}
		} else if e.report && len(misses) < maxFaults {
			misses = append(misses, step{item, i})
		}
	}
	ok := true
	if a.minHas >= 0 && hits < a.minHas {
		ok = false
		if hits == int(e.cells[v].size) {
			e.fail(r, "minContains")
		}
		for _, miss := range misses {
			if e.over() {
				break
			}
			e.enter(miss.index, a.contains, miss.value, "contains")
		}
	}
	if a.maxHas >= 0 && hits > a.maxHas {
		e.fail(r, "maxContains")
		ok = false
	}
	return ok
}
