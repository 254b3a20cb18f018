package cli

import (
	"io"
	"slices"
	"strings"
)

// column is one column of a table.
type column struct {
	title string
	// usual is the width it has when its texts are not known beforehand.
	usual int
	// least is how narrow it may become when the table is too wide; 0: it
	// keeps its width.
	least int
	right bool // numbers
	// below puts the last column's texts on lines of their own, whole, where the
	// table is too wide beside them.
	below bool
}

// cell is one text of a table, clean already.
type cell struct {
	text  string
	style style
}

// table prints rows in columns that fit the console. Rows are held until live
// is called, so that widths can be those that the texts need; rows after that
// are printed at once.
type table struct {
	con     *console
	columns []column
	held    [][]cell
	widths  []int
	below   bool // the last column is
	err     error
}

const gap = "  "

func newTable(con *console, columns []column) *table { return &table{con: con, columns: columns} }

// row adds a row with a cell for each column.
func (t *table) row(cells []cell) error {
	if t.widths == nil {
		t.held = append(t.held, cells)
		return nil
	}
	t.print(cells)
	return t.err
}

// live prints the title and the rows held. When more rows are to come, columns
// have at least their usual widths; else a column with nothing in it is left
// out.
func (t *table) live(more bool) error {
	if !more {
		t.dropEmpty()
	}
	t.widths = make([]int, len(t.columns))
	title := make([]cell, len(t.columns))
	for i, c := range t.columns {
		title[i] = cell{c.title, bold}
		t.widths[i] = columns(c.title)
		if more {
			t.widths[i] = max(t.widths[i], c.usual)
		}
		for _, row := range t.held {
			t.widths[i] = max(t.widths[i], columns(row[i].text))
		}
	}
	t.fit()
	t.print(title)
	for _, row := range t.held {
		t.print(row)
	}
	t.held = nil
	return t.err
}

// dropEmpty leaves out the columns in which no row held has a text.
func (t *table) dropEmpty() {
	for i := len(t.columns) - 1; i >= 0; i-- {
		if slices.ContainsFunc(t.held, func(row []cell) bool { return row[i].text != "" }) {
			continue
		}
		t.columns = slices.Delete(slices.Clone(t.columns), i, i+1)
		for j, row := range t.held {
			t.held[j] = slices.Delete(row, i, i+1)
		}
	}
}

// fit takes columns from the widest ones that can spare them until the table
// is narrow enough.
func (t *table) fit() {
	if t.con.width == 0 {
		return
	}
	total := len(gap) * (len(t.widths) - 1)
	for _, w := range t.widths {
		total += w
	}
	last := len(t.columns) - 1
	spare := 0
	for i, c := range t.columns {
		if c.least > 0 {
			spare += max(0, t.widths[i]-c.least)
		}
	}
	if last >= 0 && t.columns[last].below && total-spare > t.con.width {
		t.below = true
		total -= len(gap) + t.widths[last]
	}
	for ; total > t.con.width; total-- {
		widest := -1
		for i, c := range t.columns {
			if c.least > 0 && t.widths[i] > c.least && (widest < 0 || t.widths[i] > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return // print cuts what is left
		}
		t.widths[widest]--
	}
}

func (t *table) print(cells []cell) {
	if t.err != nil {
		return
	}
	var line strings.Builder
	left := t.con.width
	after := ""
	if last := len(cells) - 1; t.below {
		for _, part := range folded(cells[last].text, t.con.width-len(gap)) {
			after += gap + t.con.styled(cells[last].style, part) + "\n"
		}
		cells = cells[:last]
	}
	for i, c := range cells {
		text, width := c.text, t.widths[i]
		if t.con.width > 0 {
			if width = min(width, left); width <= 0 {
				break
			}
			text = cut(text, width)
		}
		if i < len(cells)-1 || t.columns[i].right {
			padded := pad(text, width, t.columns[i].right)
			before, behind, _ := strings.Cut(padded, text)
			line.WriteString(before + t.con.styled(c.style, text) + behind + gap)
		} else {
			line.WriteString(t.con.styled(c.style, text))
		}
		left -= width + len(gap)
	}
	_, t.err = io.WriteString(t.con.out, strings.TrimRight(line.String(), " ")+"\n"+after)
}
