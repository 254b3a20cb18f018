package jsonscan

// scanNumber reads the number at i (RFC 8259, section 6). It returns where
// the number ends, or where and why it is not one.
func scanNumber(src []byte, i int, lim *Limits) (end int, why string) {
	start := i
	if src[i] == '-' {
		i++
	}
	switch {
	case i >= len(src):
		return i, UnexpectedEnd
	case src[i] == '0':
		i++
		if i < len(src) && isDigit(src[i]) {
			return i, BadNumber
		}
	case isDigit(src[i]):
		i = digits(src, i)
	default:
		return i, BadNumber
	}
	if i < len(src) && src[i] == '.' {
		j := digits(src, i+1)
		if j == i+1 {
			return wanted(src, j)
		}
		i = j
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		j := i + 1
		if j < len(src) && (src[j] == '+' || src[j] == '-') {
			j++
		}
		k := digits(src, j)
		if k == j {
			return wanted(src, j)
		}
		if exponent(src[j:k], lim.Exponent) > lim.Exponent {
			return j, ExponentTooBig
		}
		i = k
	}
	if i-start > lim.NumberBytes {
		return start, NumberTooLong
	}
	return i, ""
}

func isDigit(c byte) bool { return c-'0' < 10 }

func digits(src []byte, i int) int {
	for i < len(src) && isDigit(src[i]) {
		i++
	}
	return i
}

// wanted is the error of a digit missing at i.
func wanted(src []byte, i int) (int, string) {
	if i >= len(src) {
		return i, UnexpectedEnd
	}
	return i, BadNumber
}

// exponent is the value of the digits, or anything above max when it is.
func exponent(digits []byte, max int) int {
	n := 0
	for _, c := range digits {
		if n = n*10 + int(c-'0'); n > max {
			return n
		}
	}
	return n
}
