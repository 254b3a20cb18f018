package jsonmatch

import "errors"

// Bounds of a number in a string, those that the scanner has for numbers: what
// a reader makes of one beyond them differs too much.
const (
	maxDecimal  = 64  // bytes
	maxExponent = 400 // either way
)

var errBeyond = errors.New("a number is longer than 64 bytes or has an exponent beyond 400")

// decimal is a number in decimal, exactly as it was written. It refers to the
// text and allocates nothing.
type decimal struct {
	digits   string // from the first that is not 0 on, maybe with a point; empty for zero
	negative bool
	top      int // the power of ten of the first digit
}

// parseDecimal reads a number as every reader of text does: a minus, digits, a
// fraction, an exponent; no hexadecimal, no separators, no words. ok is false
// for anything else. An error is errBeyond.
func parseDecimal(text string) (d decimal, ok bool, err error) {
	rest, negative := text, false
	if rest != "" && rest[0] == '-' {
		rest, negative = rest[1:], true
	}
	whole := countDigits(rest)
	end := whole
	if whole == 0 {
		return d, false, nil
	}
	if end < len(rest) && rest[end] == '.' {
		n := countDigits(rest[end+1:])
		if n == 0 {
			return d, false, nil
		}
		end += 1 + n
	}
	exponent, ok := parseExponent(rest[end:])
	if !ok {
		return d, false, nil
	}
	if len(text) > maxDecimal || exponent > maxExponent || exponent < -maxExponent {
		return d, true, errBeyond
	}
	// The power of ten of rest[i] is that of its place, and the exponent.
	for i := range end {
		if rest[i] == '0' || rest[i] == '.' {
			continue
		}
		top := whole - 1 - i
		if i > whole {
			top = whole - i
		}
		return decimal{digits: rest[i:end], negative: negative, top: top + exponent}, true, nil
	}
	return decimal{}, true, nil // -0 is 0
}

func countDigits(s string) (n int) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// parseExponent reads what follows the digits: nothing, or an exponent. One
// that is large is beyond all bounds, whatever it is.
func parseExponent(s string) (n int, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	s = s[1:]
	negative := s != "" && s[0] == '-'
	if negative || s != "" && s[0] == '+' {
		s = s[1:]
	}
	if s == "" || countDigits(s) != len(s) {
		return 0, false
	}
	for _, c := range []byte(s) {
		n = min(n*10+int(c-'0'), 10*maxExponent)
	}
	if negative {
		n = -n
	}
	return n, true
}

// compare is -1, 0 or 1 as d is less than, equal to or greater than e.
func (d decimal) compare(e decimal) int {
	switch {
	case d.sign() != e.sign():
		return sign(d.sign() - e.sign())
	case d.negative:
		return e.magnitude(d)
	}
	return d.magnitude(e)
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// magnitude is compare for two numbers without their signs.
func (d decimal) magnitude(e decimal) int {
	if d.digits == "" || d.top != e.top {
		return sign(d.top - e.top)
	}
	for i, j := 0, 0; i < len(d.digits) || j < len(e.digits); {
		var a, b byte
		a, i = digit(d.digits, i)
		b, j = digit(e.digits, j)
		if a != b {
			return sign(int(a) - int(b))
		}
	}
	return 0
}

// digit is the digit at i, or after the point there, and where the next one is.
// Behind the last there are zeros.
func digit(s string, i int) (c byte, next int) {
	if i < len(s) && s[i] == '.' {
		i++
	}
	if i >= len(s) {
		return '0', i
	}
	return s[i], i + 1
}

func sign(n int) int { return min(1, max(-1, n)) }
