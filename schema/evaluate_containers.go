package schema

import (
	"slices"
	"strconv"
)

// enter evaluates what a key or an index leads to.
func (e *evaluator) enter(to step, r *rule, v any, via string) bool {
	if !e.report {
		return e.eval(r, v, via)
	}
	e.path = append(e.path, to)
	ok := e.eval(r, v, via)
	e.path = e.path[:len(e.path)-1]
	return ok
}

func (e *evaluator) object(r *rule, o *objectRule, v map[string]any) bool {
	ok := true
	fail := func(keyword string) {
		e.fail(r, keyword)
		ok = false
	}
	if o.min >= 0 && len(v) < o.min {
		fail("minProperties")
	}
	if o.max >= 0 && len(v) > o.max {
		fail("maxProperties")
	}
	if slices.ContainsFunc(o.required, func(key string) bool { _, there := v[key]; return !there }) {
		fail("required")
	}
	for i := range o.props {
		if !ok && e.over() {
			return false
		}
		p := &o.props[i]
		if value, there := v[p.name]; there {
			ok = e.enter(step{p.name, -1}, p.rule, value, "properties") && ok
		}
	}
	if o.names != nil || len(o.patterns) > 0 || o.additional != nil || o.closed {
		ok = e.keys(r, o, v) && ok
	}
	for i := range o.needs {
		if !ok && e.over() {
			return false
		}
		ok = e.need(r, &o.needs[i], v) && ok
	}
	return ok
}

// keys runs the keywords that look at every key: in order where faults are
// told, so that they are the same each time.
func (e *evaluator) keys(r *rule, o *objectRule, v map[string]any) bool {
	ok, extra := true, false
	one := func(key string, value any) {
		if o.names != nil {
			ok = e.eval(o.names, key, "propertyNames") && ok // at the object: keys may be secrets
		}
		additional := !o.byName[key]
		for i := range o.patterns {
			p := &o.patterns[i]
			if !p.re.MatchString(key) {
				continue
			}
			additional = false
			if p.rule.always != nil {
				ok = e.eval(p.rule, value, "patternProperties") && ok
			} else {
				ok = e.enter(step{key, -1}, p.rule, value, "patternProperties") && ok
			}
		}
		if !additional {
			return
		}
		extra = true
		if o.additional != nil {
			ok = e.enter(step{key, -1}, o.additional, value, "additionalProperties") && ok
		}
	}
	if e.report {
		for _, key := range keysOf(v) {
			if !ok && e.over() {
				break
			}
			one(key, v[key])
		}
	} else {
		for key, value := range v {
			if one(key, value); !ok {
				return false
			}
		}
	}
	if o.closed && extra {
		e.fail(r, "additionalProperties")
		ok = false
	}
	return ok
}

func (e *evaluator) need(r *rule, d *dependency, v map[string]any) bool {
	if _, there := v[d.name]; !there {
		return true
	}
	if d.rule != nil {
		return e.eval(d.rule, v, d.keyword)
	}
	ok := true
	for i, key := range d.keys {
		if _, there := v[key]; !there {
			e.failAt(d.keyword, r.at(d.keyword, d.name, strconv.Itoa(i)))
			ok = false
		}
	}
	return ok
}

func (e *evaluator) array(r *rule, a *arrayRule, v []any) bool {
	ok := true
	fail := func(keyword string) {
		e.fail(r, keyword)
		ok = false
	}
	if a.min >= 0 && len(v) < a.min {
		fail("minItems")
	}
	if a.max >= 0 && len(v) > a.max {
		fail("maxItems")
	}
	if a.unique && !distinct(v) {
		fail("uniqueItems")
	}
	for i, item := range v {
		if !ok && e.over() {
			return false
		}
		if i < len(a.prefix) {
			ok = e.enter(step{"", i}, a.prefix[i], item, a.prefixKeyword) && ok
		} else if a.rest != nil {
			ok = e.enter(step{"", i}, a.rest, item, a.restKeyword) && ok
		} else {
			break
		}
	}
	if a.closed && len(v) > len(a.prefix) {
		fail("additionalItems")
	}
	if a.contains != nil && (ok || !e.over()) {
		ok = e.contains(r, a, v) && ok
	}
	return ok
}

func (e *evaluator) contains(r *rule, a *arrayRule, v []any) bool {
	hits := 0
	var misses []int
	for i, item := range v {
		if e.holds(a.contains, item) {
			hits++
		} else if e.report && len(misses) < maxFaults {
			misses = append(misses, i)
		}
	}
	ok := true
	if a.minHas >= 0 && hits < a.minHas {
		ok = false
		if hits == len(v) {
			e.fail(r, "minContains")
		}
		for _, i := range misses {
			if e.over() {
				break
			}
			e.enter(step{"", i}, a.contains, v[i], "contains")
		}
	}
	if a.maxHas >= 0 && hits > a.maxHas {
		e.fail(r, "maxContains")
		ok = false
	}
	return ok
}
