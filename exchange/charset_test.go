package exchange

import (
	"strings"
	"testing"
)

func TestTextIsRecordedInUTF8OrNotAtAll(t *testing.T) {
	for _, c := range []struct{ charset, in, want, why string }{
		{"", "grüß", "grüß", ""},
		{"UTF-8", "grüß", "grüß", ""},
		{"us-ascii", "plain", "plain", ""},
		{"iso-8859-1", "gr\xfc\xdf", "grüß", ""},
		{"Windows-1252", "\x80 5", "€ 5", ""},
		{"utf-16", "\xff\xfeg\x00\xfc\x00", "gü", ""},
		{"utf-16", "\xfe\xff\x00g\x00\xfc", "gü", ""},
		{"utf-16le", "g\x00\xfc\x00", "gü", ""},
		{"utf-16be", "\x00g\x00\xfc", "gü", ""},

		{"", "gr\xfc\xdf", "", "not-text"},
		{"us-ascii", "grüß", "", "not-text"},
		{"windows-1252", "a\x81b", "", "charset"},
		{"utf-16", "g\x00\xfc\x00", "", "charset"}, // in which order?
		{"utf-16le", "\x00\xd8", "", "charset"},    // half a character
		{"utf-16le", "g\x00\xfc", "", "charset"},   // half a unit
		{"utf-7", "+AGc-", "", "charset"},
		{"koi8-r", "x", "", "charset"},
		{"", "p\x00a\x00s\x00s\x00", "", "not-text"}, // UTF-16 that does not say so
		{"utf-16le", "p\x00\x00\x00", "", "not-text"},
		{"iso-8859-1", "\x00p\x00a", "", "not-text"},
		{"", strings.Repeat("x", maxText+1), "", "too-large"},
		{"utf-16le", strings.Repeat("ü", maxText), "", "too-large"},
	} {
		got, why := plainText([]byte(c.in), c.charset)
		if why == "" && string(got) != c.want || why != c.why {
			t.Errorf("%s %.20q: %.20q, %q", c.charset, c.in, got, why)
		}
	}
}
