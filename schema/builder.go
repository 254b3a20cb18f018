package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// builder makes graphs. The schemas of one source have most nodes in common, and
// so share them, as long as no dynamic reference adds edges to nodes after the
// fact.
type builder struct {
	lib      *library
	compiler *jsonschema.Compiler
	rules    *ruler
	index    map[met]int
	queue    []met
	nodes    []node
	explicit bool
	beyond   bool             // some node has keywords beyond the evaluator
	dynamic  map[string][]int // nodes by $dynamicAnchor
	scopes   []int            // nodes with $recursiveAnchor
	outward  []int            // nodes whose $recursiveRef may mean any of scopes
	late     []lateRef        // nodes whose $dynamicRef may mean others
}

type lateRef struct {
	from   int
	anchor string
}

// newGraph makes the graph of a schema, with the ruler's builder if it can.
func newGraph(lib *library, compiler *jsonschema.Compiler, root *jsonschema.Schema, rules *ruler) (*graph, error) {
	b := rules.builder
	rules.builder = nil // what fails leaves it half done
	if b == nil {
		b = newBuilder(lib, compiler, rules)
	}
	g, err := b.graph(root)
	if err == nil && g == nil {
		b = newBuilder(lib, compiler, rules)
		g, err = b.graph(root)
	}
	if err == nil && !b.isDynamic() {
		rules.builder = b
	}
	return g, err
}

func newBuilder(lib *library, compiler *jsonschema.Compiler, rules *ruler) *builder {
	return &builder{lib: lib, compiler: compiler, rules: rules, index: map[met]int{}, dynamic: map[string][]int{}}
}

// isDynamic says that some dynamic reference has been met.
func (b *builder) isDynamic() bool { return len(b.late)+len(b.outward) > 0 }

// graph makes the graph of one more schema; none if that takes a builder of its
// own.
func (b *builder) graph(root *jsonschema.Schema) (*graph, error) {
	from := len(b.queue)
	at := b.add(root)
	if err := b.visitAll(from); err != nil {
		return nil, err
	}
	if b.isDynamic() && from > 0 {
		return nil, nil
	}
	if len(b.late) > 0 { // a dynamic reference may lead where no static one does
		more := len(b.queue)
		b.addAnchors()
		if err := b.visitAll(more); err != nil {
			return nil, err
		}
	}
	if i, ok := loop(b.nodes, from); ok {
		return nil, fmt.Errorf("%s refers to itself without going down into the body: break that infinite loop", b.lib.place(b.queue[i].schema))
	}
	for _, from := range b.outward {
		b.nodes[from].same = append(b.nodes[from].same, b.scopes...)
	}
	for _, ref := range b.late {
		b.nodes[ref.from].same = append(b.nodes[ref.from].same, b.dynamic[ref.anchor]...)
	}
	b.spread(from)
	g := &graph{nodes: b.nodes[:len(b.nodes):len(b.nodes)], root: at, explicit: b.explicit}
	if b.beyond {
		g.uncovered = g.beyond()
	}
	return g, nil
}

// visitAll visits the nodes from one on, and those that this adds.
func (b *builder) visitAll(from int) error {
	for i := from; i < len(b.queue); i++ {
		if err := b.visit(i, b.queue[i]); err != nil {
			return err
		}
	}
	return nil
}

// add gives s a node, to be visited later.
func (b *builder) add(s *jsonschema.Schema) int { return b.meet(met{schema: s}) }

func (b *builder) meet(as met) int {
	s := as.schema
	// What dynamic references may lead to has one node.
	as.alone = as.alone && s.DynamicAnchor == "" && !s.RecursiveAnchor
	if i, ok := b.index[as]; ok {
		return i
	}
	i := len(b.queue)
	b.index[as] = i
	b.queue = append(b.queue, as)
	b.nodes = append(b.nodes, node{})
	if s.DynamicAnchor != "" {
		b.dynamic[s.DynamicAnchor] = append(b.dynamic[s.DynamicAnchor], i)
	}
	if s.RecursiveAnchor {
		b.scopes = append(b.scopes, i)
	}
	return i
}

// addAnchors adds what has a $dynamicAnchor, in whatever document.
func (b *builder) addAnchors() {
	b.rules.anchors = map[string]map[int32]*jsonschema.Schema{}
	for _, at := range b.lib.anchors {
		s, err := b.compile(at)
		if err != nil || s.DynamicAnchor == "" {
			continue // what does not compile here applies nowhere: the schema did
		}
		b.add(s)
		in := b.rules.anchors[s.DynamicAnchor]
		if in == nil {
			in = map[int32]*jsonschema.Schema{}
			b.rules.anchors[s.DynamicAnchor] = in
		}
		in[b.rules.resource(s)] = s
	}
}

// compile compiles what stands at a location. The compiler knows documents by
// load URL, its locations by $id.
func (b *builder) compile(location string) (*jsonschema.Schema, error) {
	u, frag, _ := strings.Cut(location, "#")
	if at, ok := b.lib.loaded[u]; ok {
		u = at
	}
	s, err := compileAt(b.compiler, u+"#"+frag)
	b.rules.spoiled = b.rules.spoiled || err != nil
	return s, err
}

