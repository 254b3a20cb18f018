package cli

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// columns is how many columns a clean text takes on a terminal.
func columns(s string) int {
	if plain(s) {
		return len(s)
	}
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a clean text to n columns, the last of them an ellipsis.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	used := 0
	for i, r := range s {
		if used += columnsOf(r); used > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// folded is a clean text in parts of n columns at most; a character wider than
// that is a part of its own.
func folded(s string, n int) (parts []string) {
	begin, width := 0, 0
	for i, r := range s {
		if w := columnsOf(r); width+w > n && i > begin {
			parts, begin, width = append(parts, s[begin:i]), i, w
		} else {
			width += w
		}
	}
	return append(parts, s[begin:])
}

// pad fills a clean text up to n columns.
func pad(s string, n int, right bool) string {
	missing := n - columns(s)
	if missing <= 0 {
		return s
	}
	if right {
		return strings.Repeat(" ", missing) + s
	}
	return s + strings.Repeat(" ", missing)
}
