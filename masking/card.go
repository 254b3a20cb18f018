package masking

import (
	"bytes"
	"unicode/utf8"
)

const ruleCard = "detect:card"

// Payment card numbers have 13 to 19 digits here (ISO/IEC 7812-1 allows from
// 8, which would find every second number).
const (
	minCardDigits = 13
	maxCardDigits = 19
	// shortestCard is how long a JSON number must be to be looked at: 4.2e15
	// has the check digit of a card number by accident.
	shortestCard = 12
)

// cardRun is a run of digits with at most one separator between two of them.
type cardRun struct {
	digits []byte // their values
	start  []int  // where each begins in the text
	end    []int  // where each ends
	groups []int  // the numbers of the digits after a separator, from 0
}

func (r *cardRun) reset() {
	r.digits, r.start, r.end, r.groups = r.digits[:0], r.start[:0], r.end[:0], r.groups[:0]
}

func (r *cardRun) trim() {
	if cap(r.digits) > keep/16 {
		*r = cardRun{}
	}
}

// groupings are how card numbers are printed.
var groupings = [][]int{{4, 4, 4, 4, 3}, {4, 4, 4, 4, 2}, {4, 4, 4, 4, 1}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}, {4, 3, 3, 3}}

// cards adds the card numbers in text.
func (w *work) cards(text []byte) {
	r := &w.card
	for i := 0; i < len(text); {
		if _, n := digitAt(text, i); n == 0 {
			i++
			continue
		}
		from := i
		i = r.read(text, i)
		w.root.looked += i - from
		if start, end := exponential(text, i); end > 0 && cardNumber(text[start:end]) {
			w.addCard(text, start, end)
			i = end
		} else if len(r.digits) >= minCardDigits && !inFraction(text, from) {
			w.cardsIn(text, r, from > 0 && text[from-1] == '+')
		}
	}
}

// read takes the run that begins at i in and returns what follows it.
func (r *cardRun) read(text []byte, i int) int {
	r.reset()
	r.groups = append(r.groups, 0)
	for {
		v, n := digitAt(text, i)
		if n == 0 {
			sep := separatorAt(text, i)
			if sep == 0 {
				return i
			}
			if v, n = digitAt(text, i+sep); n == 0 {
				return i
			}
			i += sep
			r.groups = append(r.groups, len(r.digits))
		}
		r.digits, r.start, r.end = append(r.digits, v), append(r.start, i), append(r.end, i+n)
		i += n
	}
}

// cardsIn adds the card numbers in a run: all of it, or whole groups of a
// longer one. What has a plus sign before and no more than 15 digits is a
// telephone number (ITU-T E.164).
func (w *work) cardsIn(text []byte, r *cardRun, plus bool) {
	total := len(r.digits)
	if plus && total <= 15 {
		return
	}
	if isCard(r.digits) {
		w.addCard(text, r.start[0], r.end[total-1])
		return
	}
	for g, first := range r.groups {
		n := r.size(g)
		if n < minCardDigits {
			n = r.printed(g)
		}
		if n > 0 && isCard(r.digits[first:first+n]) {
			w.addCard(text, r.start[first], r.end[first+n-1])
		}
	}
}

func (w *work) addCard(text []byte, start, end int) {
	w.root.looked += 2 * (longestHex + 1)
	if !inHex(text, start, end) {
		w.add(start, end, ruleCard)
	}
}

// size is the number of digits in group g, 0 when there is no such group.
func (r *cardRun) size(g int) int {
	switch {
	case g >= len(r.groups):
		return 0
	case g == len(r.groups)-1:
		return len(r.digits) - r.groups[g]
	}
	return r.groups[g+1] - r.groups[g]
}

// printed is the number of digits of a card number grouped as usual that
// begins with group g, or 0.
func (r *cardRun) printed(g int) int {
next:
	for _, sizes := range groupings {
		n := 0
		for i, size := range sizes {
			if r.size(g+i) != size {
				continue next
			}
			n += size
		}
		if first := r.groups[g]; isCard(r.digits[first : first+n]) {
			return n
		}
	}
	return 0
}

// inFraction says whether the digits at i are decimals of a number.
func inFraction(text []byte, i int) bool {
	return i >= 2 && text[i-1] == '.' && isDigit(text[i-2])
}

// exponential is where the number with an exponent begins and ends whose
// mantissa ends at i; end is 0 when there is none.
func exponential(text []byte, i int) (start, end int) {
	end = i + 1
	if end >= len(text) || text[i]|0x20 != 'e' {
		return 0, 0
	}
	if text[end] == '+' || text[end] == '-' {
		end++
	}
	from := end
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	for start = i; start > 0 && isDigit(text[start-1]); {
		start--
	}
	if start > 1 && text[start-1] == '.' && isDigit(text[start-2]) {
		for start--; start > 0 && isDigit(text[start-1]); {
			start--
		}
	}
	if end == from || start == i || end-start > 64 || start > 0 && isAlnum(text[start-1]) || end < len(text) && isAlnum(text[end]) {
		return 0, 0
	}
	return start, end
}

// digitAt is the value and length of the decimal digit at i; the length is 0
// when there is none.
func digitAt(text []byte, i int) (byte, int) {
	if i >= len(text) {
		return 0, 0
	}
	c := text[i]
	if isDigit(c) {
		return c - '0', 1
	}
	if c != 0xef && c != 0xd9 && c != 0xdb {
		return 0, 0
	}
	r, n := utf8.DecodeRune(text[i:])
	for _, zero := range []rune{'０', '٠', '۰'} {
		if r >= zero && r <= zero+9 {
			return byte(r - zero), n
		}
	}
	return 0, 0
}

// separatorAt is the length of the space or dash at i, or 0. A plus sign is a
// form's space.
func separatorAt(text []byte, i int) int {
	if i >= len(text) {
		return 0
	}
	if c := text[i]; c == ' ' || c == '-' || c == '+' {
		return 1
	} else if c != 0xc2 && c != 0xe2 {
		return 0
	}
	switch r, n := utf8.DecodeRune(text[i:]); r {
	case '\u00a0', '\u2007', '\u2009', '\u202f', '\u2010', '\u2011', '\u2012', '\u2013', '\u2212':
		return n
	}
	return 0
}

func isDigit(c byte) bool { return c-'0' < 10 }

// cardNumber says whether a JSON number is a card number: its value counts,
// not its form.
func cardNumber(tok []byte) bool {
	tok = bytes.TrimPrefix(tok, []byte("-"))
	var digits [64]byte
	n, scale, exp := 0, 0, 0
	fraction := false
	for i := 0; i < len(tok); i++ {
		switch c := tok[i]; {
		case c == '.':
			fraction = true
		case c|0x20 == 'e':
			exp = exponent(tok[i+1:])
			i = len(tok)
		case n == len(digits):
			return false
		default:
			digits[n] = c - '0'
			n++
			if fraction {
				scale++
			}
		}
	}
	// The value is digits × 10^(exp-scale): bring that to 10^0.
	for scale -= exp; scale > 0 && n > 0; scale-- {
		if n--; digits[n] != 0 {
			return false
		}
	}
	for ; scale < 0 && n < len(digits); scale++ {
		digits[n] = 0
		n++
	}
	return scale == 0 && isCard(bytes.TrimLeft(digits[:n], "\x00"))
}

// exponent is the value of a scanned exponent, which is small.
func exponent(text []byte) (n int) {
	minus := text[0] == '-'
	for _, c := range text {
		if isDigit(c) {
			n = min(n*10+int(c-'0'), 1000)
		}
	}
	if minus {
		return -n
	}
	return n
}
