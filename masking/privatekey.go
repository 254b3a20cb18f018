package masking

import "bytes"

// Private keys that are not in PEM.

// ageKey is how age's and its plugins' identities begin, in Bech32; in lower case
// they are the same (BIP 173).
var ageKey = []byte("age-secret-key-")

const shortestAgeKey = 40 // after the prefix; those of today have 59 and more

// ageKeys adds age's identities in text.
func (w *work) ageKeys(text []byte) {
	for at := 0; at < len(text); at++ {
		i := bytes.IndexByte(text[at:], '-')
		if i < 0 {
			return
		}
		at += i
		start := at - len("age")
		if start < 0 || len(text)-start < len(ageKey) || !bytes.EqualFold(text[start:start+len(ageKey)], ageKey) {
			continue
		}
		for at < len(text) && (text[at] == '-' || isAlnum(text[at])) {
			at++
		}
		if at-start >= len(ageKey)+shortestAgeKey {
			w.add(start, at, rulePrivateKey)
		}
	}
}

// Of PuTTY's files of keys, versions 1 to 3, as its manual's appendix C says.
var (
	puttyFile    = []byte("PuTTY-User-Key-File-")
	puttyPrivate = []byte("Private-Lines:")
	puttyMAC     = []byte("Private-MAC:")
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
		start := bytes.Index(text[at:], puttyPrivate)
		if start < 0 {
			return
		}
		start += at
		end := len(text)
		if mac := bytes.Index(text[start:], puttyMAC); mac >= 0 {
			for end = start + mac + len(puttyMAC); end < len(text) && (text[end] == ' ' || isHex(text[end])); {
				end++
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
// so many bytes. A digest in hexadecimal is not meant.
func (p *Policy) isKeyMaterial(text []byte) bool {
	if len(text) < shortestKeyMaterial {
		return false
	}
	hex := true
	for _, c := range text {
		if !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
		hex = hex && isHex(c)
	}
	return !hex && !p.allowed(rulePrivateKey, text)
}
