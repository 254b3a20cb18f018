package cli

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// sheet is a page about one thing: lines with a label, and blocks of text.
// Every text it is given is made safe to show.
type sheet struct {
	con *console
	buf bytes.Buffer
}

const labelWidth = 10

// field writes a line with a label. An empty value is left out.
func (s *sheet) field(label, format string, args ...any) {
	s.painted(label, plainText, format, args...)
}

func (s *sheet) painted(label string, look style, format string, args ...any) {
	value := fmt.Sprintf(format, args...)
	if strings.TrimSpace(value) == "" {
		return
	}
	fmt.Fprintf(&s.buf, "  %s %s\n", s.con.styled(dim, pad(clean(label), labelWidth, false)), s.con.styled(look, clean(value)))
}

// heading writes a line that begins a part.
func (s *sheet) heading(look style, format string, args ...any) {
	s.buf.WriteString(s.con.styled(look, clean(fmt.Sprintf(format, args...))) + "\n")
}

// headers writes HTTP header fields in the order of their names.
func (s *sheet) headers(h map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintf(&s.buf, "  %s %s\n", s.con.styled(accent, clean(name)+":"), clean(h[name]))
	}
}

// block writes lines behind a bar, so that no text within can pass for a line
// of the sheet. They are safe and painted already.
func (s *sheet) block(lines []string) {
	bar := s.con.styled(dim, "│")
	for _, line := range lines {
		s.buf.WriteString(strings.TrimRight("  "+bar+" "+line, " ") + "\n")
	}
}

func (s *sheet) blank() { s.buf.WriteByte('\n') }

func (s *sheet) print() error {
	_, err := io.Copy(s.con.out, &s.buf)
	return err
}

// full is a time as a sheet shows it.
func (c *console) full(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.zone).Format("2006-01-02 15:04:05.000000 Z07:00") + " (" + c.distance(t) + ")"
}

// distance is how far t is from now, in words.
func (c *console) distance(t time.Time) string {
	d := c.now().Sub(t)
	switch {
	case d >= time.Second:
		return age(d) + " ago"
	case d <= -time.Second:
		return "in " + age(-d)
	}
	return "now"
}

// age is a duration in its largest unit.
func age(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}
