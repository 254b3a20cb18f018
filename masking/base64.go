package masking

import (
	"bytes"
	"encoding/base64"
)

// base64s adds the words in text that are base64 of a secret: a query's value
// in a URL, what follows ;base64, in another, a segment of a path. What the
// detectors before found has its own rule.
func (w *work) base64s(text []byte) {
	if w.level > maxLevel {
		return
	}
	sortSpans(w.spans)
	found, next, reach := len(w.spans), 0, uint32(0)
	for i := 0; i < len(text); {
		if !base64Bytes[text[i]] {
			i++
			continue
		}
		start, slash := i, -1
		for i < len(text) && base64Bytes[text[i]] {
			if text[i] == '/' {
				slash = i
			}
			i++
		}
		end := i
		for i < len(text) && text[i] == '=' {
			i++
		}
		w.root.looked += i - start
		if end-start < shortestBase64 {
			continue
		}
		for next < min(found, len(w.spans)) && int(w.spans[next].start) <= start {
			reach = max(reach, w.spans[next].end)
			next++
		}
		if int(reach) >= end || w.base64Word(text, start, i) || slash < 0 {
			continue
		}
		for from := start; from < i; {
			n := bytes.IndexByte(text[from:end], '/')
			if n < 0 {
				w.base64Word(text, from, i)
				break
			}
			w.base64Word(text, from, from+n)
			from += n + 1
		}
	}
}

// base64Word adds a word if it is base64 of a secret.
func (w *work) base64Word(text []byte, start, end int) bool {
	word := text[start:end]
	if len(word) < shortestBase64 || mayHold(word) != base64Text {
		return false
	}
	w.root.looked += len(word)
	if !w.base64(word) {
		return false
	}
	w.add(start, end, ruleNested)
	return true
}

// base64Bytes are those of both alphabets (RFC 4648, 4 and 5).
var base64Bytes = func() (t [256]bool) {
	for c := range t {
		t[c] = isAlnum(byte(c)) || bytes.IndexByte([]byte("+/-_"), byte(c)) >= 0
	}
	return t
}()

// base64Encoding is the encoding text is in, or nil when it is none or
// of nothing that is looked into.
func base64Encoding(text []byte) *base64.Encoding {
	if len(text) < shortestBase64 {
		return nil
	}
	enc := base64.RawStdEncoding
	var head [6]byte
	if bytes.ContainsAny(text[:shortestBase64], "-_") {
		enc = base64.RawURLEncoding
	}
	if n, err := enc.Decode(head[:], text[:shortestBase64]); err != nil || n < 6 {
		return nil
	}
	if !mayBeWithin(head[:]) {
		return nil
	}
	for i, b := range text {
		switch {
		case 'a' <= b|0x20 && b|0x20 <= 'z', '0' <= b && b <= '9', b == '+', b == '/', b == '\r', b == '\n':
		case b == '-' || b == '_':
			enc = base64.RawURLEncoding
		case b == '=' && i >= len(text)-4:
		default:
			return nil
		}
	}
	return enc
}

// mayBeWithin says whether base64 of what begins with head is looked into:
// JSON, a private key, and base64 of the two.
func mayBeWithin(head []byte) bool {
	c := content(head)
	if len(c) == 0 {
		return true
	}
	switch c[0] {
	case '[':
		return true
	case '{':
		return len(c) == 1 || bytes.IndexByte([]byte("\" \t\r\n"), c[1]) >= 0
	case '"':
		return len(c) == 1 || c[1] == '{' || c[1] == '['
	case '-':
		return bytes.HasPrefix([]byte("-----BEGIN"), c)
	}
	return beginsWithin(head)
}

// beginsWithin says whether base64 that begins with head is of what is looked
// into but for further base64.
func beginsWithin(head []byte) bool {
	var plain [3]byte
	if _, err := base64.RawStdEncoding.Decode(plain[:], head[:4]); err != nil {
		return false
	}
	c := content(plain[:])
	return len(c) == 0 || c[0] == '{' || c[0] == '[' || string(c) == "---"
}
