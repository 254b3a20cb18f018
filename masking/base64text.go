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
