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

// cardRun is a run of digits with at most one separator between two of them:
// of a long one, the last groups. No card number has more groups than digits.
type cardRun struct {
	total  int // digits of the run
	count  int // groups held
	groups [maxCardDigits]cardGroup
}

// cardGroup are digits without a separator between them.
type cardGroup struct {
	start, end int // in the text
	size       int
	digits     [maxCardDigits]byte // the values of the first
}

// groupings are how card numbers are printed.
var groupings = [][]int{{4, 4, 4, 4, 3}, {4, 4, 4, 4, 2}, {4, 4, 4, 4, 1}, {4, 4, 4, 4}, {4, 6, 5}, {4, 6, 4}, {4, 3, 3, 3}}

// mostGroups is how many groups a printed card number has at most.
const mostGroups = 5

// cards adds the card numbers in text.
func (w *work) cards(text []byte) {
	for i := 0; i < len(text); {
		if _, n := digitAt(text, i); n == 0 {
			i++
			continue
		}
		from := i
		i = w.cardsInRun(text, i)
		w.root.looked += i - from
	}
}

// cardsInRun adds the card numbers in the run that begins at i, all of it or
// whole groups of a longer one, and returns what follows it. What has a plus
// sign before and no more than 15 digits is a telephone number (ITU-T E.164).
func (w *work) cardsInRun(text []byte, i int) int {
	r := &w.card
	r.total, r.count = 0, 0
	from := i
	decimals := inFraction(text, i)
	for {
		i = r.read(text, i)
		sep := separatorAt(text, i)
		if _, n := digitAt(text, i+sep); sep == 0 || n == 0 {
			break
		}
		i += sep
		if r.count == len(r.groups) {
			if !decimals {
				w.cardsInGroups(text, r.count-mostGroups+1)
			}
			r.count = copy(r.groups[:], r.groups[r.count-mostGroups+1:r.count])
		}
	}
	if start, end := exponential(text, i); end > 0 && cardNumber(text[start:end]) {
		w.addCard(text, start, end)
		return end
	}
	switch {
	case decimals || r.total < minCardDigits:
	case from > 0 && text[from-1] == '+' && r.total <= 15:
	case r.total <= maxCardDigits && r.isCard(0, r.count):
		w.addCard(text, from, i)
	default:
		w.cardsInGroups(text, r.count)
	}
	return i
}

// read takes the group that begins at i in and returns what follows it.
func (r *cardRun) read(text []byte, i int) int {
	g := &r.groups[r.count]
	r.count++
	g.start, g.size = i, 0
	for {
		v, n := digitAt(text, i)
		if n == 0 {
			g.end = i
			r.total += g.size
			return i
		}
		if g.size < len(g.digits) {
			g.digits[g.size] = v
		}
		g.size++
		i += n
	}
}

// cardsInGroups adds the card numbers that begin with one of the first groups
// held.
func (w *work) cardsInGroups(text []byte, first int) {
	r := &w.card
	for g := range first {
		n := 0
		if size := r.groups[g].size; size >= minCardDigits {
			if size <= maxCardDigits && r.isCard(g, 1) {
				n = 1
			}
		} else {
			n = r.printed(g)
		}
		if n > 0 {
			w.addCard(text, r.groups[g].start, r.groups[g+n-1].end)
		}
	}
}

// isCard says whether n groups from g on, of no more digits than a card number
// has, are one.
func (r *cardRun) isCard(g, n int) bool {
	var digits [maxCardDigits]byte
	total := 0
	for i := range n {
		of := &r.groups[g+i]
		total += copy(digits[total:], of.digits[:of.size])
	}
	return isCard(digits[:total])
}

func (w *work) addCard(text []byte, start, end int) {
	w.root.looked += 2 * (longestHex + 1)
	if !inHex(text, start, end) {
		w.add(start, end, ruleCard)
	}
}

// printed is how many groups a card number grouped as usual has that begins
// with group g, or 0.
func (r *cardRun) printed(g int) int {
next:
	for _, sizes := range groupings {
		if g+len(sizes) > r.count {
			continue
		}
		for i, size := range sizes {
			if r.groups[g+i].size != size {
				continue next
			}
		}
		if r.isCard(g, len(sizes)) {
			return len(sizes)
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
