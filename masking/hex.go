package masking

import "bytes"

// longestHex is the length of a SHA-512 in hexadecimal.
const longestHex = 128

// inHex says whether the digits from start to end are part of a hash, a UUID, a
// trace's id (W3C Trace Context, 3.2) or another id in hexadecimal, by the
// length of what they stand in and the letters there.
func inHex(text []byte, start, end int) bool {
	from, to := start, end
	letter, dash := false, bytes.IndexByte(text[start:end], '-') >= 0
	take := func(c byte) {
		letter = letter || !isDigit(c) && c != '-'
		dash = dash || c == '-'
	}
	for from > 0 && to-from <= longestHex && isHexOrDash(text[from-1]) {
		from--
		take(text[from])
	}
	for to < len(text) && to-from <= longestHex && isHexOrDash(text[to]) {
		take(text[to])
		to++
	}
	if !letter || from > 0 && isAlnum(text[from-1]) || to < len(text) && isAlnum(text[to]) {
		return false
	}
	switch to - from {
	case 36, 55:
		return dash
	case 24, 32, 40, 48, 56, 64, 96, 128:
		return !dash
	}
	return false
}

func isHexOrDash(c byte) bool { return isHex(c) || c == '-' }
