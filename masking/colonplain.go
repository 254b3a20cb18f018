package masking

import (
	"bytes"
	"slices"
)

// What stands after a secret name and a colon, or an equals sign, and is no
// secret: what GraphQL says of a variable, and the variable itself; a scope; a
// part of a name.

// isNoValue says whether what follows the colon at, before which the name that
// begins at from is secret by rule, says nothing of its value.
func (w *work) isNoValue(text []byte, from, at int, rule string) bool {
	switch {
	case isScope(text, at, rule), from > 0 && text[from-1] == '$' && isTypeOfGraphQL(text[at+1:]), from > 0 && text[from-1] == ':' && w.inURN(text, from):
		return true
	}
	return w.isReference(bytes.TrimRight(text[from:at], " \t"), text[at+1:])
}

// isTypeOfGraphQL says whether text begins with the type of a variable in the
// head of an operation: String!, [Input!]!
func isTypeOfGraphQL(text []byte) bool {
	text = bytes.TrimLeft(text[:min(len(text), longestName)], " [")
	n := 0
	for n < len(text) && isAlnum(text[n]) {
		n++
	}
	if n == 0 || text[0] < 'A' || text[0] > 'Z' {
		return false
	}
	text = bytes.TrimLeft(text[n:], "]! \t\r\n")
	return len(text) > 0 && bytes.IndexByte([]byte(",)$"), text[0]) >= 0
}

// isReference says whether text begins with a variable of a secret name, and not
// with its value: ${DB_PASSWORD}, $DB_PASSWORD, and $password or $PASSWORD where the
// name before it is password. $Secret1 may be a password.
func (w *work) isReference(before, text []byte) bool {
	text = bytes.TrimLeft(text[:min(len(text), longestName)], " \"'")
	if len(text) < 2 || text[0] != '$' {
		return false
	}
	name := bytes.TrimPrefix(text[1:], []byte("{"))
	braces := len(name) < len(text)-1
	n := 0
	for n < len(name) && (isAlnum(name[n]) || name[n] == '_') {
		n++
	}
	w.root.looked += n
	name, rest := name[:n], name[n:]
	if braces {
		if len(rest) == 0 || rest[0] != '}' {
			return false
		}
		rest = rest[1:]
	} else if !bytes.Equal(name, before) {
		if !bytes.Equal(name, bytes.ToUpper(name)) || bytes.IndexByte(name, '_') < 0 && !bytes.EqualFold(name, before) {
			return false
		}
	}
	return n > 0 && (len(rest) == 0 || bytes.IndexByte([]byte(",)}];&\"' \t\r\n"), rest[0]) >= 0) && w.p.keys.find(name).rule != ""
}

// scopes are what somebody may do with tokens or secrets, as in the scope
// tokens:read, and what kinds of tokens there are.
var scopes = []string{"read", "write", "create", "update", "delete", "list", "manage", "view", "edit", "software", "hardware", "hotp"}

// isScope says whether the colon at stands within a scope.
func isScope(text []byte, at int, rule string) bool {
	if rule != ruleToken && rule != ruleSecret && rule != "key:credential" && rule != "key:apikey" {
		return false
	}
	end := at + 1
	for end < len(text) && end-at < len("software")+2 && 'a' <= text[end] && text[end] <= 'z' {
		end++
	}
	return (end == len(text) || bytes.IndexByte([]byte(" ,:;&+\"'`)]\r\n"), text[end]) >= 0) && slices.Contains(scopes, string(text[at+1:end]))
}

// inURN says whether the name that begins at from is a part of an ARN, a name in
// AWS, or of a URN of those who standardize: urn:ietf:params:oauth:token-type:jwt,
// arn:aws:secretsmanager:eu-west-1:123456789012:secret:name.
func (w *work) inURN(text []byte, from int) bool {
	start := from
	for start > 0 && from-start < longestName && (nameByte(text[start-1]) || text[start-1] == ':' || text[start-1] == '/') {
		start--
	}
	w.root.looked += from - start
	for _, prefix := range []string{"arn:aws", "urn:ietf:", "urn:oasis:"} {
		if bytes.HasPrefix(text[start:from], []byte(prefix)) {
			return true
		}
	}
	return false
}
