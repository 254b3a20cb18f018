package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/caddyrec/caddyrec/record"
)

func (s *story) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

func (s *story) title(text string) {
	s.step++
	s.printf("\n%s %s\n", s.bold(fmt.Sprintf("%d.", s.step)), s.bold(text))
}

func (s *story) line(label, text string) {
	text = strings.ReplaceAll(text, "[masked]", s.mark("[masked]"))
	s.printf("   %s %s\n", s.dim(label), text)
}

func (s *story) bold(t string) string { return s.paint("1", t) }
func (s *story) dim(t string) string  { return s.paint("2", t) }
func (s *story) mark(t string) string { return s.paint("7", t) }

func (s *story) paint(code, t string) string {
	if !s.color {
		return t
	}
	return "\x1b[" + code + "m" + t + "\x1b[0m"
}

// cut keeps the story on one screen.
func cut(t string, n int) string {
	t = strings.TrimSpace(t)
	if utf8.RuneCountInString(t) <= n {
		return t
	}
	return string([]rune(t)[:n-1]) + "…"
}

func who(r *record.Record) string {
	if r.Identity == nil {
		return ""
	}
	return r.Identity.Subject
}
