package exchange

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// maxText bounds the free text that is looked through, in bytes of UTF-8.
const maxText = 256 << 10

// plainText is text in the charset of its Content-Type as UTF-8, or why it
// cannot be: nothing is guessed.
func plainText(b []byte, charset string) (text []byte, why string) {
	if len(b) > 2*maxText {
		return nil, "too-large"
	}
	switch charset = strings.ToLower(charset); charset {
	case "", "utf-8", "utf8", "us-ascii":
		text = b
	case "iso-8859-1", "latin1", "windows-1252", "utf-16", "utf-16be", "utf-16le":
		var err error
		if text, err = encodings[charset].NewDecoder().Bytes(b); err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return nil, "charset"
		}
	default:
		return nil, "charset"
	}
	switch {
	case !utf8.Valid(text), charset == "us-ascii" && !isASCII(text), bytes.IndexByte(text, 0) >= 0:
		// With zeros it is more likely UTF-16 that does not say so, in which no
		// name can be read.
		return nil, "not-text"
	case len(text) > maxText:
		return nil, "too-large"
	}
	return text, ""
}

// encodings are read as the WHATWG Encoding Standard says: what calls itself
// ISO-8859-1 is windows-1252.
var encodings = map[string]encoding.Encoding{
	"iso-8859-1":   charmap.Windows1252,
	"latin1":       charmap.Windows1252,
	"windows-1252": charmap.Windows1252,
	"utf-16":       unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
