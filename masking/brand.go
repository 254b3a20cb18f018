package masking

// brand is a range of card numbers: those whose first digits, as many as low
// and high have, lie from low to high.
type brand struct {
	low, high, digits int
	min, max          int // length of the number
}

// brands are the issuers' ranges in use.
var brands = []brand{
	{4, 4, 1, 13, 13}, {4, 4, 1, 16, 16}, {4, 4, 1, 19, 19}, // Visa
	{51, 55, 2, 16, 16}, {2221, 2720, 4, 16, 16}, // Mastercard
	{34, 34, 2, 15, 15}, {37, 37, 2, 15, 15}, // American Express
	{6011, 6011, 4, 16, 19}, {644, 649, 3, 16, 19}, {65, 65, 2, 16, 19}, // Discover
	{300, 305, 3, 14, 19}, {3095, 3095, 4, 14, 19}, {36, 36, 2, 14, 19}, {38, 39, 2, 14, 19}, // Diners Club
	{3528, 3589, 4, 16, 19},                      // JCB
	{62, 62, 2, 16, 19}, {8171, 8199, 4, 16, 19}, // UnionPay, RuPay
	{5018, 5020, 4, 13, 19}, {5038, 5038, 4, 13, 19}, {5893, 5893, 4, 13, 19}, // Maestro
	{6304, 6304, 4, 13, 19}, {6759, 6763, 4, 13, 19}, {6390, 6390, 4, 13, 19},
	{2200, 2204, 4, 16, 19},                                         // Mir
	{508, 508, 3, 16, 16}, {60, 60, 2, 16, 16}, {81, 82, 2, 16, 16}, // RuPay
	{5060, 5061, 4, 16, 19}, {9792, 9792, 4, 16, 16}, // Verve, Troy
}

// isCard says whether digits, by value, are a card number of a known brand
// with a right check digit (ISO/IEC 7812-1, annex B).
func isCard(digits []byte) bool {
	if len(digits) < minCardDigits || len(digits) > maxCardDigits {
		return false
	}
	return known(digits) && luhn(digits) && !isBarcode(digits)
}

// isBarcode says whether digits are a GTIN-13 (GS1 General Specifications,
// 7.9), as products have: Visa gives out no numbers of 13 digits any more.
func isBarcode(digits []byte) bool {
	if len(digits) != 13 {
		return false
	}
	sum := 0
	for i, d := range digits {
		sum += int(d) * (1 + 2*(i%2))
	}
	return sum%10 == 0
}

func known(digits []byte) bool {
	var prefix [5]int
	for i := range 4 {
		prefix[i+1] = prefix[i]*10 + int(digits[i])
	}
	for _, b := range brands {
		if p := prefix[b.digits]; p >= b.low && p <= b.high && len(digits) >= b.min && len(digits) <= b.max {
			return true
		}
	}
	return false
}

func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		n := int(d)
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}
