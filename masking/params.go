package masking

import (
	"bytes"
	"slices"
)

// params adds the values of secret names in text, as in a form, in a URL's
// query, in a connection string or a log line: name=value.
func (w *work) params(text []byte) {
	var g grants
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], '=')
		if i < 0 {
			return
		}
		at += i
		before := text[:at]
		if n := operator(before); n > 0 && quoteFollows(text[at+1:]) {
			before = before[:at-n] // base64 ends with equals signs too
		}
		name, rule := w.paramName(before)
		if rule == "" && string(name) == "_auth" && w.p.detect.has(detectCredential) {
			rule = ruleCredential // of npm's configuration
		}
		if rule == "" {
			if w.p.keys.defaults && len(before) == at {
				g.take(w, text, at-len(name), at)
			}
			continue
		}
		start, end := paramValue(text, at+1)
		w.root.looked += end - at
		if w.p.counted(name, text[start:max(start, end)], rule) || w.isReference(name, text[start:max(start, end)]) {
			continue
		}
		w.add(start, max(start, end), rule)
		at = max(at, end-1)
	}
}

// operator is how long the rest of an operator is that text ends with, before
// its last equals sign: of ==, !=, ??= and their like.
func operator(text []byte) int {
	n := 0
	for n < 3 && n < len(text) && bytes.IndexByte([]byte("=!?|~+"), text[len(text)-1-n]) >= 0 {
		n++
	}
	return n
}

// quoteFollows says whether text begins with a quote, but for a blank.
func quoteFollows(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte(" "))
	return len(text) > 0 && isQuote(text[0])
}

// paramName is the name that text ends with and the rule that calls it secret, or
// "". PHP, Ruby and TOML have names in quotes before equals signs.
func (w *work) paramName(text []byte) (name []byte, rule string) {
	if before := bytes.TrimRight(text[max(0, len(text)-maxAlign):], " \t"); len(before) > 0 && isQuote(before[len(before)-1]) {
		name, _ = nameBefore(before)
		w.root.looked += len(name)
		return name, w.p.keys.find(plainEscapes(name)).rule
	}
	start, end := wordBefore(text)
	w.root.looked += len(text) - start
	if end-start < 2 {
		return nil, ""
	}
	return text[start:end], w.p.keys.findEncoded(text[start:end])
}

// maxAlign is how many blanks may stand between a name and its equals sign or
// colon, or that and the value, in columns.
const maxAlign = 64

// wordBefore is where the name begins and ends that text ends with, but for
// blanks.
func wordBefore(text []byte) (start, end int) {
	end = len(text)
	for end > 0 && len(text)-end < maxAlign && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	start = end
	for start > 0 && end-start < longestName && nameByte(text[start-1]) {
		start--
	}
	return start, end
}

// nameByte says whether c may be in a parameter's name. What stands before a
// colon or an equals sign is looked at once only because neither may.
func nameByte(c byte) bool {
	return isAlnum(c) || c >= 0x80 || bytes.IndexByte([]byte("_-.%+[]"), c) >= 0
}

