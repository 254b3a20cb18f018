package masking

import "bytes"

// textPair follows what a text has of objects, in YAML or in JSON further on,
// that hold a name in one member and its value in another, as [pairs] does in a
// body that is JSON: the variables of a Kubernetes manifest.
type textPair struct {
	at     int    // where the name or the value was met, behind its colon; 0: neither
	name   bool   // it was the name …
	rule   string // … by which that is secret
	indent int    // of the value's line
}

// mostBetween is how far the two may be from each other, in bytes.
const mostBetween = 1 << 10

// textMember takes in the member called name, which begins at from and ends
// before the colon at. For the value of a secret name it returns its rule, where
// it is, and how far was looked. A value before its secret name it masks itself.
func (w *work) textMember(p *textPair, text, name []byte, from, at, indent int) (rule string, start, end, seen int) {
	value := isValue(name)
	if !value && !isName(name) {
		return "", 0, 0, 0
	}
	beside := p.at > 0 && p.name == value && from >= p.at && from-p.at <= mostBetween
	if beside {
		w.root.looked += from - p.at
		beside = sameObject(text[p.at:from])
	}
	if value {
		if beside && p.rule != "" {
			rule = p.rule
			start, end, seen = memberValue(text, at+1, indent)
		}
		*p = textPair{at: at + 1, indent: indent}
		return rule, start, end, seen
	}
	rule = w.p.keys.find(plainEscapes(wordAfter(text, at+1))).rule
	if rule != "" && beside {
		// No further than to the name: there may be very many on one line.
		start, end, _ := memberValue(text[:from], p.at, p.indent)
		value := bytes.TrimRight(text[start:max(start, end)], " \t\r\n,\"'`\\")
		w.add(start, start+len(value), rule)
	}
	*p = textPair{at: at + 1, name: true, rule: rule}
	return "", 0, 0, 0
}

// sameObject says that no object, and no item of a list, begins or ends in what
// stands between two members.
func sameObject(between []byte) bool {
	if bytes.ContainsAny(between, "{}") {
		return false
	}
	for {
		_, line, more := bytes.Cut(between, []byte{'\n'})
		if !more {
			return true
		}
		if in := blanks(line); in < len(line) && line[in] == '-' {
			return false
		}
		between = line
	}
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
