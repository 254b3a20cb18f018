package schema

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// kinds is a set of JSON types; 0 is all of them.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	integer
	number
	text
	array
	object
)

func kindsOf(types []string) kinds {
	var k kinds
	for _, t := range types {
		k |= map[string]kinds{
			"null": null, "boolean": boolean, "integer": integer, "number": number, "string": text, "array": array, "object": object,
		}[t]
	}
	return k
}

// holds says that v is of one of the types.
func (k kinds) holds(v any) bool {
	switch v := v.(type) {
	case nil:
		return k&null != 0
	case bool:
		return k&boolean != 0
	case json.Number:
		return k&number != 0 || k&integer != 0 && isInteger(v)
	case string:
		return k&text != 0
	case []any:
		return k&array != 0
	case map[string]any:
		return k&object != 0
	}
	return false
}

// isInteger: 1.0 and 1e3 are integers too.
func isInteger(n json.Number) bool {
	if !strings.ContainsAny(string(n), ".eE") {
		return true
	}
	r := rat(n)
	return r != nil && r.IsInt()
}

// rat is the exact value; the length and exponent of numbers are bounded.
func rat(n json.Number) *big.Rat {
	r, _ := new(big.Rat).SetString(string(n))
	return r
}

// bound is a number of the schema.
type bound struct {
	rat   *big.Rat
	float float64
	exact bool // float is it
}

func newBound(r *big.Rat) *bound {
	if r == nil {
		return nil
	}
	f, exact := r.Float64()
	return &bound{r, f, exact}
}

// compare compares n with b. Rounding keeps order, so floats decide unless they
// are equal.
func (b *bound) compare(n json.Number) int {
	if b.exact {
		if f, err := strconv.ParseFloat(string(n), 64); err == nil && f != b.float {
			if f < b.float {
				return -1
			}
			return 1
		}
	}
	return rat(n).Cmp(b.rat)
}

// divides says that n is a multiple of b.
func (b *bound) divides(n json.Number) bool {
	if b.rat.IsInt() && b.rat.Num().IsInt64() {
		if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
			return i%b.rat.Num().Int64() == 0
		}
	}
	return new(big.Rat).Quo(rat(n), b.rat).IsInt()
}

// equal compares JSON values; numbers by value.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || rat(a).Cmp(rat(b)) == 0)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if other, ok := b[k]; !ok || !equal(v, other) {
				return false
			}
		}
		return true
	case string:
		b, ok := b.(string)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	}
	return a == nil && b == nil
}

// distinct says that no two values of list are equal, in time linear in their
// size.
func distinct(list []any) bool {
	seen := make(map[string]bool, len(list))
	var name []byte
	for _, v := range list {
		name = appendName(name[:0], v)
		if seen[string(name)] {
			return false
		}
		seen[string(name)] = true
	}
	return true
}

// appendName writes v so that equal values, and no others, are written alike.
func appendName(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, 'n')
	case bool:
		return strconv.AppendBool(dst, v)
	case json.Number:
		return append(append(dst, '#'), rat(v).RatString()...)
	case string:
		return strconv.AppendQuote(dst, v)
	case []any:
		dst = append(dst, '[')
		for _, e := range v {
			dst = append(appendName(dst, e), ',')
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for _, k := range keysOf(v) {
			dst = append(appendName(strconv.AppendQuote(dst, k), v[k]), ',')
		}
		return append(dst, '}')
	}
	return dst
}

func keysOf(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
