package schema

import (
	"slices"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// cell is a value or a key of the body. What is below a value stands right
// after it; a member is its key and then its value.
type cell struct {
	is         kinds // a key is a text too, so that propertyNames can look at it
	decoded    bool  // the span is one of tape.decoded, otherwise of tape.src
	start, end int32 // of a text, without quotes
	next       int32 // the cell after this one and all that is below it
	size       int32 // members or elements
}

// tape is a strict JSON text taken apart in one pass, without building a value:
// offsets fit, as the scanner takes no text of 2 GiB.
type tape struct {
	src     []byte
	cells   []cell
	decoded []byte // what escaped texts decode to
	scan    jsonscan.Scanner
	values  int // cells that are no keys
}

// fill reads src, which must not change as long as the tape is in use. Its errors
// hold nothing of src.
func (t *tape) fill(src []byte) error {
	t.src, t.decoded, t.values = src, t.decoded[:0], 0
	t.scan.Reset(src, jsonscan.Limits{})
	cells := slices.Grow(t.cells[:0], len(src)/16)
	keys := 0
	open := int32(-1) // the innermost open container; as long as it is open, its next is the one around it
	for {
		tok, err := t.scan.Next()
		if err != nil {
			return err
		}
		here := int32(len(cells))
		if tok.Kind == jsonscan.EndObject || tok.Kind == jsonscan.EndArray {
			c := &cells[open]
			open, c.next = c.next, here
			continue
		}
		if tok.Kind == jsonscan.End {
			t.cells, t.values = cells, len(cells)-keys
			return nil
		}
		if len(cells) == cap(cells) {
			cells = slices.Grow(cells, len(cells)+16) // append would grow a large one less, and more often
		}
		cells = cells[:here+1]
		c := &cells[here] // field by field: a literal is built elsewhere and copied
		c.is, c.decoded, c.size, c.next = cellKinds[tok.Kind&15], tok.Escaped, 0, here+1
		c.start, c.end = int32(tok.Start), int32(tok.End)
		if c.is == text {
			if tok.Escaped {
				c.start, c.end = t.decode(tok)
			} else {
				c.start, c.end = c.start+1, c.end-1
			}
		}
		if tok.Kind == jsonscan.Key {
			if t.scan.Duplicate() {
				return errTwice
			}
			keys++
			continue
		}
		if open >= 0 {
			cells[open].size++
		}
		if c.is == object || c.is == array {
			c.next, open = open, here
		}
	}
}

// cellKinds are the types of the tokens that begin a cell.
var cellKinds = [16]kinds{
	jsonscan.BeginObject: object, jsonscan.BeginArray: array, jsonscan.Key: text, jsonscan.String: text,
	jsonscan.Number: number, jsonscan.True: boolean, jsonscan.False: boolean, jsonscan.Null: null,
}

// decode decodes an escaped text of src.
func (t *tape) decode(tok jsonscan.Token) (start, end int32) {
	from := len(t.decoded)
	t.decoded = jsonscan.AppendString(t.decoded, t.src[tok.Start:tok.End])
	return int32(from), int32(len(t.decoded))
}

// bytes is a text decoded, or a literal or number as written.
func (t *tape) bytes(i int32) []byte {
	n := &t.cells[i]
	if n.decoded {
		return t.decoded[n.start:n.end]
	}
	return t.src[n.start:n.end]
}

// is says that value i is of one of the types.
func (t *tape) is(i int32, k kinds) bool {
	is := t.cells[i].is
	return k&is != 0 || is == number && k&integer != 0 && isInteger(t.bytes(i))
}

// What a tape keeps from one body to the next, in elements.
const (
	keepCells = 1 << 16
	keepText  = 1 << 16
)

// release lets the body go, and memory that a large one took.
func (t *tape) release() {
	t.src = nil
	t.scan.Reset(nil, jsonscan.Limits{})
	if cap(t.cells) > keepCells {
		t.cells = nil
	}
	if cap(t.decoded) > keepText {
		t.decoded = nil
	}
}
