package jsonscan

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// AppendFolded appends text to dst without its '_', '-' and spaces, without
// what cannot be seen, and with every rune replaced by the one that stands for
// all runes of its Unicode simple case folding: API_Key, apiKey and "api key"
// (with U+212A) are all apikey. Of a rune that is a form of others, such as a
// fullwidth letter or a ligature, those count (Unicode Standard Annex #15,
// compatibility decomposition), one rune at a time, where they take no more
// bytes: what is appended is never longer than text. Bytes that are not UTF-8
// stay.
func AppendFolded(dst, text []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(text))[:n+len(text)]
	for i, c := range text {
		to := folded[c]
		if to < utf8.RuneSelf {
			dst[n] = to
			n++
		} else if to == notASCII {
			return appendFoldedRunes(dst[:n], text[i:])
		}
	}
	return dst[:n]
}

// folded is what a byte folds to where that can be said without the next.
var folded = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= utf8.RuneSelf:
			t[c] = notASCII
		case 'A' <= c && c <= 'Z':
			t[c] = byte(c) | 0x20
		case c == '_' || c == '-' || c == ' ':
			t[c] = leftOut
		default:
			t[c] = byte(c)
		}
	}
	return t
}()

const (
	leftOut  = 0xfe
	notASCII = 0xff
)

func appendFoldedRunes(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if to := folded[c]; to != leftOut {
				dst = append(dst, to)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, c)
		} else {
			dst = appendFoldedRune(dst, text[i:i+n])
		}
		i += n
	}
	return dst
}

// appendFoldedRune appends what a rune, encoded, folds to.
func appendFoldedRune(dst, encoded []byte) []byte {
	of := encoded
	if as := norm.NFKC.Properties(encoded).Decomposition(); len(as) > 0 && len(as) <= len(encoded) && !marked(as) {
		of = as
	}
	for len(of) > 0 {
		r, n := utf8.DecodeRune(of)
		of = of[n:]
		switch {
		case r < utf8.RuneSelf:
			if to := folded[r]; to != leftOut {
				dst = append(dst, to)
			}
		case unicode.In(r, unseen...):
		default:
			dst = utf8.AppendRune(dst, fold(r))
		}
	}
	return dst
}

// marked says whether a decomposition has combining marks: such a letter has a
// form of its own.
func marked(text []byte) bool {
	for len(text) > 0 {
		p := norm.NFKC.Properties(text)
		if p.CCC() != 0 {
			return true
		}
		text = text[p.Size():]
	}
	return false
}

// unseen are what people do not see in a name, or as no more than a space or a
// dash: soft hyphens, zero-width characters, marks of direction, variation
// selectors and what else Unicode has ignored by default.
var unseen = []*unicode.RangeTable{
	unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Zs, unicode.Pd,
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
