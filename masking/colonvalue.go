package masking

import "bytes"

// line is the line of a text at hand. It moves on only, so that however many
// names there are in a line, its beginning is looked for once.
type line struct {
	at     int // text up to here has been looked at
	indent int // blanks that the line begins with
}

func (l *line) to(text []byte, at int) {
	if i := bytes.LastIndexByte(text[l.at:at], '\n'); i >= 0 || l.at == 0 {
		l.indent = blanks(text[l.at+i+1 : at])
	}
	l.at = at
}

// memberValue is the value after the colon that i follows, of a quoted name:
// a quoted text, an object or array, a number or word of JSON, or else as
// after any name. seen is how far was looked for its end.
func memberValue(text []byte, i, indent int) (start, end, seen int) {
	at := i
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n') {
		at++
	}
	if start, end, ok := quotedValue(text, at); ok {
		return start, end, end
	}
	if at < len(text) && (text[at] == '{' || text[at] == '[') {
		end = balanced(text, at)
		return at, end, end
	}
	if end = jsonWord(text, at); end > at {
		return at, end, end
	}
	return fieldValue(text, i, 0, indent)
}

// fieldValue is the value after the colon that i follows, of a name that
// begins at name: a quoted text, or what stands up to the end of the line and
// in lines further in. Where a quote stands before the name, as in
// -H 'Authorization: x', the value ends with that. seen is how far was looked.
func fieldValue(text []byte, i, name, indent int) (start, end, seen int) {
	i += blanks(text[i:])
	if start, end, ok := quotedValue(text, i); ok {
		return start, end, end
	}
	var around quoteMark
	if name > 0 && isQuote(text[name-1]) {
		around = quoteMark{text[name-1], backslashes(text[:name-1])}
	}
	end, seen = valueLines(text, i, indent, around)
	return i, end, seen
}

// quoteMark is a quotation mark with a number of backslashes before it. The zero
// one is none.
type quoteMark struct {
	mark    byte
	escapes int
}

// valueLines is where the value that begins at i ends: with its line, or with
// the last of the lines after it that are indented more, or that are items of
// a list when nothing stands in its own; but before the quote around it.
func valueLines(text []byte, i, indent int, around quoteMark) (end, seen int) {
	end = i
	empty := false
	for at := i; at < len(text); {
		stop, closed := lineEnd(text, at, around)
		body := bytes.TrimRight(text[at:stop], " \t\r")
		in := blanks(text[at:stop])
		switch {
		case at == i:
			empty = len(body) == 0
		case len(body) == 0 && !closed: // goes on if another line does
		case in > indent, empty && in == indent && text[at+in] == '-':
		default:
			return end, stop
		}
		if closed {
			return stop, stop
		}
		if len(body) > 0 {
			end = at + len(body)
		}
		at = stop + 1
	}
	return end, len(text)
}

// lineEnd is where the line ends that begins at i, or, if that comes first,
// where the quote around it closes. No more of the line is looked at: there may
// be very many values in it, each in quotes.
func lineEnd(text []byte, i int, around quoteMark) (end int, closed bool) {
	if around.mark != 0 {
		end = closingBefore(text, i, around.mark, around.escapes, '\n')
		return end, end < len(text) && text[end] != '\n'
	}
	if n := bytes.IndexByte(text[i:], '\n'); n >= 0 {
		return i + n, false
	}
	return len(text), false
}

// quotedValue is the text in quotes, perhaps escaped ones, that begins at i.
func quotedValue(text []byte, i int) (start, end int, ok bool) {
	n := 0
	for i+n < len(text) && text[i+n] == '\\' {
		n++
	}
	if start = i + n + 1; start > len(text) || !isQuote(text[start-1]) {
		return 0, 0, false
	}
	if start, end, ok := tripleQuoted(text, i); ok && text[i] == '"' { // of a ' YAML has two for one
		return start, end, true
	}
	return start, closing(text, start, text[start-1], n), true
}

// tripleQuoted is the text in three quotes that begins at i, as in TOML, Python
// and GraphQL.
func tripleQuoted(text []byte, i int) (start, end int, ok bool) {
	if start = i + 3; start > len(text) || text[i] != '"' && text[i] != '\'' || text[i+1] != text[i] || text[i+2] != text[i] {
		return 0, 0, false
	}
	n := bytes.Index(text[start:], text[i:start])
	if n < 0 {
		return start, len(text), true
	}
	for end = start + n; end+3 < len(text) && text[end+3] == text[i]; end++ {
		// the value ends with a quote of its own
	}
	return start, end, true
}

// closing is where the text that begins at i ends, which stands in quotes
// with n backslashes before each: an escaped quote has another number of
// them. In YAML two single quotes stand for one.
func closing(text []byte, i int, quote byte, n int) int {
	return closingBefore(text, i, quote, n, quote)
}

// closingBefore is closing, or where the byte last stands if that comes first.
func closingBefore(text []byte, i int, quote byte, n int, last byte) int {
	for run := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			run++
			continue
		case c == last && c != quote:
			return i
		case c != quote || run%(2*n+2) != n:
		case c == '\'' && n == 0 && i+1 < len(text) && text[i+1] == c:
			i++
		default:
			return i - n
		}
		run = 0
	}
	return len(text)
}

// balanced is where the object or array that begins at i ends.
func balanced(text []byte, i int) int {
	depth, run := 0, 0
	for ; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			run++
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			i = closing(text, i+1, c, run) + run
		}
		run = 0
	}
	return len(text)
}

// jsonWord is where the number, true, false or null ends that begins at i, or
// i when there is none.
func jsonWord(text []byte, i int) int {
	end, number := i, true
	for ; end < len(text) && (isAlnum(text[end]) || bytes.IndexByte([]byte("+-."), text[end]) >= 0); end++ {
		number = number && (!isAlnum(text[end]) || isDigit(text[end]) || text[end]|0x20 == 'e')
	}
	if w := string(text[i:end]); !number && w != "true" && w != "false" && w != "null" {
		return i
	}
	if next := end + blanks(text[end:]); next < len(text) && bytes.IndexByte([]byte(",}]\r\n\\"), text[next]) < 0 {
		return i
	}
	return end
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// blanks is how many spaces and tabs text begins with.
func blanks(text []byte) int {
	n := 0
	for n < len(text) && (text[n] == ' ' || text[n] == '\t') {
		n++
	}
	return n
}

// backslashes is how many backslashes text ends with.
func backslashes(text []byte) int {
	n := 0
	for n < len(text) && text[len(text)-1-n] == '\\' {
		n++
	}
	return n
}
