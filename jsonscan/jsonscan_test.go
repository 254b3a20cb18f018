package jsonscan

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

// tokens spells out what a Scanner says about src.
func tokens(t *testing.T, src string) string {
	t.Helper()
	var s Scanner
	s.Reset([]byte(src), Limits{})
	names := [...]string{"?", "{", "}", "[", "]", "key", "str", "num", "true", "false", "null", "end"}
	var out []string
	for {
		tok, err := s.Next()
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		line := names[tok.Kind] + "@" + string(s.AppendPointer(nil))
		if tok.Kind >= Key && tok.Kind <= Number {
			line += "=" + src[tok.Start:tok.End]
		}
		if tok.Escaped {
			line += " esc"
		}
		if tok.Kind == Key && s.Duplicate() {
			line += " dup"
		}
		out = append(out, fmt.Sprintf("%d %s", s.Depth(), line))
		if tok.Kind == End {
			return strings.Join(out, "\n")
		}
	}
}

func TestTokensComeWithTheirPlaceDepthAndPointer(t *testing.T) {
	got := tokens(t, ` {"a":[1,{"b/c~":true}, []],"\u0061":null , "":"x\ny"} `)
	want := `1 {@
1 key@/a="a"
2 [@/a
2 num@/a/0=1
3 {@/a/1
3 key@/a/1/b~1c~0="b/c~"
3 true@/a/1/b~1c~0
2 }@/a/1
3 [@/a/2
2 ]@/a/2
1 ]@/a
1 key@/a="\u0061" esc dup
1 null@/a
1 key@/=""
1 str@/="x\ny" esc
0 }@
0 end@`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestScalarsStandAlone(t *testing.T) {
	for _, src := range []string{`0`, `-0`, `1.5e+3`, `"x"`, `true`, `false`, `null`, " \t\r\n1\n"} {
		if _, err := Check([]byte(src), Limits{}); err != nil {
			t.Errorf("%q: %v", src, err)
		}
	}
}

func TestWhatParsersDisagreeAboutIsRefusedWithItsReason(t *testing.T) {
	for _, c := range []struct {
		src    string
		offset int
		reason string
	}{
		{"", 0, UnexpectedEnd},
		{"  ", 2, UnexpectedEnd},
		{"\ufeff{}", 0, ByteOrderMark},
		{"{} {}", 3, TrailingData},
		{"1 ,", 2, TrailingData},
		{"{}\x00", 2, TrailingData},
		{"[\x00]", 1, UnexpectedByte},
		{"\"\x00\"", 1, ControlCharacter},
		{"\"a\nb\"", 2, ControlCharacter},
		{"\"12345678\x1f\"", 9, ControlCharacter},
		{`NaN`, 0, UnexpectedByte},
		{`-Infinity`, 1, BadNumber},
		{`[1,]`, 3, UnexpectedByte},
		{`{"a":1,}`, 7, UnexpectedByte},
		{`{a:1}`, 1, UnexpectedByte},
		{`{"a" 1}`, 5, UnexpectedByte},
		{`{"a":1 "b":2}`, 7, UnexpectedByte},
		{`["a" "b"]`, 5, UnexpectedByte},
		{`[1}`, 2, UnexpectedByte},
		{`{"a":1]`, 6, UnexpectedByte},
		{`/* c */ 1`, 0, UnexpectedByte},
		{`1 // c`, 2, TrailingData},
		{`'a'`, 0, UnexpectedByte},
		{`tru`, 3, UnexpectedEnd},
		{`trux`, 3, UnexpectedByte},
		{`nul`, 3, UnexpectedEnd},
		{`falsey`, 5, TrailingData},
		{"\"\xff\"", 1, InvalidUTF8},
		{"\"12345678\xc0\xaf\"", 9, InvalidUTF8},
		{"\"\xed\xa0\x80\"", 1, InvalidUTF8}, // a surrogate in UTF-8
		{"{\"a\xe2\x82\":1}", 3, InvalidUTF8},
		{`"\ud800"`, 1, LoneSurrogate},
		{`"\udc00"`, 1, LoneSurrogate},
		{`"\ud800\ud800"`, 1, LoneSurrogate},
		{`"\ud800\n"`, 1, LoneSurrogate},
		{`"\ud800x1234567"`, 1, LoneSurrogate},
		{`{"\uDFFF":1}`, 2, LoneSurrogate},
		{`"\x41"`, 2, BadEscape},
		{`"\u12g4"`, 5, BadEscape},
		{`"\ud83d\u00"`, 11, BadEscape},
		{`"\u12`, 5, UnexpectedEnd},
		{`"\`, 2, UnexpectedEnd},
		{`"abc`, 4, UnexpectedEnd},
		{`[`, 1, UnexpectedEnd},
		{`[1`, 2, UnexpectedEnd},
		{`[1,`, 3, UnexpectedEnd},
		{`{`, 1, UnexpectedEnd},
		{`{"a"`, 4, UnexpectedEnd},
		{`{"a":`, 5, UnexpectedEnd},
		{`{"a":1,`, 7, UnexpectedEnd},
		{`01`, 1, BadNumber},
		{`-`, 1, UnexpectedEnd},
		{`1.`, 2, UnexpectedEnd},
		{`1.e3`, 2, BadNumber},
		{`1e`, 2, UnexpectedEnd},
		{`1e+x`, 3, BadNumber},
		{`+1`, 0, UnexpectedByte},
		{`0x10`, 1, TrailingData},
		{`1e5000000`, 2, ExponentTooBig},
		{`1e-401`, 3, ExponentTooBig},
		{`1E99999999999999999999999999`, 2, ExponentTooBig},
		{strings.Repeat("9", 65), 0, NumberTooLong},
		{strings.Repeat("[", 513) + strings.Repeat("]", 513), 512, TooDeep},
		{strings.Repeat(`{"":`, 1_000_000), 2048, TooDeep},
	} {
		_, err := Check([]byte(c.src), Limits{})
		var se *SyntaxError
		if !errors.As(err, &se) || se.Offset != c.offset || se.Reason != c.reason {
			t.Errorf("%.40q: got %v, want %s at byte %d", c.src, err, c.reason, c.offset)
		}
	}
}

func TestWhatIsJustWithinTheLimitsIsAccepted(t *testing.T) {
	for _, src := range []string{
		strings.Repeat("9", 64), "1e400", "1E-400", "1e0000000000400",
		strings.Repeat("[", 512) + strings.Repeat("]", 512),
		`"\ud83d\ude00"`, "\"\U0001f600\"", `"\u0000"`, `"\uFFFF"`, "\"\x7f\"",
	} {
		if _, err := Check([]byte(src), Limits{}); err != nil {
			t.Errorf("%.40q: %v", src, err)
		}
	}
}

func TestLimitsCanBeSet(t *testing.T) {
	lim := Limits{Depth: 2, NumberBytes: 3, Exponent: 9}
	for src, ok := range map[string]bool{
		`[[1]]`: true, `[[[1]]]`: false, `123`: true, `1234`: false, `1e9`: true, `-1.5`: false,
		`1e10`: false,
	} {
		if _, err := Check([]byte(src), lim); (err == nil) != ok {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestAnErrorStaysAndTheEndStays(t *testing.T) {
	var s Scanner
	if _, err := s.Next(); err == nil {
		t.Error("a scanner never reset has nothing to read and must say so")
	}
	s.Reset([]byte(`[x`), Limits{})
	s.Next()
	_, first := s.Next()
	_, second := s.Next()
	if first == nil || first != second {
		t.Errorf("got %v, then %v", first, second)
	}
	s.Reset([]byte(`1`), Limits{})
	s.Next()
	for range 3 {
		if tok, err := s.Next(); err != nil || tok.Kind != End {
			t.Errorf("after the end: %v, %v", tok, err)
		}
	}
}

func TestAnErrorHoldsNothingOfTheText(t *testing.T) {
	_, err := Check([]byte(`{"password": hunter2}`), Limits{})
	if got := err.Error(); got != "not strict JSON: unexpected character at byte 13" {
		t.Error(got)
	}
}

func TestKeysThatAreSpecialInGJSONPathsAreOrdinaryInPointers(t *testing.T) {
	src := `{"a.b*?@|#{!":{"~/":1}}`
	if got := tokens(t, src); !strings.Contains(got, "num@/a.b*?@|#{!/~0~1=1") {
		t.Error(got)
	}
}

func TestScanningAllocatesNothingInSteadyState(t *testing.T) {
	wide := []byte(`{"":0`)
	for i := range 1000 {
		wide = fmt.Appendf(wide, `,"key\u00e9%d":{"a":[%d]}`, i, i)
	}
	wide = append(wide, '}')
	for _, src := range [][]byte{jsontest.Order(1), jsontest.Orders(100_000), wide} {
		var s Scanner
		scan := func() {
			s.Reset(src, Limits{})
			for {
				tok, err := s.Next()
				if err != nil {
					t.Fatal(err)
				}
				if tok.Kind == End {
					return
				}
			}
		}
		scan()
		if n := testing.AllocsPerRun(20, scan); n != 0 {
			t.Errorf("%d bytes: %v allocations", len(src), n)
		}
	}
}
