package masking

const ruleAWS = "detect:aws"

const (
	awsIDSize     = 20 // AKIA and 16 more
	awsSecretSize = 40
	// awsNear is how far from a word that says AWS a secret key may be.
	awsNear = 256
)

// aws adds the ids of AWS access keys, AKIA… and ASIA…, and the secret keys
// near one or near the name: 40 characters of base64 are a secret key only in
// such company.
func (w *work) aws(text []byte) {
	before, next := -awsNear-1, mention(text, 0)
	for i := 0; i < len(text); {
		if !awsByte(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && awsByte(text[i]) {
			i++
		}
		w.root.looked += i - start
		for next < start {
			before, next = next, mention(text, next+1)
		}
		switch i - start {
		case awsIDSize:
			if isAWSID(text[start:i]) {
				w.add(start, i, ruleAWS)
			}
		case awsSecretSize:
			if (start-before <= awsNear || next-i <= awsNear) && isMixed(text[start:i]) {
				w.add(start, i, ruleAWS)
			}
		}
	}
}

func awsByte(c byte) bool { return isAlnum(c) || c == '/' || c == '+' }

// mention is where the next word is, from i on, that a secret key may be near:
// aws, or the beginning of an access key's id. It is far beyond the text when
// there is none.
func mention(text []byte, i int) int {
	for ; i+len("aws") <= len(text); i++ {
		if text[i]|0x20 == 'a' && (hasPrefixFold(text[i:], "aws") || hasPrefixFold(text[i:], "akia") || hasPrefixFold(text[i:], "asia")) {
			return i
		}
	}
	return len(text) + 2*awsNear
}

func isAWSID(word []byte) bool {
	if s := string(word[:4]); s != "AKIA" && s != "ASIA" {
		return false
	}
	for _, c := range word {
		if !isDigit(c) && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isMixed says whether word has capitals, small letters and digits.
func isMixed(word []byte) bool {
	var upper, lower, digit bool
	for _, c := range word {
		upper = upper || 'A' <= c && c <= 'Z'
		lower = lower || 'a' <= c && c <= 'z'
		digit = digit || isDigit(c)
	}
	return upper && lower && digit
}