// paramValue is the value that begins at i, after the equals sign. A quoted
// one ends with its quote. Another ends where a form, a query, a list or a
// line of text has the next thing begin; the empty one is none.
func paramValue(text []byte, i int) (start, end int) {
	arrow := i < len(text) && text[i] == '>' // name => value
	if arrow {
		i++
	}
	i += blanks(text[i:min(len(text), i+maxAlign)])
	for i < len(text) && text[i] == '\\' {
		i++
	}
	if i == len(text) || text[i] == '=' || text[i] == ':' && (i+1 == len(text) || text[i+1] <= ' ' || text[i+1] == ',') {
		return i, i // the last is the end of a byte sequence (RFC 9651, 3.3.5)
	}
	if start, end, ok := tripleQuoted(text, i); ok {
		return start, end
	}
	if q := text[i]; isQuote(q) {
		if n := bytes.IndexByte(text[i+1:], q); n >= 0 {
			return i + 1, i + 1 + n
		}
		return i + 1, len(text)
	}
	end = i
	if text[i] == '{' || arrow && text[i] == '[' { // of Ruby, or of a connection string
		end = balanced(text, i)
	}
	for ; end < len(text); end++ {
		switch c := text[end]; {
		case end > i && isQuote(c) && literalBefore(text[i:end]):
			if n := bytes.IndexByte(text[end+1:], c); n >= 0 {
				end += n + 1
			} else {
				return i, len(text)
			}
		case c == '&' || c == '#' || c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`':
			return i, end
		case c == ';' && paramFollows(text[end+1:]):
			return i, end
		case c == ',' && (end+1 == len(text) || text[end+1] == ' ' || paramFollows(text[end+1:])):
			return i, end
		}
	}
	return i, end
}

// literalBefore says whether text, the beginning of a value, is what stands
// before the quote of a literal: b of b'x' in Python, SecretStr( of a call.
func literalBefore(text []byte) bool {
	switch c := text[len(text)-1]; c {
	case '(':
		return len(text) > 1
	case 'b', 'u', 'r', 'f', 'B', 'U', 'R', 'F', 'N', 'E':
		return len(text) == 1
	}
	return false
}

// paramFollows says whether text begins with a name and an equals sign.
func paramFollows(text []byte) bool {
	text = text[:min(len(text), longestName)]
	if len(text) == 0 {
		return true
	}
	for i, c := range bytes.TrimLeft(text, " ") {
		if !nameByte(c) {
			return i > 0 && c == '=' || c == ' '
		}
	}
	return false
}

// encoded adds the parts of text whose percent-encoding hides a secret. Slashes
// are often left as they are, so that a part may be several segments.
func (w *work) encoded(text []byte) {
	if w.level > maxLevel {
		return
	}
	for i := 0; i < len(text); {
		if delimiter(text[i]) {
			i++
			continue
		}
		from, found := i, false
		slashes, escapes := 0, 0
		for i < len(text) && (text[i] == '/' || !delimiter(text[i])) {
			if text[i] == '/' {
				slashes++
				i++
				continue
			}
			start, escaped := i, false
			for i < len(text) && !delimiter(text[i]) {
				escaped = escaped || text[i] == '%' && len(text)-i > 2 && isHex(text[i+1]) && isHex(text[i+2])
				i++
			}
			if !escaped {
				continue
			}
			escapes++
			if rule := w.hidden(text[start:i]); rule != "" {
				w.add(start, i, rule)
				found = true
			}
		}
		if found || slashes == 0 || escapes == 0 {
			continue
		}
		if rule := w.hidden(text[from:i]); rule != "" {
			w.add(from, i, rule)
		}
	}
}

// hidden is the rule by which something in part is secret once it is decoded,
// or "".
func (w *work) hidden(part []byte) string {
	w.root.looked += len(part)
	w.decodedText = unescape(slices.Grow(w.decodedText[:0], len(part)), part)
	decoded := w.decodedText
	if len(decoded) < shortest {
		return ""
	}
	r := w.root
	hint := r.hint
	r.hint = ""
	r.quiet++
	_, changed := w.child().pass(decoded, 0)
	r.quiet--
	rule := r.hint
	r.hint = hint
	if !changed {
		return ""
	}
	return rule
}

// delimiter says whether c stands between the parts of a URL or of text.
func delimiter(c byte) bool {
	return c <= ' ' || bytes.IndexByte([]byte(`&=?/#;"'<>,`), c) >= 0
}

// unescape appends part with its percent-encoding and + decoded; what is not
// well encoded stays.
func unescape(dst, part []byte) []byte {
	for i := 0; i < len(part); i++ {
		switch c := part[i]; {
		case c == '%' && len(part)-i > 2 && isHex(part[i+1]) && isHex(part[i+2]):
			dst = append(dst, hexValue(part[i+1])<<4|hexValue(part[i+2]))
			i += 2
		case c == '+':
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
