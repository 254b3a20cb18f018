package masking

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

const ruleEmail = "detect:email"

// emails adds the addresses in text: a local part and a domain with a dot and
// a last label of two letters or more (RFC 5321, 4.1.2, with the local parts
// people have; RFC 6531 for other scripts). The @ after one of the first
// userinfos spans is that of a URL.
func (w *work) emails(text []byte, userinfos int) {
	next := 0
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], '@')
		if i < 0 {
			return
		}
		at += i
		for next < min(userinfos, len(w.spans)) && int(w.spans[next].end) < at {
			next++
		}
		if next < min(userinfos, len(w.spans)) && int(w.spans[next].end) == at {
			continue
		}
		start, end := localPart(text, at), domain(text, at+1)
		w.root.looked += at - start + max(0, end-at)
		if start < at && end > 0 {
			w.add(start, end, ruleEmail)
			at = end - 1
		}
	}
}

// localPart is where the local part that ends at to begins.
func localPart(text []byte, to int) int {
	if to > 1 && text[to-1] == '"' { // a quoted one
		if i := bytes.LastIndexByte(text[max(0, to-66):to-1], '"'); i >= 0 {
			return max(0, to-66) + i
		}
	}
	i := to
	for i > 0 {
		c := text[i-1]
		if c < utf8.RuneSelf {
			if !isAlnum(c) && bytes.IndexByte([]byte("._%+-'~!#$*"), c) < 0 {
				break
			}
			i--
			continue
		}
		r, n := utf8.DecodeLastRune(text[:i])
		if !isLetter(r) && !unicode.IsDigit(r) {
			break
		}
		i -= n
	}
	for i < to && (text[i] == '.' || text[i] == '\'') {
		i++
	}
	return i
}

// domain is where the domain that begins at from ends, or 0 when there is
// none. It ends with the last label that may be a top-level one.
func domain(text []byte, from int) (end int) {
	for labels := 1; ; labels++ {
		size, letters := label(text[from:])
		if size == 0 {
			return end
		}
		here := text[from : from+size]
		if labels == 1 && size == 2 && isDigit(here[0]) && here[1]|0x20 == 'x' {
			return 0 // icon@2x.png is no address
		}
		if labels > 1 && utf8.RuneCount(here[:letters]) >= 2 {
			end = from + letters
			if bytes.HasPrefix(here, []byte("xn--")) {
				end = from + size
			}
		}
		from += size
		if from == len(text) || text[from] != '.' {
			return end
		}
		from++
	}
}

// label is how long the label is that text begins with, and the letters it
// begins with.
func label(text []byte) (size, letters int) {
	only := true
	for size < len(text) {
		r, n := utf8.DecodeRune(text[size:])
		switch {
		case isLetter(r):
			if only {
				letters += n
			}
		case r == '-' && size > 0, unicode.IsDigit(r):
			only = false
		default:
			return size, letters
		}
		size += n
	}
	return size, letters
}

func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r) || unicode.IsMark(r)
}

func isAlnum(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || isDigit(c)
}
