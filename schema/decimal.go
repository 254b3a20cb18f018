package schema

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
)

// decimal is the number coef × 10^exp exactly, below 0 where neg. A number has
// one decimal, or none where its digits do not fit: coef does not end in 0, and 0
// is the zero decimal.
type decimal struct {
	coef uint64
	exp  int
	neg  bool
}

// decimalOf reads a JSON number; false where its digits do not fit.
func decimalOf[T ~string | ~[]byte](text T) (d decimal, ok bool) {
	zeros := 0 // read since the last other digit
	fraction := false
	i := 0
	if len(text) > 0 && text[0] == '-' {
		d.neg = true
		i = 1
	}
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '.':
			fraction = true
			continue
		case c|0x20 == 'e':
			d.exp += exponentOf(text[i+1:])
			i = len(text)
			continue
		}
		if fraction {
			d.exp--
		}
		if c == '0' {
			if d.coef != 0 {
				zeros++
			}
			continue
		}
		for ; zeros >= 0; zeros-- {
			if d.coef > (math.MaxUint64-9)/10 {
				return decimal{}, false
			}
			d.coef *= 10
		}
		d.coef += uint64(c - '0')
		zeros = 0
	}
	if d.coef == 0 {
		return decimal{}, true
	}
	d.exp += zeros
	return d, true
}

// exponentOf reads what follows the e; the scanner bounds it.
func exponentOf[T ~string | ~[]byte](text T) int {
	n, sign := 0, 1
	for i := range len(text) {
		switch c := text[i]; c {
		case '+':
		case '-':
			sign = -1
		default:
			n = n*10 + int(c-'0')
		}
	}
	return sign * n
}

// compare compares two numbers.
func (d decimal) compare(o decimal) int {
	switch {
	case d.neg && !o.neg:
		return -1
	case o.neg && !d.neg:
		return 1
	case d.neg:
		return o.beside(d)
	}
	return d.beside(o)
}

// beside compares the numbers without their signs.
func (d decimal) beside(o decimal) int {
	if d.exp < o.exp {
		return -o.beside(d)
	}
	coef, fits := scale(d.coef, d.exp-o.exp)
	if !fits {
		return 1
	}
	return cmp.Compare(coef, o.coef)
}

// multipleOf says that d is an integer multiple of o, which is not 0.
func (d decimal) multipleOf(o decimal) bool {
	if d.exp < o.exp {
		step, fits := scale(o.coef, o.exp-d.exp)
		return d.coef == 0 || fits && d.coef%step == 0
	}
	rest := d.coef % o.coef
	for n := d.exp - o.exp; n > 0 && rest != 0; n-- {
		high, low := bits.Mul64(rest, 10)
		rest = bits.Rem64(high, low, o.coef)
	}
	return rest == 0
}

var tens = func() (t [20]uint64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = 10 * t[i-1]
	}
	return t
}()

// scale is coef × 10^n, if it fits.
func scale(coef uint64, n int) (uint64, bool) {
	if coef == 0 {
		return 0, true
	}
	if n >= len(tens) {
		return 0, false
	}
	high, low := bits.Mul64(coef, tens[n])
	return low, high == 0
}

// rat is the exact value of any number; the length and exponent of numbers are
// bounded.
func rat[T ~string | ~[]byte](text T) *big.Rat {
	r, _ := new(big.Rat).SetString(string(text))
	return r
}

// isInteger: 1.0 and 1e3 are integers too.
func isInteger(text []byte) bool {
	whole := true
	for _, c := range text {
		whole = whole && (isDigit(c) || c == '-')
	}
	if whole {
		return true
	}
	if d, ok := decimalOf(text); ok {
		return d.exp >= 0
	}
	r := rat(text)
	return r != nil && r.IsInt()
}

// bound is a number of the schema.
type bound struct {
	rat     *big.Rat
	decimal decimal
	fits    bool // decimal is it
}

func newBound(r *big.Rat) *bound {
	if r == nil {
		return nil
	}
	b := &bound{rat: r}
	if digits, exact := r.FloatPrec(); exact {
		b.decimal, b.fits = decimalOf(r.FloatString(digits))
	}
	return b
}

// compare compares a number of the body with b.
func (b *bound) compare(text []byte) int {
	if b.fits {
		if d, ok := decimalOf(text); ok {
			return d.compare(b.decimal)
		}
	}
	return rat(text).Cmp(b.rat)
}

// divides says that a number of the body is a multiple of b.
func (b *bound) divides(text []byte) bool {
	if b.fits && b.decimal.coef != 0 {
		if d, ok := decimalOf(text); ok {
			return d.multipleOf(b.decimal)
		}
	}
	return new(big.Rat).Quo(rat(text), b.rat).IsInt()
}
