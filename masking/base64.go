package masking

import (
	"bytes"
	"encoding/base64"
	"slices"
)

// base64s adds the words in text that are base64 of a secret: a query's value
// in a URL, what follows ;base64, in another, a segment of a path, and of
// objects and of plain text any word, or segment of one. What the detectors
// before found has its own rule.
func (w *work) base64s(text []byte, found gates) {
	if w.level > maxLevel {
		return
	}
	sortSpans(w.spans)
	before := len(w.spans)
	for _, by := range []struct {
		gate int
		mark byte
	}{
		{gateBase64, 'y'}, {gateBase64, 'w'}, // ey and ew are how base64 of objects begins
		{gateEquals, '='}, {gateColon, ','}, {gateURL, '/'},
	} {
		if !found.has(by.gate) {
			continue
		}
		for at := 0; ; at++ {
			i := bytes.IndexByte(text[at:], by.mark)
			if i < 0 {
				break
			}
			at += i
			start, ok := base64Start(text, at)
			if !ok || mayHold(text[start:]) != base64Text {
				continue
			}
			end := base64End(text, start)
			w.root.looked += end - start
			if !w.covered(start, end, before) && w.base64(text[start:end]) {
				w.add(start, end, ruleNested)
				at = end - 1
			}
		}
	}
	if found&wordBit != 0 {
		w.base64Words(text, before)
	}
}

// base64Start is where a word begins that the byte at is a mark of, if it is. A
// word is looked at once, and so is each of its segments.
func base64Start(text []byte, at int) (start int, ok bool) {
	switch start = at + 1; text[at] {
	case 'y', 'w':
		start = at - 1
		return start, at > 0 && text[start] == 'e' && (start == 0 || !isBase64(text[start-1]) || text[start-1] == '/')
	case ',':
		const before = "base64"
		if at < len(before) || !hasPrefixFold(text[at-len(before):], before) {
			return start, false
		}
	}
	return start, start < len(text) && isBase64(text[start]) && !beginsObject(text[start:])
}

// beginsObject says whether base64 begins as that of objects does, which any
// word is looked at for.
func beginsObject(text []byte) bool {
	return len(text) > 1 && text[0] == 'e' && (text[1] == 'y' || text[1] == 'w')
}

// base64End is where the word ends that begins at start: a segment of a path
// with that.
func base64End(text []byte, start int) int {
	segment := start > 0 && text[start-1] == '/'
	i := start
	for i < len(text) && isBase64(text[i]) && !(segment && text[i] == '/') {
		i++
	}
	for i < len(text) && text[i] == '=' {
		i++
	}
	return i
}

// covered says whether a part of the text at hand is in one of its first n
// spans, which are sorted.
func (w *work) covered(start, end, n int) bool {
	spans := w.spans[:min(n, len(w.spans))]
	i, _ := slices.BinarySearchFunc(spans, start+1, func(s span, at int) int { return int(s.start) - at })
	return i > 0 && int(spans[i-1].end) >= end
}

// base64Encoding is the encoding text is in, or nil when it is none or of
// nothing that is looked into. Plain says that it may be of plain text, and of
// nothing else.
func base64Encoding(text []byte) (enc *base64.Encoding, plain bool) {
	if len(text) < shortestBase64 {
		return nil, false
	}
	enc = base64.RawStdEncoding
	var head [6]byte
	if bytes.ContainsAny(text[:shortestBase64], "-_") {
		enc = base64.RawURLEncoding
	}
	if n, err := enc.Decode(head[:], text[:shortestBase64]); err != nil || n < 6 {
		return nil, false
	}
	if plain = !mayBeWithin(head[:]); plain && !(len(text) >= shortestTextBase64 && isText(head[:])) {
		return nil, false
	}
	for i, b := range text {
		switch {
		case 'a' <= b|0x20 && b|0x20 <= 'z', '0' <= b && b <= '9', b == '+', b == '/', b == '\r', b == '\n':
		case b == '-' || b == '_':
			enc = base64.RawURLEncoding
		case b == '=' && i >= len(text)-4:
		default:
			return nil, false
		}
	}
	return enc, plain
}

// mayBeWithin says whether what begins with head may be JSON, a private key, or
// base64 of the two.
func mayBeWithin(head []byte) bool {
	c := content(head)
	if len(c) == 0 {
		return true
	}
	switch c[0] {
	case '[':
		return true
	case '{':
		return len(c) == 1 || bytes.IndexByte([]byte("\" \t\r\n"), c[1]) >= 0
	case '"':
		return len(c) == 1 || c[1] == '{' || c[1] == '['
	case '-':
		return bytes.HasPrefix([]byte("-----BEGIN"), c)
	}
	return beginsWithin(head)
}

// beginsWithin says whether base64 that begins with head is of what is looked
// into but for further base64.
func beginsWithin(head []byte) bool {
	var plain [3]byte
	if _, err := base64.RawStdEncoding.Decode(plain[:], head[:4]); err != nil {
		return false
	}
	c := content(plain[:])
	return len(c) == 0 || c[0] == '{' || c[0] == '[' || string(c) == "---"
}
