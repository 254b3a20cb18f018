package jsonscan

import (
	"slices"
	"unicode/utf8"
)

// AppendString appends the decoded text of a scanned Key or String token,
// quotes and all, to dst.
func AppendString(dst, quoted []byte) []byte {
	in := quoted[1 : len(quoted)-1]
	if len(in) > cap(dst)-len(dst) {
		dst = slices.Grow(dst, len(in)) // no escape is shorter than what it stands for
	}
	for i := 0; i < len(in); {
		j := i
		for j < len(in) && in[j] != '\\' {
			j++
		}
		dst = append(dst, in[i:j]...)
		if j == len(in) {
			break
		}
		r, n := unescape(in[j:])
		if r < utf8.RuneSelf {
			dst = append(dst, byte(r))
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		i = j + n
	}
	return dst
}

// unescape decodes the scanned escape that in begins with and says how long
// it is.
func unescape(in []byte) (rune, int) {
	switch c := in[1]; c {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		v := hex4(in, 2)
		if v < 0xd800 || v > 0xdfff {
			return rune(v), 6
		}
		return rune(v-0xd800)<<10 + rune(hex4(in, 8)-0xdc00) + 0x10000, 12
	default:
		return rune(c), 2
	}
}

// equalDecoded says whether the scanned text in, without quotes, decodes to
// text.
func equalDecoded(in, text []byte) bool {
	for len(in) > 0 {
		if in[0] != '\\' {
			if len(text) == 0 || text[0] != in[0] {
				return false
			}
			in, text = in[1:], text[1:]
			continue
		}
		r, n := unescape(in)
		var enc [utf8.UTFMax]byte
		m := utf8.EncodeRune(enc[:], r)
		if len(text) < m || string(text[:m]) != string(enc[:m]) {
			return false
		}
		in, text = in[n:], text[m:]
	}
	return len(text) == 0
}

const hexDigits = "0123456789abcdef"

// AppendQuoted appends the JSON string that stands for s to dst, with as few
// escapes as RFC 8259 allows. Bytes of s that are not UTF-8 become U+FFFD.
func AppendQuoted(dst, s []byte) []byte {
	dst = append(slices.Grow(dst, quotedLen(s)), '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

// quotedLen is how long the JSON string for s is, or a little less where s is
// not UTF-8.
func quotedLen(s []byte) int {
	n := len(s) + len(`""`)
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			n++
		case c < ' ':
			n += len(`u0000`)
		}
	}
	return n
}
