package masking

// A gate says in one pass over a text which detectors it is worth running.
// The words below are looked for all at once, a bit for each of their letters
// (shift-and, Baeza-Yates and Gonnet, 1992), without regard to case.

// gates is a set of words that a text holds.
type gates uint64

// gateWords[i] is a word as a list of byte sets.
var gateWords = [][]string{
	{"@"},
	{"="},
	{"%"},
	{"."},
	{":"},
	{":", "/", "/"},
	{"e", "yw", "ABCDIJKLklmnopqr0123"}, // how base64 of '{' and a quote or a space begins
	{"p", "r", "i", "v", "a", "t", "e", " ", "k", "e", "y"},
	{"b", "a", "s", "i", "c", " \t"},
	{"b", "e", "a", "r", "e", "r", " \t"},
}

// The words in their order.
const (
	gateAt = iota
	gateEquals
	gatePercent
	gateDot
	gateColon
	gateURL
	gateBase64
	gatePEM
	gateBasic
	gateBearer
	numGates
)

// digitBit is in the table for bytes that may belong to a digit.
const digitBit = 1 << 63

var gateTable, gateFirst, gateLast = func() (table [256]uint64, first uint64, last [numGates]gates) {
	at := 0
	for i, word := range gateWords {
		first |= 1 << at
		for _, set := range word {
			for _, c := range []byte(set) {
				table[c] |= 1 << at
				if 'a' <= c && c <= 'z' && i != gateBase64 {
					table[c&^0x20] |= 1 << at
				}
			}
			at++
		}
		last[i] = 1 << (at - 1)
	}
	for c := '0'; c <= '9'; c++ {
		table[c] |= digitBit
	}
	// Lead bytes of digits that are not ASCII: fullwidth, Arabic-Indic.
	for _, c := range []byte{0xef, 0xd9, 0xdb} {
		table[c] |= digitBit
	}
	return table, first, last
}()

// scanGates returns the words that text holds and how many digits it may hold.
func scanGates(text []byte) (found gates, digits int) {
	var d, seen uint64
	for _, c := range text {
		t := gateTable[c]
		digits += int(t >> 63)
		d = (d<<1 | gateFirst) & t
		seen |= d
	}
	return gates(seen), digits
}

func (g gates) has(word int) bool { return g&gateLast[word] != 0 }

// anyGate is every last letter: a text with none of them has no word.
var anyGate = func() (all gates) {
	for i, g := range gateLast {
		if i != gateDot { // nothing begins with a dot alone
			all |= g
		}
	}
	return all
}()
