package masking

import "bytes"

// textPair follows what a text has of objects, in YAML or in JSON further on,
// that hold a name in one member and its value in another, as [pairs] does in a
// body that is JSON: the variables of a Kubernetes manifest.
type textPair struct {
	from   int    // where the member begins, by its quote or else its name
	at     int    // behind its colon; 0: there was none
	name   bool   // it was the name …
	rule   string // … by which that is secret
	indent int    // of the value's line
}

// mostBetween is how far the two may be from each other, in bytes.
const mostBetween = 1 << 10

// textMember takes in the member called name, which begins at from, by its quote
// or else its name, and ends before the colon at. For the value of a secret name
// it returns its rule, where it is, and how far was looked. A value before its
// secret name it masks itself.
func (w *work) textMember(p *textPair, text, name []byte, from, at, indent int) (rule string, start, end, seen int) {
	value := isValue(name)
	quoted := isQuote(text[from])
	if !value && !isName(name) || !quoted && (len(name) > len("value") || hasPrefixFold(name, "field")) {
		return "", 0, 0, 0 // Content: and Header: stand in prose, and in mail
	}
	beside := p.at > 0 && p.name == value && from >= p.at && from-p.at <= mostBetween
	if beside {
		w.root.looked += from - p.at
		beside = p.sameObject(text, from, quoted)
	}
	if value {
		if beside && p.rule != "" {
			rule = p.rule
			start, end, seen = memberValue(text, at+1, indent)
		}
		*p = textPair{from: from, at: at + 1, indent: indent}
		return rule, start, end, seen
	}
	rule = w.p.keys.find(plainEscapes(wordAfter(text, at+1))).rule
	if rule != "" && beside {
		// No further than to the name: there may be very many on one line.
		start, end, _ := memberValue(text[:from], p.at, p.indent)
		value := bytes.TrimRight(text[start:max(start, end)], " \t\r\n,\"'`\\")
		w.add(start, start+len(value), rule)
	}
	*p = textPair{from: from, at: at + 1, name: true, rule: rule}
	return "", 0, 0, 0
}

// sameObject says whether the member that begins at from is of the same object as
// the one before. On one line no brace is between them, and without quotes a comma
// is; else both begin in the same column, and no line between them further out.
func (p *textPair) sameObject(text []byte, from int, quoted bool) bool {
	between := text[p.at:from]
	_, lines, more := bytes.Cut(between, []byte{'\n'})
	if !more {
		return !bytes.ContainsAny(between, "{}") && (quoted || bytes.IndexByte(between, ',') >= 0)
	}
	column := p.from - lineStart(text, p.from)
	for more {
		var line []byte
		line, lines, more = bytes.Cut(lines, []byte{'\n'})
		in := blanks(line)
		switch {
		case !more: // that of the member, which no dash is before
			return len(line) == column && len(bytes.TrimRight(line[in:], `\`)) == 0
		case in < column && len(bytes.TrimRight(line, " \t\r")) > 0:
			return false
		}
	}
	return false
}

// lineStart is where the line begins that at is in, if that is not far.
func lineStart(text []byte, at int) int {
	near := max(0, at-256)
	return near + bytes.LastIndexByte(text[near:at], '\n') + 1
}

// wordAfter is the name, perhaps in quotes, that a member's value is.
func wordAfter(text []byte, i int) []byte {
	i += blanks(text[i:])
	for i < len(text) && (isQuote(text[i]) || text[i] == '\\') {
		i++
	}
	end := i
	for end < len(text) && end-i < longestName && (nameByte(text[end]) || text[end] == '\\') {
		end++
	}
	return text[i:end]
}
