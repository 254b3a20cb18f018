package schema

import "testing"

func TestALargeBodyLeavesNoMemoryBehind(t *testing.T) {
	e := new(evaluator)
	body := []byte(`["\n`)
	for range 8 * keepText {
		body = append(body, "x"...)
	}
	body = append(body, `"`...)
	for range 2 * keepCells {
		body = append(body, ",{}"...)
	}
	if err := e.fill(append(body, ']')); err != nil {
		t.Fatal(err)
	}
	e.distinct(&e.tape, 0)
	e.release()
	if e.src != nil || cap(e.cells) > keepCells || cap(e.decoded) > keepText || cap(e.names) > keepText {
		t.Errorf("kept: %d cells, %d and %d bytes", cap(e.cells), cap(e.decoded), cap(e.names))
	}
}
