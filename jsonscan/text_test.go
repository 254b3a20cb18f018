package jsonscan

import (
	"encoding/json"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestStringsDecodeAsEncodingJSONDecodesThem(t *testing.T) {
	for _, q := range []string{
		`""`, `"plain"`, `"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u20ac\ud83d\ude00"`, `"Zoë"`, `"\u0000"`,
		`"a\u0020"`, `"\\u0041"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(q), &want); err != nil {
			t.Fatal(err)
		}
		if got := string(AppendString([]byte("x"), []byte(q))); got != "x"+want {
			t.Errorf("%s: got %q, want %q", q, got, want)
		}
	}
}

func TestQuotingEscapesOnlyWhatItMust(t *testing.T) {
	for in, want := range map[string]string{
		"":                  `""`,
		"Zoë </a>\u2028":    "\"Zoë </a>\u2028\"",
		"\"\\\b\f\n\r\t":    `"\"\\\b\f\n\r\t"`,
		"\x00\x1f\x7f":      "\"\\u0000\\u001f\x7f\"",
		"a\xffb\xe2\x82":    "\"a\ufffdb\ufffd\ufffd\"",
		"\ufffd\U0001f600x": "\"\ufffd\U0001f600x\"",
	} {
		if got := string(AppendQuoted(nil, []byte(in))); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestTheCanonicalFormForgetsCaseSeparatorsAndEscapes(t *testing.T) {
	for _, q := range []string{
		`"password"`, `"PASSWORD"`, `"Pass_Word"`, `"pass-word"`, `"pass word"`, `"paſſword"`, `"pa\u0073sword"`,
		`"pa\u017f\u017Fword"`, `"__password__"`, `"ｐａｓｓｗｏｒｄ"`, `"ＰＡＳＳ＿ＷＯＲＤ"`, `"\uff50assword"`, `"pass\u00adword"`,
		`"pass\u200bword"`, `"\ufeffpassword"`, `"p\u2060a\u034fs\ufe0fs\u200dword"`, `"pass\u00a0word"`, `"pass\u2011word"`,
		`"𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝"`, `"ⓟⓐⓢⓢⓦⓞⓡⓓ"`,
	} {
		if got := string(canonical(nil, []byte(q))); got != "password" {
			t.Errorf("%s: got %q", q, got)
		}
	}
	for q, want := range map[string]string{
		`"\u212aey"`: "key", `"Straße"`: "straße", `"STRASSE"`: "strasse", `"ΣΊΣΥΦΟΣ"`: "ΣΊΣΥΦΟΣ",
		`"σίσυφος"`: "ΣΊΣΥΦΟΣ", `"ﬀ"`: "ff", `"ﷺ"`: "ﷺ", `"℡"`: "tel", `"a．ｂ［０］"`: "a.b[0]", `"a.b"`: "a.b", `""`: "", `"ÄÖ"`: "ÄÖ", `"äö"`: "ÄÖ",
	} {
		if got := string(canonical([]byte{}, []byte(q))); got != want {
			t.Errorf("%s: got %q, want %q", q, got, want)
		}
	}
	if got := string(AppendFolded([]byte("x:"), []byte("A_\xffB"))); got != "x:a\xffb" {
		t.Errorf("bytes that are not UTF-8 stay: %q", got)
	}
}

func TestFoldingNeverMakesANameLonger(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		in := utf8.AppendRune(nil, r)
		out := AppendFolded(nil, in)
		if len(out) > len(in) {
			t.Errorf("%U becomes %q", r, out)
		}
		if again := AppendFolded(nil, out); string(again) != string(out) {
			t.Errorf("%U becomes %q and then %q", r, out, again)
		}
	}
}

// canonical appends the canonical form of a scanned Key or String token:
// decoded, then folded, in place. What stands for a rune has no more bytes than
// that, so writing never overtakes reading.
func canonical(dst, quoted []byte) []byte {
	from := len(dst)
	dst = AppendString(dst, quoted)
	return AppendFolded(dst[:from], dst[from:])
}
