package schema

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// graph is a compiled schema as places see it: a node for each schema object
// that could apply somewhere in a body, and edges for how it comes to apply.
// Node 0 is the root.
type graph struct{ nodes []node }

// node is one schema object. Edges are indexes of nodes.
type node struct {
	marked bool // its place is sensitive
	live   bool // a sensitive place can be reached from its place

	same     []int          // applied to the same value
	keys     map[string]int // applied to the value at a key
	patterns []patternEdge
	others   []int   // applied to the value at any key
	prefix   [][]int // applied to the value at an index; beyond: items
	items    []int   // applied to the value at any index
	inside   []int   // applied to keys, to the content of a string, or by no reading
	// of the standard: a mark there marks the place itself
}

type patternEdge struct {
	match *regexp.Regexp
	to    int
}

// builder makes a graph.
type builder struct {
	lib      *library
	compiler *jsonschema.Compiler
	index    map[*jsonschema.Schema]int
	queue    []*jsonschema.Schema
	graph    *graph
	dynamic  map[string][]int // nodes by $dynamicAnchor
	scopes   []int            // nodes with $recursiveAnchor
	outward  []int            // nodes whose $recursiveRef may mean any of scopes
	late     []lateRef        // nodes whose $dynamicRef may mean others
}

type lateRef struct {
	from   int
	anchor string
}

func newGraph(lib *library, compiler *jsonschema.Compiler, root *jsonschema.Schema) (*graph, error) {
	b := &builder{
		lib: lib, compiler: compiler, graph: &graph{},
		index:   map[*jsonschema.Schema]int{},
		dynamic: map[string][]int{},
	}
	b.add(root)
	// A dynamic reference may lead where no static one does.
	for _, u := range slices.Sorted(maps.Keys(lib.loaded)) {
		if lib.loaded[u] == u {
			b.addAnchors(u, lib.byURL[u].raw, "")
		}
	}
	for i := 0; i < len(b.queue); i++ {
		if err := b.visit(i, b.queue[i]); err != nil {
			return nil, err
		}
	}
	if i, ok := b.graph.loop(); ok {
		return nil, fmt.Errorf("%s refers to itself without going down into the body: break that infinite loop", lib.place(b.queue[i]))
	}
	for _, from := range b.outward {
		b.graph.nodes[from].same = append(b.graph.nodes[from].same, b.scopes...)
	}
	for _, ref := range b.late {
		n := &b.graph.nodes[ref.from]
		n.same = append(n.same, b.dynamic[ref.anchor]...)
	}
	b.graph.spread()
	return b.graph, nil
}

// add gives s a node, to be visited later.
func (b *builder) add(s *jsonschema.Schema) int {
	if i, ok := b.index[s]; ok {
		return i
	}
	i := len(b.queue)
	b.index[s] = i
	b.queue = append(b.queue, s)
	b.graph.nodes = append(b.graph.nodes, node{})
	if s.DynamicAnchor != "" {
		b.dynamic[s.DynamicAnchor] = append(b.dynamic[s.DynamicAnchor], i)
	}
	if s.RecursiveAnchor {
		b.scopes = append(b.scopes, i)
	}
	return i
}

func (b *builder) addAnchors(u string, raw any, ptr string) {
	switch v := raw.(type) {
	case map[string]any:
		if _, ok := v["$dynamicAnchor"].(string); ok {
			// What does not compile here applies nowhere: the schema did.
			if s, err := b.compile(u + "#" + ptr); err == nil {
				b.add(s)
			}
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.addAnchors(u, v[k], ptr+"/"+escapeURL(k))
		}
	case []any:
		for i, e := range v {
			b.addAnchors(u, e, ptr+"/"+strconv.Itoa(i))
		}
	}
}

// compile compiles what stands at a location. The compiler knows documents by
// load URL, its locations by $id.
func (b *builder) compile(location string) (*jsonschema.Schema, error) {
	u, frag, _ := strings.Cut(location, "#")
	if at, ok := b.lib.loaded[u]; ok {
		u = at
	}
	return compileAt(b.compiler, u+"#"+frag)
}

// visit fills node i from s.
func (b *builder) visit(i int, s *jsonschema.Schema) error {
	var n node
	same := func(list ...*jsonschema.Schema) { n.same = b.addAll(n.same, list...) }

	same(s.Ref, s.RecursiveRef, s.DynamicRef, s.Not, s.If, s.Then, s.Else)
	same(s.AllOf...)
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
		n.prefix = b.addPrefix(n.prefix, list, asSchema(s.AdditionalItems))
	}
	n.prefix = b.addPrefix(n.prefix, s.PrefixItems, s.Items2020)
	n.items = b.addAll(n.items, asSchema(s.Items), s.Contains, s.UnevaluatedItems)
	n.inside = b.addAll(n.inside, s.PropertyNames, s.ContentSchema)

	if err := b.readMarks(&n, s); err != nil {
		return fmt.Errorf("%s%w", b.lib.place(s), err)
	}
	b.graph.nodes[i] = n
	return nil
}

func (b *builder) addAll(to []int, list ...*jsonschema.Schema) []int {
	for _, s := range list {
		if s != nil {
			to = append(to, b.add(s))
		}
	}
	return to
}

// addPrefix adds one entry per index and a last one for the rest.
func (b *builder) addPrefix(to [][]int, list []*jsonschema.Schema, rest *jsonschema.Schema) [][]int {
	if len(list) == 0 && rest == nil {
		return to
	}
	for _, s := range list {
		to = append(to, b.addAll(nil, s))
	}
	return append(to, b.addAll(nil, rest))
}

func asSchema(v any) *jsonschema.Schema {
	s, _ := v.(*jsonschema.Schema)
	return s
}

// edges calls yield for each edge that keeps a place or goes down from it.
func (n *node) edges(yield func(to int)) {
	each := func(list []int) {
		for _, to := range list {
			yield(to)
		}
	}
	each(n.same)
	for _, to := range n.keys {
		yield(to)
	}
	for _, p := range n.patterns {
		yield(p.to)
	}
	each(n.others)
	for _, list := range n.prefix {
		each(list)
	}
	each(n.items)
}

// spread works out which nodes are live, and marks those with a mark inside.
func (g *graph) spread() {
	above := make([][]int, len(g.nodes))   // by an edge
	outside := make([][]int, len(g.nodes)) // by an inside edge
	var queue []int
	for i := range g.nodes {
		n := &g.nodes[i]
		n.edges(func(to int) { above[to] = append(above[to], i) })
		for _, to := range n.inside {
			outside[to] = append(outside[to], i)
		}
		if n.marked {
			n.live = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, from := range outside[i] {
			n := &g.nodes[from]
			n.marked = true
			if !n.live {
				n.live = true
				queue = append(queue, from)
			}
		}
		for _, from := range above[i] {
			if n := &g.nodes[from]; !n.live {
				n.live = true
				queue = append(queue, from)
			}
		}
	}
}
