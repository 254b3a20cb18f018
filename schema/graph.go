package schema

import (
	"regexp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// graph is a compiled schema as places see it: a node for each schema object
// that could apply somewhere in a body, and edges for how it comes to apply. It
// never changes.
type graph struct {
	nodes     []node
	root      int
	explicit  bool     // some mark names its action
	uncovered []string // places of keywords beyond the evaluator
}

// node is one schema object. Edges are indexes of nodes.
type node struct {
	mark  mark // of its place
	reach mark // the strictest at its place or below; 0: nothing there is sensitive
	cause int  // the node that this comes from

	why, place string   // of a marked one: the keyword, and the object it stands in
	uncovered  []string // places of its keywords beyond the evaluator

	same     []int          // applied to the same value
	keys     map[string]int // applied to the value at a key
	patterns []patternEdge
	others   []int   // applied to the value at a key that neither keys nor patterns take
	prefix   [][]int // applied to the value at an index; beyond: items
	items    []int   // applied to the value at any index
	heirs    []int   // that the value may be meant by instead: only marks go by them
	inside   []int   // applied to keys, to the content of a string, or by no reading
	// of the standard: a mark there marks the place itself
}

type patternEdge struct {
	match *regexp.Regexp
	to    int
}

// beyond lists the places beyond the evaluator that are reached from the root.
func (g *graph) beyond() (places []string) {
	seen, stack := make([]bool, len(g.nodes)), []int{g.root}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		n := &g.nodes[i]
		places = append(places, n.uncovered...)
		n.edges(func(to int) { stack = append(stack, to) })
		stack = append(stack, n.inside...)
	}
	slices.Sort(places)
	return slices.Compact(places) // of a schema that is met in two ways
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
