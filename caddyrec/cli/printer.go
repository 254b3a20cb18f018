package cli

import (
	"encoding/json"
	"fmt"
	"io"
)

// printer prints records: as rows of a table, or as they are stored.
type printer struct {
	con   *console
	table *table // nil: as they are stored
	open  opener // for those
}

func newPrinter(con *console, asJSON bool, open opener) *printer {
	p := &printer{con: con, open: open}
	if !asJSON {
		p.table = newTable(con, con.rowColumns())
	}
	return p
}

func (p *printer) item(it item) error {
	if p.table == nil {
		it, err := p.open.body(it)
		if err != nil {
			return err
		}
		return p.con.line(it.line)
	}
	cells := p.con.cells(it.record)
	if it.mark != nil {
		cells[len(cells)-2] = *it.mark
	}
	return p.table.row(cells)
}

// live ends the wait for rows that decide how wide columns are.
func (p *printer) live(more bool) error {
	if p.table == nil {
		return nil
	}
	return p.table.live(more)
}

// line prints a JSON text as it is stored. On a terminal, what is not visible
// in it is spelled out by JSON's escapes.
func (c *console) line(raw []byte) error {
	text := string(raw)
	if c.tty {
		text = cleanJSON(text)
	}
	_, err := io.WriteString(c.out, text+"\n")
	return err
}

// json prints v as one line.
func (c *console) json(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.line(text)
}

// say prints a line for people on the console's error stream, so that it does
// not mix with what programs read.
func (c *console) say(format string, args ...any) {
	fmt.Fprintln(c.err, clean(fmt.Sprintf(format, args...)))
}
