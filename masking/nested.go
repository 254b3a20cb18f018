package masking

import (
	"bytes"
	"slices"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// A text within a text: JSON as a string's value, or base64 of JSON or of text.

const ruleNested = "nested"

const (
	// maxLevel is how many texts deep JSON is masked as JSON. Further down
	// it is masked whole when it seems to hold a secret.
	maxLevel = 2
	// maxWithin is how long a text may be to be looked into as JSON.
	maxWithin = 1 << 20
)

type kind uint8

const (
	plainText  kind = iota
	jsonText        // begins as JSON does
	base64Text      // may be base64 of that, of a private key, of plain text, or of their base64
)

// mayHold says by its beginning what text, which is not empty, may be.
func mayHold(text []byte) kind {
	c := text[0]
	if c <= ' ' || c == 0xef {
		if text = content(text); len(text) == 0 {
			return plainText
		}
		c = text[0]
	}
	switch c {
	case '{', '[', '"':
		return jsonText
	case 'e', 'W', 'I', 'C', 'D', '7', 'd', // '{' '[' ' ' tab or LF, CR or DATA:, a byte order mark, data:
		'L',                               // -----BEGIN
		'Z', 'V', 'S', 'Q', 'R', 'N', 'T': // base64 of these
		if len(text) < shortestBase64 {
			return plainText
		}
		for _, c := range text[1:shortestBase64] {
			if !isAlnum(c) && c != '+' && c != '/' && c != '-' && c != '_' && c != ':' { // data:
				return plainText
			}
		}
		return base64Text
	}
	if mayBeTextBase64(text) {
		return base64Text
	}
	return plainText
}

// shortestBase64 is how long base64 of anything but plain text is at least: of
// {"a":1}, 10.
const shortestBase64 = 8

// content is text without space, or a byte order mark, before it.
func content(text []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
}

// within masks a text that begins as JSON does, into buffer n. It is not done
// when the text is none and nothing speaks for a secret: then it is only text.
func (w *work) within(text []byte, n int) (out []byte, changed, done bool) {
	if w.level < maxLevel && len(text) <= maxWithin {
		if _, err := jsonscan.Check(text, limits); err == nil {
			out, changed, err = w.child().document(w.out[n][:0], text)
			if err != nil || !changed {
				return text, false, err == nil
			}
			w.out[n] = out
			return out, true, true
		}
	}
	if w.doubtful(text) {
		w.place(ruleNested, actionMask)
		return []byte(Token), true, true
	}
	return text, false, false
}

// doubtful says whether a text that looks like JSON, but cannot be masked as
// such, seems to hold a secret: a secret name before a colon or as the value of
// a name, or an escape, behind which anything may stand.
func (w *work) doubtful(text []byte) bool {
	if c := content(text)[0]; c == '"' && w.level < maxLevel && len(text) <= maxWithin {
		return false // a quotation
	}
	bare := content(text)[0] == '{' // names without quotes, as in JavaScript
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], ':')
		if i < 0 {
			break
		}
		at += i
		name, quoted := nameBefore(text[:at])
		w.root.looked += len(name)
		if len(name) == 0 || !quoted && !bare {
			continue
		}
		if bytes.Contains(name, []byte(`\u`)) || w.p.keys.find(name).rule != "" {
			return true
		}
		if quoted && isName(name) && w.namesSecret(text[at+1:min(len(text), at+1+longestName)]) {
			return true
		}
	}
	return (w.level >= maxLevel || len(text) > maxWithin) && bytes.Contains(text, []byte(`\u00`))
}

// namesSecret says whether text begins with a quoted secret name.
func (w *work) namesSecret(text []byte) bool {
	w.root.looked += len(text)
	start, end, ok := quotedValue(text, len(text)-len(bytes.TrimLeft(text, " \t\r\n")))
	return ok && w.p.keys.find(plainEscapes(text[start:end])).rule != ""
}

// longestName is how far before a colon or equals sign a name is looked for.
const longestName = 128

// nameBefore is the name that text ends with, its closing quote and that
// one's escapes taken off.
func nameBefore(text []byte) (name []byte, quoted bool) {
	text = bytes.TrimRight(text, " \t\r\n")
	if n := len(text); n > 0 && isQuote(text[n-1]) {
		quote := text[n-1]
		text = bytes.TrimRight(text[:n-1], `\`)
		from := bytes.LastIndexByte(text[max(0, len(text)-longestName):], quote)
		return text[max(0, len(text)-longestName)+from+1:], true
	}
	from := len(text)
	for from > 0 && len(text)-from < longestName && (nameByte(text[from-1]) || text[from-1] == '\\') {
		from--
	}
	return text[from:], false
}

// base64 says whether text is base64 of JSON or plain text in which something is
// secret, of a private key, or of base64 of such.
func (w *work) base64(text []byte) bool {
	if w.level > maxLevel {
		return false
	}
	text = bytes.Trim(text, " \t\r\n")
	if hasPrefixFold(text, "data:") { // a URL of data (RFC 2397): its scheme and parameters in any case
		for i := range text[:min(len(text), 256)] {
			if hasPrefixFold(text[i:], ";base64,") {
				text = text[i+len(";base64,"):]
				break
			}
		}
	}
	enc, plain := base64Encoding(text)
	if enc == nil {
		return false
	}
	whole := text
	if text = text[:min(len(text), maxWithin)]; len(text) < len(whole) && !plain {
		return true // in doubt
	}
	decoded := slices.Grow(w.decodedText[:0], enc.DecodedLen(len(text)))[:enc.DecodedLen(len(text))]
	w.decodedText = decoded
	n, err := enc.Decode(decoded, bytes.TrimRight(text, "="))
	decoded = decoded[:n]
	if plain && !isText(decoded) {
		return false // a file that begins with letters, as many do
	}
	if len(text) < len(whole) {
		return true
	}
	if err != nil || n < shortest {
		return false
	}
	w.root.quiet++
	_, changed := w.child().pass(decoded, 0)
	w.root.quiet--
	return changed
}