// visit fills node i.
func (b *builder) visit(i int, as met) error {
	var n node
	s := as.schema
	for _, keyword := range b.lib.beyond(s) {
		n.uncovered = append(n.uncovered, placeIn(b.rules.names, s.Location+"/"+keyword))
		b.beyond = true
	}
	same := func(list ...*jsonschema.Schema) { n.same = b.addAll(n.same, list...) }
	alone := as.alone || b.isHeir(s)
	composed := func(list ...*jsonschema.Schema) { n.same = b.meetAll(n.same, alone, list...) }

	composed(s.Ref)
	same(s.RecursiveRef, s.DynamicRef, s.Not, s.If, s.Then, s.Else)
	composed(s.AllOf...)
	same(s.AnyOf...)
	same(s.OneOf...)
	for _, name := range slices.Sorted(maps.Keys(s.DependentSchemas)) {
		same(s.DependentSchemas[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		same(asSchema(s.Dependencies[name]))
	}
	if s.RecursiveRef != nil && s.RecursiveRef.RecursiveAnchor {
		b.outward = append(b.outward, i)
	}
	if s.DynamicRef != nil && s.DynamicRef.DynamicAnchor != "" {
		b.late = append(b.late, lateRef{i, s.DynamicRef.DynamicAnchor})
	}

	n.keys = make(map[string]int, len(s.Properties))
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		n.keys[name] = b.add(s.Properties[name])
	}
	for re, to := range s.PatternProperties {
		n.patterns = append(n.patterns, patternEdge{re, b.add(to)})
	}
	n.others = b.addAll(n.others, asSchema(s.AdditionalProperties), s.UnevaluatedProperties)

	if list, ok := s.Items.([]*jsonschema.Schema); ok {
		n.prefix = b.addPrefix(list, asSchema(s.AdditionalItems), s.UnevaluatedItems)
	} else {
		n.prefix = b.addPrefix(s.PrefixItems, s.Items2020, s.UnevaluatedItems)
	}
	n.items = b.addAll(n.items, asSchema(s.Items), s.Contains)
	n.inside = b.addAll(n.inside, s.PropertyNames, s.ContentSchema)

	if err := b.readMarks(&n, s); err != nil {
		return fmt.Errorf("%s%w", b.lib.place(s), err)
	}
	if err := b.addHeirs(&n, as); err != nil {
		return err
	}
	b.nodes[i] = n
	return nil
}

func (b *builder) addAll(to []int, list ...*jsonschema.Schema) []int {
	return b.meetAll(to, false, list...)
}

func (b *builder) meetAll(to []int, alone bool, list ...*jsonschema.Schema) []int {
	for _, s := range list {
		if s != nil {
			to = append(to, b.meet(met{s, alone}))
		}
	}
	return to
}

// addPrefix makes one entry per index and a last one for the rest.
func (b *builder) addPrefix(list []*jsonschema.Schema, rest ...*jsonschema.Schema) (to [][]int) {
	for _, s := range list {
		to = append(to, b.addAll(nil, s))
	}
	if others := b.addAll(nil, rest...); len(others) > 0 || len(list) > 0 {
		to = append(to, others)
	}
	return to
}

// spread works out what is reached from the nodes that are new, and marks those
// with a mark inside. No older node leads to a new one.
func (b *builder) spread(from int) {
	above := make([][]int, len(b.nodes)-from)   // by an edge
	outside := make([][]int, len(b.nodes)-from) // by an inside edge
	var queue []int
	reach := func(i int, is mark, cause int) {
		if n := &b.nodes[i]; n.reach < is {
			n.reach, n.cause = is, cause
			queue = append(queue, i)
		}
	}
	mark := func(i int, is mark, cause int) {
		if n := &b.nodes[i]; n.mark < is {
			n.mark, n.why, n.place = is, b.nodes[cause].why, b.nodes[cause].place
		}
	}
	for i := from; i < len(b.nodes); i++ {
		n := &b.nodes[i]
		lead := func(to int) {
			if to >= from {
				above[to-from] = append(above[to-from], i)
			} else {
				reach(i, b.nodes[to].reach, b.nodes[to].cause)
			}
		}
		n.edges(lead)
		for _, to := range n.heirs {
			lead(to)
		}
		for _, to := range n.inside {
			if to >= from {
				outside[to-from] = append(outside[to-from], i)
			} else {
				mark(i, b.nodes[to].reach, b.nodes[to].cause)
			}
		}
		b.explicit = b.explicit || n.mark > byPolicy
		if n.mark != 0 {
			reach(i, n.mark, i)
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		is, cause := b.nodes[i].reach, b.nodes[i].cause
		for _, out := range outside[i-from] {
			mark(out, is, cause)
			reach(out, is, cause)
		}
		for _, up := range above[i-from] {
			reach(up, is, cause)
		}
	}
}
