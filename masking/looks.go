package masking

import (
	"bytes"
	"encoding/base64"
)

// Members whose names are not secret, and whose values are where they look so.
// With Docker auth is base64 of a user and a password, with others a session, with
// most the name of a method; Azure calls its keys primaryKey, as databases call
// what they find a row by; the routing key of PagerDuty is a key, that of a queue
// is none. A code is an authorization server's where a grant is asked for, and
// data are secret in a Secret of Kubernetes, whatever the names in it.

const (
	shortestSession    = 20
	shortestHexSession = 32
)

// escapedInKeys are the bytes of base64 that writers of JSON escape: PHP, .NET
// and Gson do.
var escapedInKeys = []struct{ written, meant []byte }{
	{[]byte(`\/`), []byte("/")}, {[]byte(`\u002B`), []byte("+")}, {[]byte(`\u003d`), []byte("=")},
}

// lookedAt says whether name is that of such a member.
func lookedAt(name []byte) bool {
	switch string(name) {
	case "auth", "code", "data", "stringData", "primaryKey", "secondaryKey", "key1", "key2", "routing_key", "routingKey":
		return true
	}
	return false
}

// looks is the rule that calls the value of such a member secret, or "". The
// value follows the name, which ends at end in src.
func (w *work) looks(name, src []byte, end int) string {
	rest := bytes.TrimLeft(src[end:], " \t\r\n:")
	switch {
	case bytes.HasSuffix(name, []byte("ata")): // whatever is in a string of that name, nobody copies it
		if len(rest) > 0 && rest[0] == '{' && w.p.keys.defaults && w.isSecretOfKubernetes(src) {
			return ruleSecret
		}
		return ""
	case len(rest) == 0 || rest[0] != '"':
		return ""
	}
	end = bytes.IndexByte(rest[1:], '"')
	if end < 0 {
		return ""
	}
	value := rest[1 : 1+end]
	for _, e := range escapedInKeys { // no other escape is in a key
		if bytes.IndexByte(value, '\\') >= 0 {
			value = bytes.ReplaceAll(value, e.written, e.meant)
		}
	}
	switch {
	case string(name) == "code":
		if w.p.keys.defaults && isGrant(value) && bytes.IndexByte(value, ' ') < 0 && w.asksForGrant(src) {
			return ruleCode
		}
	case !w.p.detect.has(detectCredential), w.p.allowed(ruleCredential, value):
	case isKeyValue(value, string(name) != "primaryKey" && string(name) != "secondaryKey"), string(name) == "auth" && isUserAndPassword(value):
		return ruleCredential
	}
	return ""
}

const ruleSecret = "key:secret"

// isSecretOfKubernetes says whether there is a Secret in src, JSON, or a list of
// them, which do not say each what they are.
func (w *work) isSecretOfKubernetes(src []byte) bool {
	if w.kind == 0 {
		w.kind = 1
		for i := 0; w.kind == 1; {
			n := bytes.Index(src[i:], []byte(`"Secret`))
			if n < 0 {
				break
			}
			i += n + len(`"Secret`)
			after := bytes.TrimPrefix(src[i:], []byte("List"))
			before := bytes.TrimRight(src[max(0, i-longestName):i-len(`"Secret`)], " \t\r\n:")
			if len(after) > 0 && after[0] == '"' && bytes.HasSuffix(before, []byte(`"kind"`)) {
				w.kind = 2
			}
		}
	}
	return w.kind == 2
}

// asksForGrant says whether src, JSON, asks for tokens in exchange for a code. It
// is looked for once in each text.
func (w *work) asksForGrant(src []byte) bool {
	if w.grant == 0 {
		w.grant = 1
		if bytes.Contains(src, []byte(`"grant_type"`)) && bytes.Contains(src, []byte(`"authorization_code"`)) {
			w.grant = 2
		}
	}
	return w.grant == 2
}

// isKeyValue says whether text is random letters and digits, or hex ones.
func isKeyValue(text []byte, hexToo bool) bool {
	word := bytes.TrimRight(text, "=")
	for _, c := range word {
		if !isAlnum(c) && c != '+' && c != '/' {
			return false
		}
		hexToo = hexToo && isHex(c)
	}
	return len(word) >= shortestSession && isMixed(word) || hexToo && len(word) >= shortestHexSession && bytes.ContainsAny(word, "0123456789")
}

// isUserAndPassword says whether text is base64 of a user and a password.
func isUserAndPassword(text []byte) bool {
	if len(text) > maxWithin {
		return true // in doubt
	}
	text = bytes.TrimRight(text, "=")
	decoded := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(decoded, text)
	return err == nil && bytes.IndexByte(decoded[:n], ':') >= 0 && isText(decoded[:n])
}
