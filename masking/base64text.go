package masking

import "unicode/utf8"

// Base64 of plain text, such as card 4111 1111 1111 1111. Random bytes, of
// which tokens, digests and files are made, are no text: of 8 of them that are
// is one case in some thousands, and a detector must find something in it too.

// shortestTextBase64 is how long base64 of plain text is at least: that of 8
// bytes, pin=1234.
const shortestTextBase64 = shortestPlain

// sextets are what the letters of both alphabets stand for (RFC 4648, 4 and 5);
// noSextet for every other byte.
var sextets = func() (t [256]uint8) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for i := range t {
		t[i] = noSextet
	}
	for i, c := range []byte(letters + "+/") {
		t[c] = uint8(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

const noSextet = 0xff

// isBase64 says whether c is a letter of one of the alphabets.
func isBase64(c byte) bool { return sextets[c] != noSextet }

// mayBeTextBase64 says by its beginning whether text may be base64 of plain
// text. It runs for every string there is: most have not the right first four
// letters.
func mayBeTextBase64(text []byte) bool {
	if len(text) < shortestTextBase64 {
		return false
	}
	a, b, c, d := sextets[text[0]], sextets[text[1]], sextets[text[2]], sextets[text[3]]
	if a|b|c|d == noSextet || !isText([]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}) {
		return false
	}
	for _, c := range text[4:shortestTextBase64] {
		if !isBase64(c) {
			return false
		}
	}
	return true
}

// shortestBase64Word is how long a word of base64 of plain text is at least: that
// of 11 bytes, ann@corp.io.
const shortestBase64Word = 15

// wordBit is the gate of what textWord finds; scanGates knows no such word.
const wordBit gates = 1 << 62

// textWord finds the next word in text, from at on, that may by its beginning be
// base64 of plain text: for most texts there is none. It runs for every text, and
// looks at every shortestBase64Word-th letter first: a word that is long enough
// has one of them, and most others are passed over by that.
func textWord(text []byte, at int) (start, end int, ok bool) {
	for last := at + shortestBase64Word - 1; last < len(text); last = at + shortestBase64Word - 1 {
		i := last
		for i >= at && isBase64(text[i]) {
			i--
		}
		if i >= at {
			at = i + 1
			continue
		}
		if mayBeTextBase64(text[at : last+1]) {
			return at, base64End(text, at), true
		}
		at = nextSegment(text, at)
	}
	return 0, 0, false
}

// nextSegment is where the next segment of a path begins in the word that goes
// on at at, or the word ends.
func nextSegment(text []byte, at int) int {
	for ; at < len(text) && isBase64(text[at]); at++ {
		if text[at] == '/' {
			return at + 1
		}
	}
	return at
}

// base64Words adds the words in text that are base64 of plain text with a
// secret, but those that the first n of w's spans cover.
func (w *work) base64Words(text []byte, n int) {
	for at := 0; ; {
		start, end, ok := textWord(text, at)
		if !ok {
			return
		}
		at = end
		w.root.looked += end - start
		if end-start == len(text) || w.covered(start, end, n) {
			continue
		}
		if w.base64(text[start:end]) {
			w.add(start, end, ruleNested)
		} else {
			at = nextSegment(text, start)
		}
	}
}

// isText says whether b is UTF-8 that people write: without control
// characters but tabs and line breaks. Its last character may be cut.
func isText(b []byte) bool {
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f:
			return false
		case c < utf8.RuneSelf:
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(b[i:])
		}
		if r < 0xa0 { // C1 controls
			return false
		}
		i += n
	}
	return true
}
