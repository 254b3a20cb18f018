package jsonscan

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// AppendCanonical appends the canonical form of a scanned Key or String token
// to dst: decoded, then as by [AppendFolded].
func AppendCanonical(dst, quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return AppendFolded(dst, quoted[1:len(quoted)-1])
	}
	from := len(dst)
	dst = AppendString(dst, quoted)
	// In place: the rune that stands for others is the smallest of them, so
	// writing never overtakes reading.
	return AppendFolded(dst[:from], dst[from:])
}

// AppendFolded appends text to dst without its '_', '-' and spaces and with
// every rune replaced by the one that stands for all runes of its Unicode
// simple case folding: API_Key, apiKey and "api key" (with U+212A) are all
// apikey. Bytes that are not UTF-8 stay.
func AppendFolded(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case 'A' <= c && c <= 'Z':
				dst = append(dst, c|0x20)
			case c != '_' && c != '-' && c != ' ':
				dst = append(dst, c)
			}
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, c)
		} else {
			dst = utf8.AppendRune(dst, fold(r))
		}
		i += n
	}
	return dst
}

// fold is the smallest rune of r's folding orbit, lower case where it is an
// ASCII letter.
func fold(r rune) rune {
	least := r
	for x := unicode.SimpleFold(r); x != r; x = unicode.SimpleFold(x) {
		least = min(least, x)
	}
	if 'A' <= least && least <= 'Z' {
		least |= 0x20
	}
	return least
}
