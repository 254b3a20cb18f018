package masking

import "bytes"

const rulePrivateKey = "detect:private_key"

var (
	pemLabel = []byte("PRIVATE KEY")
	pemBegin = []byte("BEGIN")
	pemEnd   = []byte("END")
)

// privateKeys adds the private keys in text in their textual encoding (RFC
// 7468 and its relatives): from BEGIN … PRIVATE KEY to the matching END or the
// end of the text. Where only the END is there, what stands before is the key.
func (w *work) privateKeys(text []byte) {
	done := 0 // text up to here is dealt with
	start := -1
	for at := 0; ; {
		i := bytes.Index(text[at:], pemLabel)
		if i < 0 {
			break
		}
		at += i + len(pemLabel)
		// The boundary begins within the line, with dashes.
		from := max(done, at-len(pemLabel)-48)
		line := text[from : at-len(pemLabel)]
		begin, end := boundary(line, pemBegin), boundary(line, pemEnd)
		switch {
		case begin > end:
			if start < 0 {
				start = from + begin
			}
		case end >= 0:
			end = at
			for end < len(text) && (text[end] == '-' || bytes.HasPrefix(text[end:], []byte(" BLOCK-"))) {
				if text[end] == ' ' {
					end += len(" BLOCK")
				} else {
					end++
				}
			}
			w.add(max(start, done), end, rulePrivateKey)
			start, done, at = -1, end, end
		}
	}
	if start >= 0 {
		w.add(start, len(text), rulePrivateKey)
	}
}

// boundary is where the dashes before word begin in line, or -1.
func boundary(line, word []byte) int {
	i := bytes.LastIndex(line, word)
	if i < 0 {
		return -1
	}
	before := bytes.TrimRight(line[:i], " ")
	start := len(bytes.TrimRight(before, "-"))
	if start == len(before) {
		return -1
	}
	return start
}
