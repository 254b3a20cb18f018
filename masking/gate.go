package masking

// A gate says in one pass over a text which detectors it is worth running.
// The words below are looked for all at once, a bit for each of their letters
// (shift-and, Baeza-Yates and Gonnet, 1992), without regard to case.

// gates is a set of words that a text holds.
type gates uint64

const (
	lettersSet = "abcdefghijklmnopqrstuvwxyz"
	digitsSet  = "0123456789"
)

// gateWords[i] is a word as a list of byte sets. All of them have 62 letters
// at most. Where a detector's own word is longer, this is the rarest part.
var gateWords = [numGates][]string{
	gateAt:           {"@"},
	gateEquals:       {"="},
	gatePercent:      {"%"},
	gateDot:          {"."},
	gateColon:        {":"},
	gateAngle:        {"<"},
	gateURL:          {":", `/\`, `/\`},                   // :// or, escaped, :\/\/
	gateBase64:       {"e", "yw", "ABCDIJKLklmnopqr0123"}, // how base64 of '{' and a quote or a space begins
	gatePrivateKey:   {"etr", " -", "k", "e", "y"},        // PRIVATE KEY, AGE-SECRET-KEY, PuTTY-User-Key
	gateBasic:        {"s", "i", "c", " \t+"},
	gateBearer:       {"r", "e", "r", " \t+"},
	gateUnderscore:   {"hasrpeoymctn", "pousrtkcmfna", "_"}, // gh?_ pat_ sk_ rk_ pk_ whsec_, and those of other vendors
	gateHyphen:       {"ardftbnsp", "tskip", "-"},           // glpat- sk- pypi- and their like
	gateSlack:        {"x", "o", "x"},                       // xox?-
	gateAKey:         {"a", "iks", "iz", "a"},               // AIza AKIA ASIA
	gateGoogle:       {"2vs", "9gsbr", "."},                 // ya29. hvs. SG.
	gateGoogleSecret: {"s", "p", "x", "-"},                  // GOCSPX-
	gateAWS:          {"a", "w", "s"},
	gateIBAN:         {lettersSet, lettersSet, digitsSet, digitsSet},
	gateSSN:          {"-", digitsSet, digitsSet, "-", digitsSet, digitsSet, digitsSet},
	gatePhone:        {"+", "123456789"},
}

const (
	gateAt = iota
	gateEquals
	gatePercent
	gateDot
	gateColon
	gateAngle
	gateURL
	gateBase64
	gatePrivateKey
	gateBasic
	gateBearer
	gateUnderscore
	gateHyphen
	gateSlack
	gateAKey
	gateGoogle
	gateGoogleSecret
	gateAWS
	gateIBAN
	gateSSN
	gatePhone
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
	if at > 62 {
		panic("masking: the gates' words are too long") // found by every test
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
	first := gateFirst
	i := 0
	// Two bytes at a time: all but three operations do not wait for those of
	// the bytes before.
	for ; i+1 < len(text); i += 2 {
		t, u := gateTable[text[i]], gateTable[text[i+1]]
		digits += int(t>>63) + int(u>>63)
		seen |= (d<<1 | first) & t
		d = d<<2&(t<<1)&u | ((first&t)<<1|first)&u
		seen |= d
	}
	if i < len(text) {
		t := gateTable[text[i]]
		digits += int(t >> 63)
		seen |= (d<<1 | first) & t
	}
	return gates(seen), digits
}

func (g gates) has(word int) bool { return g&gateLast[word] != 0 }

// openers is every last letter of the words that a detector of d begins with, and
// wordBit: a text with none of them is of no interest.
func openers(d detectors) (all gates) {
	all = wordBit
	for _, g := range []int{gateEquals, gatePercent, gateColon, gateAngle} {
		all |= gateLast[g]
	}
	for _, by := range []struct {
		in   detectors
		gate int
	}{
		{detectEmail, gateAt}, {detectJWT, gateBase64}, {detectPrivateKey, gatePrivateKey}, {detectCredential, gateBasic},
		{detectBearer, gateBearer}, {detectIBAN, gateIBAN}, {detectSSN, gateSSN}, {detectPhone, gatePhone},
		{detectGitHub | detectStripe | detectVendor, gateUnderscore}, {detectVendor, gateHyphen}, {detectVendor, gateURL}, {detectSlack, gateSlack}, {detectGoogle | detectAWS, gateAKey},
		{detectGoogle | detectVendor, gateGoogle}, {detectGoogle, gateGoogleSecret}, {detectAWS, gateAWS},
	} {
		if d.has(by.in) {
			all |= gateLast[by.gate]
		}
	}
	return all
}
