package masking

import (
	"bytes"
	"encoding/base64"
)

const (
	ruleCredential = "detect:credential"
	ruleBearer     = "detect:bearer"
)

// credentials adds what follows the words Basic and Bearer, as in an
// Authorization field (RFC 9110, 11.6.2), where it is one and not prose.
func (w *work) credentials(text []byte) {
	for i := 0; i < len(text); i++ {
		if text[i]|0x20 != 'b' || i > 0 && isAlnum(text[i-1]) {
			continue
		}
		basic := hasPrefixFold(text[i:], "basic")
		after := i + len("basic")
		if !basic {
			if !hasPrefixFold(text[i:], "bearer") {
				continue
			}
			after = i + len("bearer")
		}
		start := after
		for start < len(text) && (text[start] == ' ' || text[start] == '\t') {
			start++
		}
		form := start == after && start < len(text) && text[start] == '+' // a blank in the query of a URL
		if form {
			start++
		}
		w.root.looked += start - i
		if start == after {
			continue // before looking further: basic-basic-basic…
		}
		end := start
		for end < len(text) && token68(text[end]) && !(form && text[end] == '+') {
			end++
		}
		w.root.looked += end - start
		if end == start {
			continue
		}
		word := text[start:end]
		if bytes.IndexByte(bytes.TrimRight(word, "="), '=') >= 0 {
			i = end - 1
			continue // name=value; equals signs are at a credential's end only
		}
		alone := i == 0 && end == len(text)
		switch d := w.p.detect; {
		case basic && d.has(detectCredential) && basicCredential(word):
			w.add(start, end, ruleCredential)
		case !basic && d.has(detectBearer) && bearerCredential(word, alone):
			w.add(start, end, ruleBearer)
		}
		i = end - 1
	}
}

// basicCredential says whether word is base64 of a user and password, or at
// least no word of any language.
func basicCredential(word []byte) bool {
	if len(word) > maxWithin || len(word) >= minBearer && bytes.ContainsAny(word, "0123456789") && len(bytes.TrimLeft(word, "0123456789.-")) > 0 {
		return true
	}
	word = bytes.TrimRight(word, "=")
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(word, "-_") {
		enc = base64.RawURLEncoding
	}
	decoded := make([]byte, enc.DecodedLen(len(word)))
	n, err := enc.Decode(decoded, word)
	return err == nil && bytes.IndexByte(decoded[:n], ':') >= 0
}

// Bearer tokens of letters alone are told from words by their length or by
// capitals within.
const minBearer, surelyBearer = 8, 20

func bearerCredential(word []byte, alone bool) bool {
	word = bytes.TrimRight(word, ".")
	if len(word) < minBearer {
		return alone && len(word) >= shortest && !isProse(word)
	}
	for i, c := range word {
		if !isAlnum(c) && c != '-' || isDigit(c) || i > 0 && 'A' <= c && c <= 'Z' && word[i-1] > 'Z' {
			return true
		}
	}
	return len(word) >= surelyBearer || alone && !isProse(word)
}

// isProse says whether word is what people write after "bearer".
func isProse(word []byte) bool {
	for _, p := range []string{"token", "tokens", "authentication", "authorization", "scheme", "format", "realm", "header"} {
		if len(p) == len(word) && hasPrefixFold(word, p) {
			return true
		}
	}
	return false
}

// token68 says whether c may be in a credential (RFC 9110, 11.2).
func token68(c byte) bool {
	return isAlnum(c) || bytes.IndexByte([]byte("-._~+/="), c) >= 0
}

// userinfo adds the passwords in URLs (RFC 3986, 3.2.1): what stands between
// a colon and the @ of the authority, and a long user name alone, which is a
// token.
func (w *work) userinfo(text []byte) {
	for i := 0; ; {
		n, size := schemeEnd(text[i:])
		if n < 0 {
			return
		}
		from := i + n + size
		i = from + urlLength(text[from:])
		rest := text[from:i]
		w.root.looked += len(rest)
		// Passwords are not always encoded: one may hold a slash or an @.
		// A port is digits up to the path.
		at := bytes.LastIndexByte(rest[:authority(rest)], '@')
		colon := bytes.IndexByte(rest, ':')
		if at < 0 && colon >= 0 && colon < authority(rest) && !isPort(rest[colon+1:authority(rest)]) {
			at = bytes.LastIndexByte(rest, '@')
		}
		switch {
		case at < 0:
		case colon >= 0 && colon < at:
			w.add(from+colon+1, from+at, ruleCredential)
		case at >= 16:
			w.add(from, from+at, ruleCredential)
		}
	}
}

// schemeEnd is where the :// begins that a URL's scheme ends with, and how long
// it is; -1 for none. JSON of PHP has it as :\/\/, more than once escaped with
// more backslashes.
func schemeEnd(text []byte) (at, size int) {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], ':')
		if n < 0 {
			return -1, 0
		}
		i += n
		one := backslashesAt(text, i+1)
		if slash := i + 1 + one; slash >= len(text) || text[slash] != '/' || backslashesAt(text, slash+1) != one ||
			slash+1+one >= len(text) || text[slash+1+one] != '/' {
			continue
		}
		return i, 3 + 2*one
	}
}

// backslashesAt is how many backslashes stand at i, up to four.
func backslashesAt(text []byte, i int) int {
	n := 0
	for n < 4 && i+n < len(text) && text[i+n] == '\\' {
		n++
	}
	return n
}

// urlLength is how much of text may belong to a URL.
func urlLength(text []byte) int {
	for i, c := range text {
		if c <= ' ' || c == '"' || c == '<' || c == '>' {
			return i
		}
	}
	return len(text)
}

// authority is where the authority ends that rest begins with.
func authority(rest []byte) int {
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		return i
	}
	return len(rest)
}

func isPort(text []byte) bool {
	for _, c := range text {
		if !isDigit(c) {
			return bytes.IndexByte([]byte(",;)'"), c) >= 0 // the URL ended before
		}
	}
	return true
}

// hasPrefixFold compares with a lower-case word without regard to case.
func hasPrefixFold(text []byte, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		if text[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}
