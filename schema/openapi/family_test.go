package openapi

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// bloodline is a made-up description: schema i builds upon some before it, marks
// the place /m<i>, and may have a discriminator that names others.
type bloodline struct {
	upon  [][]int
	open  []bool // has a discriminator
	names [][]int
}

func drawBloodline(r *rand.Rand) (b bloodline) {
	n := 2 + r.IntN(6)
	some := func(of int) (list []int) {
		for i := range of {
			if r.IntN(3) == 0 {
				list = append(list, i)
			}
		}
		return list
	}
	for i := range n {
		b.upon = append(b.upon, some(i))
		b.open = append(b.open, r.IntN(2) == 0)
		b.names = append(b.names, some(n))
	}
	return b
}

func (b bloodline) components() string {
	var text strings.Builder
	for i := range b.upon {
		fmt.Fprintf(&text, "S%d: {allOf: [", i)
		for _, to := range b.upon[i] {
			fmt.Fprintf(&text, "{$ref: '#/components/schemas/S%d'}, ", to)
		}
		fmt.Fprintf(&text, "{properties: {m%d: {x-sensitive: true}}}]", i)
		if b.open[i] {
			text.WriteString(", discriminator: {propertyName: kind, mapping: {")
			for _, to := range b.names[i] {
				fmt.Fprintf(&text, "k%d: S%d, ", to, to)
			}
			text.WriteString("}}")
		}
		text.WriteString("}\n")
	}
	return text.String()
}

func (b bloodline) builds(i, upon int) bool {
	return i == upon || slices.ContainsFunc(b.upon[i], func(to int) bool { return b.builds(to, upon) })
}

// heirs says that j may stand for p.
func (b bloodline) heir(p, j int) bool {
	return b.open[p] && (b.builds(j, p) || slices.Contains(b.names[p], j))
}

// means says that by one discriminator a value of schema i may be j: j is among
// the heirs, and builds upon whichever of those named i builds upon.
func (b bloodline) means(i, j int) bool {
	return slices.ContainsFunc(b.all(), func(p int) bool {
		return b.builds(i, p) && b.heir(p, j) && !slices.ContainsFunc(b.all(), func(a int) bool {
			return a != p && b.builds(i, a) && b.builds(a, p) && slices.Contains(b.names[p], a) && !b.builds(j, a)
		})
	})
}

func (b bloodline) all() (all []int) {
	for i := range b.upon {
		all = append(all, i)
	}
	return all
}

// reached are the schemas that one leads to, by whatever number of steps.
func (b bloodline) reached(from int, step func(from, to int) bool) []bool {
	in := make([]bool, len(b.upon))
	in[from] = true
	for todo := []int{from}; len(todo) > 0; todo = todo[1:] {
		for to := range in {
			if !in[to] && step(todo[0], to) {
				in[to], todo = true, append(todo, to)
			}
		}
	}
	return in
}

func TestNoHeirThatAValueMayBeIsLeftOut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fewer := 0
	for range 300 {
		b := drawBloodline(r)
		version := []string{"3.0.3", "3.1.0"}[r.IntN(2)]
		for name, got := range markedIn(t, version, b.components()) {
			var at int
			if _, err := fmt.Sscanf(name, "S%d", &at); err != nil {
				t.Fatal(err)
			}
			may := b.reached(at, b.means)
			most := b.reached(at, func(from, to int) bool { return b.builds(from, to) || b.heir(from, to) })
			for to := range most {
				marked := slices.Contains(strings.Fields(got), fmt.Sprintf("/m%d", to))
				must := slices.ContainsFunc(b.all(), func(i int) bool { return may[i] && b.builds(i, to) })
				switch {
				case must && !marked:
					t.Fatalf("%s may be S%d, and marks %q in\n%s", name, to, got, b.components())
				case marked && !most[to]:
					t.Fatalf("%s is never S%d, and marks %q in\n%s", name, to, got, b.components())
				case !marked && most[to]:
					fewer++
				}
			}
		}
	}
	if fewer == 0 {
		t.Error("no heir was left out anywhere")
	}
}
