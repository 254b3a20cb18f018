package schema

import (
	"bytes"
	"slices"
	"strconv"
)

// namer writes values so that equal ones, and no others, are written alike.
type namer struct {
	names []byte
	spans []span
	order []int32
}

type span struct{ start, end int }

// distinct says that no two elements of array i are equal, in time nearly linear
// in their size.
func (n *namer) distinct(t *tape, i int32) bool {
	n.names, n.spans = n.names[:0], n.spans[:0]
	for at := i + 1; at < t.cells[i].next; at = t.cells[at].next {
		from := len(n.names)
		n.name(t, at)
		n.spans = append(n.spans, span{from, len(n.names)})
	}
	of := func(s span) []byte { return n.names[s.start:s.end] }
	slices.SortFunc(n.spans, func(a, b span) int { return bytes.Compare(of(a), of(b)) })
	for k := 1; k < len(n.spans); k++ {
		if bytes.Equal(of(n.spans[k-1]), of(n.spans[k])) {
			return false
		}
	}
	return true
}

func (n *namer) name(t *tape, i int32) {
	switch v := &t.cells[i]; v.is {
	case text:
		b := t.bytes(i)
		n.names = strconv.AppendInt(append(n.names, 's'), int64(len(b)), 10)
		n.names = append(append(n.names, ':'), b...)
	case number:
		n.names = appendNumber(n.names, t.bytes(i))
	case array:
		n.names = append(n.names, '[')
		for at := i + 1; at < v.next; at = t.cells[at].next {
			n.name(t, at)
		}
		n.names = append(n.names, ']')
	case object:
		n.names = append(n.names, '{')
		from := len(n.order)
		n.order = t.sortedKeys(n.order, i)
		for k := from; k < len(n.order); k++ {
			n.name(t, n.order[k])
			n.name(t, n.order[k]+1)
		}
		n.order = n.order[:from]
		n.names = append(n.names, '}')
	default: // its first letter
		n.names = append(n.names, t.src[v.start])
	}
}

func appendNumber(dst, text []byte) []byte {
	d, fits := decimalOf(text)
	if !fits {
		return append(append(append(dst, '$'), rat(text).RatString()...), ';')
	}
	dst = append(dst, '+')
	if d.neg {
		dst[len(dst)-1] = '-'
	}
	dst = strconv.AppendUint(dst, d.coef, 10)
	dst = strconv.AppendInt(append(dst, 'e'), int64(d.exp), 10)
	return append(dst, ';')
}

// sortedKeys appends the keys of object i, in order.
func (t *tape) sortedKeys(dst []int32, i int32) []int32 {
	from := len(dst)
	for key := i + 1; key < t.cells[i].next; key = t.cells[key+1].next {
		dst = append(dst, key)
	}
	slices.SortFunc(dst[from:], func(a, b int32) int { return bytes.Compare(t.bytes(a), t.bytes(b)) })
	return dst
}

// release lets memory go that a large body took.
func (n *namer) release() {
	if cap(n.names)+cap(n.spans)+cap(n.order) > keepText {
		*n = namer{}
	}
}
