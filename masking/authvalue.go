package masking

import (
	"bytes"
	"encoding/base64"
)

// What a member called auth holds: with Docker, base64 of a user and a password,
// with others a session. With most it is the name of a method, and stays.

const (
	shortestSession    = 20
	shortestHexSession = 32
)

// authRule is the rule that calls the value of a member called auth secret, rest
// being what follows the name, or "".
func (w *work) authRule(rest []byte) string {
	rest = bytes.TrimLeft(rest, " \t\r\n:")
	if len(rest) == 0 || rest[0] != '"' || !w.p.detect.has(detectCredential) {
		return ""
	}
	end := bytes.IndexByte(rest[1:], '"')
	if end < 0 || !isAuthValue(bytes.ReplaceAll(rest[1:1+end], []byte(`\/`), []byte("/"))) || w.p.allowed(ruleCredential, rest[1:1+end]) {
		return ""
	}
	return ruleCredential
}

// isAuthValue says whether the value of such a member is a credential.
func isAuthValue(text []byte) bool {
	word := bytes.TrimRight(text, "=")
	hex := true
	for _, c := range word {
		if !isAlnum(c) && c != '+' && c != '/' {
			return false
		}
		hex = hex && isHex(c)
	}
	switch {
	case len(word) > maxWithin, len(word) >= shortestSession && isMixed(word):
		return true
	case hex && len(word) >= shortestHexSession:
		return bytes.ContainsAny(word, "0123456789")
	}
	decoded := make([]byte, base64.RawStdEncoding.DecodedLen(len(word)))
	n, err := base64.RawStdEncoding.Decode(decoded, word)
	return err == nil && bytes.IndexByte(decoded[:n], ':') >= 0 && isText(decoded[:n])
}
