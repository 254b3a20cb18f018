package schema

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
)

// Mark is a place of bodies that a schema calls sensitive, for people to read.
type Mark struct {
	// Place is a JSON Pointer in which "*" stands for any element, or for any key
	// that nothing else names, and {regexp} for the keys that match. One that ends
	// in "/**" repeats another: Why says which, Schema and Action are empty.
	Place string
	// Why is the keyword that says so: x-sensitive, x-mask, writeOnly or
	// format: password; or "repeats" and a place.
	Why string
	// Schema is where that stands, as in [Fault.Schema].
	Schema string
	// Action and Keep are as of [Marks.Action].
	Action string
	Keep   int
}

// Bounds of what Sensitive tells.
const (
	maxPlaces  = 1_000
	maxVisited = 20_000
)

// Sensitive lists the outermost places that [Schema.Marks] marks, and the
// schemas that call them so, sorted: at most 1,000. A schema that applies itself
// further down is told once.
func (s *Schema) Sensitive() []Mark {
	if s.marks == nil || s.marks.graph == nil || s.marks.Empty() {
		return nil
	}
	l := &lister{marks: s.marks, left: maxVisited, open: map[string]string{}}
	l.visit([]int{s.marks.graph.root}, "")
	slices.SortFunc(l.list, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Why, b.Why), cmp.Compare(a.Schema, b.Schema))
	})
	return slices.Compact(l.list)
}

// lister goes through the places of a schema.
type lister struct {
	marks *Marks
	list  []Mark
	left  int
	open  map[string]string // places from the root to here, by what applies to them
}

func (l *lister) visit(to []int, place string) {
	if l.left--; l.left < 0 || len(l.list) >= maxPlaces {
		return
	}
	l.marks.mu.Lock()
	nodes, is := l.marks.closure(to)
	l.marks.mu.Unlock()
	if len(nodes) == 0 {
		return
	}
	slices.Sort(nodes)
	if is != unmarked {
		for _, i := range nodes {
			if n := &l.marks.graph.nodes[i]; n.mark != unmarked {
				action, keep := n.mark.action()
				l.list = append(l.list, Mark{place, n.why, n.place, action, keep})
			}
		}
		return
	}
	// A schema object that does nothing but refer makes no other place.
	nodes = slices.DeleteFunc(nodes, func(i int) bool {
		n := &l.marks.graph.nodes[i]
		return len(n.keys)+len(n.patterns)+len(n.others)+len(n.prefix)+len(n.items) == 0
	})
	name := string(stateName(is, nodes))
	if above, ok := l.open[name]; ok {
		l.list = append(l.list, Mark{Place: place + "/**", Why: "repeats " + strconv.Quote(above)})
		return
	}
	l.open[name] = place
	l.below(nodes, place)
	delete(l.open, name)
}

// below visits what is below a place: a key that is named, the keys of a
// pattern, any other key, an element.
func (l *lister) below(nodes []int, place string) {
	s := l.marks.newState(nodes)
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		l.visit(l.marks.byKey(s, []byte(key)), place+"/"+escapeToken(key))
	}
	var patterns []string
	for _, re := range s.matches {
		patterns = append(patterns, re.String())
	}
	slices.Sort(patterns)
	for _, pattern := range append(patterns, "") { // "": none of them
		var to []int
		for _, i := range nodes {
			n := &l.marks.graph.nodes[i]
			taken := false
			for _, p := range n.patterns {
				if pattern != "" && p.match.String() == pattern {
					to, taken = append(to, p.to), true
				}
			}
			if !taken {
				to = append(to, n.others...)
			}
		}
		if pattern == "" {
			l.visit(to, place+"/*")
		} else {
			l.visit(to, place+"/{"+escapeToken(pattern)+"}")
		}
	}
	for i := range s.indexes {
		here := strconv.Itoa(i)
		if i == len(s.indexes)-1 {
			here = "*"
		}
		l.visit(l.marks.byIndex(s, i), place+"/"+here)
	}
}
