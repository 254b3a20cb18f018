package schema

// maxPaths is how many ways from the root to nodes are taken as in proportion
// to the body.
const maxPaths = 10_000

// branches says that the validator's work may grow out of proportion to the
// body: the schema is recursive, or its references fan out.
func (g *graph) branches() bool {
	const unseen, open = -2, -1
	paths := make([]int, len(g.nodes)) // from this node down, once known
	for i := range paths {
		paths[i] = unseen
	}
	type frame struct {
		node int
		next []int
		sum  int
	}
	down := func(i int) frame {
		f := frame{node: i, sum: 1}
		add := func(to int) { f.next = append(f.next, to) }
		g.nodes[i].edges(add)
		for _, to := range g.nodes[i].inside {
			add(to)
		}
		paths[i] = open
		return f
	}
	stack := []frame{down(g.root)}
	for {
		top := &stack[len(stack)-1]
		if len(top.next) > 0 {
			to := top.next[len(top.next)-1]
			switch paths[to] {
			case open:
				return true
			case unseen:
				stack = append(stack, down(to))
				continue
			}
			top.next = top.next[:len(top.next)-1]
			if top.sum += paths[to]; top.sum > maxPaths {
				return true
			}
			continue
		}
		paths[top.node] = top.sum
		if stack = stack[:len(stack)-1]; len(stack) == 0 {
			return false
		}
	}
}

// loop finds a schema object that applies itself to the same value. The
// compiler looks for such loops too, but depending on the order of its maps it
// misses some.
// Nodes before from are known to be in none.
func loop(nodes []node, from int) (at int, found bool) {
	const unseen, open, done = 0, 1, 2
	color := make([]byte, len(nodes))
	next := make([]int, len(nodes)) // how many of the node's edges are through
	for i := range from {
		color[i] = done
	}
	var stack []int
	for root := from; root < len(nodes); root++ {
		if color[root] != unseen {
			continue
		}
		color[root] = open
		for stack = append(stack[:0], root); len(stack) > 0; {
			i := stack[len(stack)-1]
			if next[i] == len(nodes[i].same) {
				color[i] = done
				stack = stack[:len(stack)-1]
				continue
			}
			to := nodes[i].same[next[i]]
			next[i]++
			switch color[to] {
			case open:
				return to, true
			case unseen:
				color[to] = open
				stack = append(stack, to)
			}
		}
	}
	return 0, false
}
