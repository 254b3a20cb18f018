package masking

import (
	"bytes"
	"unicode/utf8"
)

// colons adds the values of secret names before a colon: in JSON that a text
// holds further on, in YAML, in header lines, in "password: hunter2".
func (w *work) colons(text []byte) {
	var l line
	var pair textPair
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], ':')
		if i < 0 {
			return
		}
		at += i
		if isClock(text, at) {
			continue
		}
		var start, end, seen int
		rule, counted := "", false
		if before := bytes.TrimRight(text[:at], " \t\r\n"); len(before) > 0 && isQuote(before[len(before)-1]) {
			name, _ := nameBefore(before)
			w.root.looked += at - len(before) + len(name)
			if rule = w.p.keys.find(plainEscapes(name)).rule; rule != "" {
				l.to(text, at)
				start, end, seen = memberValue(text, at+1, l.indent)
				counted = w.p.counted(name, text[start:max(start, end)], rule)
			} else if len(name)-3 < 5 && pairLetter(name) {
				l.to(text, at)
				rule, start, end, seen = w.textMember(&pair, text, name, max(0, len(before)-len(name)-2), at, l.indent)
			}
		} else {
			from := 0
			if from, rule = w.wordRule(text, at); rule != "" && w.isNoValue(text, from, at, rule) {
				continue
			} else if rule != "" {
				l.to(text, at)
				start, end, seen = fieldValue(text, at+1, from, l.indent)
				counted = w.p.counted(bytes.TrimRight(text[from:at], " \t"), text[start:max(start, end)], rule)
			} else if from, to := wordBefore(text[:at]); to-from-3 < 5 && pairLetter(text[from:to]) {
				l.to(text, at)
				rule, start, end, seen = w.textMember(&pair, text, text[from:to], from, at, l.indent)
			}
		}
		if rule == "" {
			continue
		}
		w.root.looked += max(0, seen-at)
		if counted {
			continue
		}
		w.add(start, max(start, end), rule)
		at = max(at, end-1)
	}
}

// isClock says whether the colon at stands within a time of day, as in
// 2026-11-21T18:03:59: most colons do.
func isClock(text []byte, at int) bool {
	if at < 2 || at+2 >= len(text) || !isDigit(text[at-1]) || !isDigit(text[at-2]) || !isDigit(text[at+1]) || !isDigit(text[at+2]) {
		return false
	}
	return at == 2 || text[at-3] == ':' || text[at-3] == ' ' || text[at-3] == 'T' && at > 3 && isDigit(text[at-4])
}

// wordRule is where the name begins before the colon at, and the rule that
// calls it secret, or "". Of two words, as in "API key:", both are the name
// when neither is secret alone: "a secret place:" is prose.
func (w *work) wordRule(text []byte, at int) (from int, rule string) {
	from, end := wordBefore(text[:at])
	w.root.looked += at - from
	name := text[from:end]
	if len(name) < 2 || at+1 < len(text) && text[at+1] == ':' || bytes.HasSuffix(text[:from], []byte("//")) {
		return from, "" // no word, a namespace, the host or user of a URL
	}
	if rule = w.p.keys.findEncoded(name); rule != "" {
		if end == at && isHostPort(text, from, at) && w.p.keys.find(lastLabel(name)).rule == "" {
			return from, ""
		}
		return from, rule
	}
	if from > 0 && text[from-1] == '\\' && bytes.IndexByte([]byte("nrt"), name[0]) >= 0 {
		return from, w.p.keys.findEncoded(name[1:]) // \n of a text that is still escaped
	}
	if from == 0 || text[from-1] != ' ' {
		return from, ""
	}
	first := from - 1
	for first > 0 && from-first < longestName && nameByte(text[first-1]) {
		first--
	}
	w.root.looked += from - first
	if first == from-1 || w.p.keys.find(text[first:from-1]).rule != "" {
		return from, ""
	}
	return first, w.p.keys.find(text[first:end]).rule
}

// isHostPort says whether what stands around the colon at seems to be a host
// with dots and a port.
func isHostPort(text []byte, from, at int) bool {
	if bytes.IndexByte(text[from:at], '.') < 0 {
		return false
	}
	end := at + 1
	for end < len(text) && end-at < 7 && isDigit(text[end]) {
		end++
	}
	return end > at+1 && end-at < 7 && (end == len(text) || text[end] <= ' ' || bytes.IndexByte([]byte("/?#,"), text[end]) >= 0)
}

func lastLabel(name []byte) []byte { return name[bytes.LastIndexByte(name, '.')+1:] }

// plainEscapes is name with \u escapes decoded, however often they were
// escaped themselves.
func plainEscapes(name []byte) []byte {
	if !bytes.Contains(name, []byte(`\u`)) {
		return name
	}
	var out []byte
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) && name[i+1] == '\\' {
			continue
		}
		if hex := name[i:]; len(hex) > 5 && hex[0] == '\\' && hex[1] == 'u' && isHex(hex[2]) && isHex(hex[3]) && isHex(hex[4]) && isHex(hex[5]) {
			out = utf8.AppendRune(out, rune(hexValue(hex[2]))<<12|rune(hexValue(hex[3]))<<8|rune(hexValue(hex[4]))<<4|rune(hexValue(hex[5])))
			i += 5
			continue
		}
		out = append(out, name[i])
	}
	return out
}
