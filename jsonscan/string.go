package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// scanString reads the string whose opening quote is at i. It returns where
// the string ends, or where and why it is not one.
func scanString(src []byte, i int) (end int, escaped bool, why string) {
	start := i
	i++
	var seen uint64 // the high bits of every byte passed
	for {
		// Eight bytes at a time up to a quote, a backslash or a control
		// character. A borrow can only raise a flag above a true one, so the
		// lowest flag is right.
		for len(src)-i >= 8 {
			w := binary.LittleEndian.Uint64(src[i:])
			q, b := w^(ones*'"'), w^(ones*'\\')
			m := ((q-ones)&^q | (b-ones)&^b | (w-ones*' ')&^w) & highs
			if m != 0 {
				seen |= w & (m ^ (m - 1))
				i += bits.TrailingZeros64(m) >> 3
				goto found
			}
			seen |= w
			i += 8
		}
		for i < len(src) && src[i] != '"' && src[i] != '\\' && src[i] >= ' ' {
			seen |= uint64(src[i])
			i++
		}
		if i >= len(src) {
			return i, escaped, UnexpectedEnd
		}
	found:
		switch src[i] {
		case '"':
			if seen&highs != 0 {
				if at := badUTF8(src, start, i); at >= 0 {
					return at, escaped, InvalidUTF8
				}
			}
			return i + 1, escaped, ""
		case '\\':
			escaped = true
			n, why := scanEscape(src, i)
			if why != "" {
				return n, escaped, why
			}
			i = n
		default:
			return i, escaped, ControlCharacter
		}
	}
}

// badUTF8 is the offset of the first byte of src[from:to] that is not UTF-8,
// or -1.
func badUTF8(src []byte, from, to int) int {
	if utf8.Valid(src[from:to]) {
		return -1
	}
	for from < to {
		r, n := utf8.DecodeRune(src[from:to])
		if r == utf8.RuneError && n == 1 {
			return from
		}
		from += n
	}
	return -1
}

// scanEscape reads the escape whose backslash is at i, both halves of a
// surrogate pair at once, and returns what follows it.
func scanEscape(src []byte, i int) (next int, why string) {
	if i+1 >= len(src) {
		return len(src), UnexpectedEnd
	}
	switch src[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, ""
	case 'u':
	default:
		return i + 1, BadEscape
	}
	v := hex4(src, i+2)
	if v < 0 {
		return badHex(src, i+2)
	}
	if v < 0xd800 || v > 0xdfff {
		return i + 6, ""
	}
	if v >= 0xdc00 || len(src)-i < 8 || src[i+6] != '\\' || src[i+7] != 'u' {
		return i, LoneSurrogate
	}
	low := hex4(src, i+8)
	if low < 0 {
		return badHex(src, i+8)
	}
	if low < 0xdc00 || low > 0xdfff {
		return i, LoneSurrogate
	}
	return i + 12, ""
}

// hex4 is the value of the four hexadecimal digits at i, or -1.
func hex4(src []byte, i int) int {
	if len(src)-i < 4 {
		return -1
	}
	v := int(hexValue[src[i]])<<12 | int(hexValue[src[i+1]])<<8 |
		int(hexValue[src[i+2]])<<4 | int(hexValue[src[i+3]])
	return v // a byte that is no digit is -1, and -1 or-ed with anything is negative
}

func badHex(src []byte, i int) (int, string) {
	for n := range 4 {
		if i+n >= len(src) {
			return len(src), UnexpectedEnd
		}
		if hexValue[src[i+n]] < 0 {
			return i + n, BadEscape
		}
	}
	return i, BadEscape
}

var hexValue = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i := range 10 {
		t['0'+i] = int8(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = int8(10+i), int8(10+i)
	}
	return t
}()
