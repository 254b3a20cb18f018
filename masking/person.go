package masking

import "bytes"

const (
	ruleSSN   = "detect:us_ssn"
	rulePhone = "detect:phone"
)

// ssns adds the social security numbers of the United States in text, written
// AAA-GG-SSSS, but for those that were never given out: area 000, 666 and from
// 900 on, group 00, serial 0000.
func (w *work) ssns(text []byte) {
	const size = len("AAA-GG-SSSS")
	for i := 3; ; i++ {
		if i >= len(text) {
			return
		}
		n := bytes.IndexByte(text[i:], '-')
		if n < 0 {
			return
		}
		i += n
		w.root.looked += n + size
		start := i - 3
		if start+size > len(text) || !isSSN(text[start:start+size]) {
			continue
		}
		if start > 0 && (isAlnum(text[start-1]) || text[start-1] == '-') {
			continue
		}
		if end := start + size; end < len(text) && (isAlnum(text[end]) || text[end] == '-') {
			continue
		}
		w.add(start, start+size, ruleSSN)
		i = start + size - 1
	}
}

func isSSN(s []byte) bool {
	for i, c := range s {
		if i == 3 || i == 6 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) {
			return false
		}
	}
	area := string(s[:3])
	return area != "000" && area != "666" && area < "900" && string(s[4:6]) != "00" && string(s[7:]) != "0000"
}

// phones adds telephone numbers in international form (ITU-T E.164): a plus
// sign and 8 to 15 digits, in groups or not.
func (w *work) phones(text []byte) {
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '+')
		if n < 0 {
			return
		}
		start := i + n
		i = start + 1
		w.root.looked += n + 1
		if start > 0 && (isAlnum(text[start-1]) || text[start-1] == '+') || i == len(text) || text[i] == '0' || !isDigit(text[i]) {
			continue
		}
		digits, end, gap := 0, i, 0
		for at := i; at < len(text) && digits <= 15; at++ {
			if c := text[at]; isDigit(c) {
				digits, end, gap = digits+1, at+1, 0
			} else if gap++; gap > 2 || bytes.IndexByte([]byte(" -./()"), c) < 0 {
				break
			}
		}
		w.root.looked += end - i
		if digits >= 8 && digits <= 15 {
			w.add(start, end, rulePhone)
			i = end
		}
	}
}
