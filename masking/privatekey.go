package masking

import "bytes"

// Private keys that are not in PEM.

// ageKey is how age's identities begin, in Bech32; in lower case they are the
// same (BIP 173).
var ageKey = []byte("age-secret-key-")

const shortestAgeKey = 40 // after the last 1; those of today have 58 and more

// ageKeys adds age's identities in text.
func (w *work) ageKeys(text []byte) {
	for at := 0; at < len(text); at++ {
		i := bytes.IndexByte(text[at:], '-')
		if i < 0 {
			return
		}
		at += i
		start := at - len("age")
		if start < 0 || len(text)-start < len(ageKey) || !bytes.EqualFold(text[start:start+len(ageKey)], ageKey) || !startsWord(text, start) {
			continue
		}
		one := 0 // behind the last 1, which no letter of Bech32 is
		for at < len(text) && (text[at] == '-' || isAlnum(text[at])) {
			if at++; text[at-1] == '1' {
				one = at
			}
		}
		if one > 0 && at-one >= shortestAgeKey && bytes.IndexByte(text[one:at], '-') < 0 {
			w.add(start, at, rulePrivateKey)
		}
	}
}

// Of PuTTY's files of keys, versions 1 to 3, as its manual's appendix C says.
var (
	puttyFile    = []byte("PuTTY-User-Key-File-")
	puttyPrivate = []byte("Private-Lines: ")
	puttyEnds    = [][]byte{[]byte("Private-MAC: "), []byte("Private-Hash: ")}
)

// puttyKeys adds the private part of keys in PuTTY's form: up to its check sum,
// or to the end of the text.
func (w *work) puttyKeys(text []byte) {
	for at := 0; ; {
		file := bytes.Index(text[at:], puttyFile)
		if file < 0 {
			return
		}
		at += file + len(puttyFile)
		if !bytes.HasPrefix(text[min(at+1, len(text)):], []byte(": ")) {
			continue // not its version
		}
		start := bytes.Index(text[at:], puttyPrivate)
		if start < 0 {
			return
		}
		start += at
		at = start + len(puttyPrivate)
		if at == len(text) || !isDigit(text[at]) {
			continue
		}
		end := len(text)
		for _, last := range puttyEnds {
			if i := bytes.Index(text[start:end], last); i >= 0 {
				end = start + i + len(last)
				for end < len(text) && isHex(text[end]) {
					end++
				}
			}
		}
		w.add(start, end, rulePrivateKey)
		at = end
	}
}

// isKeyMember says whether a name is that of a private part of a JSON Web Key
// (RFC 7518, sections 6.2.2, 6.3.2 and 6.4).
func isKeyMember(name []byte) bool {
	switch string(name) {
	case "d", "p", "q", "dp", "dq", "qi", "k":
		return true
	}
	return false
}

// shortestKeyMaterial is 32 bytes in base64url: a key for HS256 or on P-256.
const shortestKeyMaterial = 43

// isKeyMaterial says whether a text, the value of such a member, is base64url of
// so many bytes, with what random ones have: capitals, small letters and digits in
// turn. Words in a row and digests in hexadecimal are not meant.
func (p *Policy) isKeyMaterial(text []byte) bool {
	if len(text) < shortestKeyMaterial {
		return false
	}
	var capitals, small, digits, changes int
	was := byte(0)
	for _, c := range text {
		kind := byte('-')
		switch {
		case c >= 'A' && c <= 'Z':
			kind = 'A'
			capitals++
		case c >= 'a' && c <= 'z':
			kind = 'a'
			small++
		case isDigit(c):
			kind = '0'
			digits++
		case c != '-' && c != '_':
			return false
		}
		if kind != was {
			changes++
		}
		was = kind
	}
	return capitals > 2 && small > 2 && digits > 0 && 8*changes > 3*len(text) && !p.allowed(rulePrivateKey, text)
}
