package masking

import "bytes"

// textPair follows what a text has of objects, in YAML or in JSON further on,
// that hold a name in one member and its value in another, as [pairs] does in a
// body that is JSON: the variables of a Kubernetes manifest.
type textPair struct {
	rule       string // by which the name before is secret; "" when that is none
	start, end int    // the value before, when a name may follow it
	at         int    // where the one or the other ended
}

// mostBetween is how far the two may be from each other, in bytes.
const mostBetween = 1 << 10

// textMember takes in the member called name, which begins at from and ends
// before the colon at. For the value of a secret name it returns its rule and
// where it is. A value before its secret name it masks itself.
func (w *work) textMember(p *textPair, text, name []byte, from, at, indent int) (rule string, start, end int) {
	value := isValue(name)
	if !value && !isName(name) {
		return "", 0, 0
	}
	beside := from >= p.at && from-p.at <= mostBetween && p.at > 0
	if beside {
		w.root.looked += from - p.at
		beside = sameObject(text[p.at:from])
	}
	if value {
		start, end = memberValue(text, at+1, indent)
		if beside && p.rule != "" {
			rule = p.rule
		}
		*p = textPair{start: start, end: end, at: at + 1}
		return rule, start, end
	}
	word, stop := wordAfter(text, at+1)
	rule = w.p.keys.find(plainEscapes(word)).rule
	if rule != "" && beside && p.end > p.start {
		// Without quotes it seems to go on to the end of the line, or further.
		before := bytes.TrimRight(text[p.start:max(p.start, min(p.end, from))], " \t\r\n,\"'`\\")
		w.add(p.start, p.start+len(before), rule)
	}
	*p = textPair{rule: rule, at: stop}
	return "", 0, 0
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

// wordAfter is the name, perhaps in quotes, that a member's value is, and where
// it ends.
func wordAfter(text []byte, i int) (word []byte, end int) {
	i += blanks(text[i:])
	for i < len(text) && (isQuote(text[i]) || text[i] == '\\') {
		i++
	}
	for end = i; end < len(text) && end-i < longestName && (nameByte(text[end]) || text[end] == '\\'); {
		end++
	}
	return text[i:end], end
}
