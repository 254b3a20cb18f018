package schema

import "encoding/json"

// constant is the values of const or enum.
type constant struct {
	texts map[string]bool
	rest  []any
}

func newConstant(values []any) *constant {
	c := &constant{texts: map[string]bool{}}
	for _, v := range values {
		if s, ok := v.(string); ok {
			c.texts[s] = true
		} else {
			c.rest = append(c.rest, v)
		}
	}
	return c
}

// holds says that value i is one of them.
func (c *constant) holds(t *tape, i int32) bool {
	if t.cells[i].is == text {
		return c.texts[string(t.bytes(i))]
	}
	for _, want := range c.rest {
		if t.equal(i, want) {
			return true
		}
	}
	return false
}

// equal compares value i with one of the schema; numbers by value.
func (t *tape) equal(i int32, want any) bool {
	n := &t.cells[i]
	switch want := want.(type) {
	case nil:
		return n.is == null
	case bool:
		return n.is == boolean && (t.src[n.start] == 't') == want
	case json.Number:
		return n.is == number && sameNumber(t.bytes(i), want)
	case string:
		return n.is == text && string(t.bytes(i)) == want
	case []any:
		if n.is != array || int(n.size) != len(want) {
			return false
		}
		at := i + 1
		for _, v := range want {
			if !t.equal(at, v) {
				return false
			}
			at = t.cells[at].next
		}
		return true
	case map[string]any:
		if n.is != object || int(n.size) != len(want) {
			return false
		}
		for key := i + 1; key < n.next; key = t.cells[key+1].next {
			if v, there := want[string(t.bytes(key))]; !there || !t.equal(key+1, v) {
				return false
			}
		}
		return true
	}
	return false
}

func sameNumber(text []byte, want json.Number) bool {
	a, fits := decimalOf(text)
	b, fitsToo := decimalOf(want)
	if fits && fitsToo {
		return a == b
	}
	return fits == fitsToo && rat(text).Cmp(rat(want)) == 0
}
