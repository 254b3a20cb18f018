package jsonscan

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// What slips past a masker or a guard because two parsers read it in two ways,
// row by row: each is refused, or told, or read as the most lenient reader does.
func TestWhatSlipsPastOtherReadersDoesNotSlipPastThisOne(t *testing.T) {
	refused := func(reason string) func(src string) bool {
		return func(src string) bool {
			_, err := Check([]byte(src), Limits{})
			var se *SyntaxError
			return errors.As(err, &se) && se.Reason == reason
		}
	}
	duplicate := func(src string) bool {
		rep, err := Check([]byte(src), Limits{})
		return err == nil && rep.Duplicate
	}
	isPassword := func(src string) bool {
		var s Scanner
		s.Reset([]byte(src), Limits{})
		s.Next()
		tok, err := s.Next()
		return err == nil && string(canonical(nil, []byte(src[tok.Start:tok.End]))) == "password"
	}
	for _, c := range []struct {
		row, src string
		caught   func(src string) bool
	}{
		{"duplicate keys", `{"a":1,"a":2}`, duplicate},
		{"duplicate keys, escaped", `{"a":1,"\u0061":2}`, duplicate},
		{"duplicate keys, far apart", `{"a":1,` + strings.Repeat(`"k":{"a":1},"l":[],`, 1) + `"a":2}`, duplicate},
		{"key case", `{"PASSWORD":1}`, isPassword},
		{"key case, folded by Unicode", `{"paſſword":1}`, isPassword},
		{"key with separators", `{"pass_-word ":1}`, isPassword},
		{"escaped key", `{"pa\u0073sword":1}`, isPassword},
		{"escaped key, folded by Unicode", `{"pa\u017f\u017fword":1}`, isPassword},
		{"invalid UTF-8", "{\"a\":\"\xc3\x28\"}", refused(InvalidUTF8)},
		{"overlong UTF-8", "{\"a\":\"\xc0\xa2\"}", refused(InvalidUTF8)},
		{"lone surrogate", `{"a":"\ud800"}`, refused(LoneSurrogate)},
		{"lone surrogate in a key", `{"\udfff":1}`, refused(LoneSurrogate)},
		{"BOM", "\ufeff{}", refused(ByteOrderMark)},
		{"NaN", `{"a":NaN}`, refused(UnexpectedByte)},
		{"comment", `{/**/"a":1}`, refused(UnexpectedByte)},
		{"trailing data", `{"a":1}{"a":2}`, refused(TrailingData)},
		{"NUL", "{\"a\":1}\x00", refused(TrailingData)},
		{"depth", strings.Repeat("[", 8_000_000), refused(TooDeep)},
		{"depth of objects", strings.Repeat(`{"a":`, 1_000_000), refused(TooDeep)},
		{"huge exponent", `1e5000000`, refused(ExponentTooBig)},
		{"huge exponent with zeros in front", `1e` + strings.Repeat("0", 40) + `5000000`, refused(ExponentTooBig)},
		{"a million digits", strings.Repeat("7", 1_000_000), refused(NumberTooLong)},
		{"a million digits after the point", `0.` + strings.Repeat("7", 1_000_000), refused(NumberTooLong)},
	} {
		if start := time.Now(); !c.caught(c.src) {
			t.Errorf("%s: %.60q is not caught", c.row, c.src)
		} else if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: it took %v", c.row, took)
		}
	}
}

// Whatever the text, twice as much of it takes about twice the time: the steps
// counted are those that could be more.
func TestTheWorkIsLinear(t *testing.T) {
	for name, unit := range map[string]string{
		"keys":    `"k%":{"a":1,"b":[1,2,{"c":null}]},`,
		"escapes": `"\u0061\ud83d\ude00\n":"\\\"\u0000",`,
		"numbers": `"k":[-1.5e-300,0,123456789012345678901234567890],`,
	} {
		time1, time8 := time.Hour, time.Hour
		once, more := []byte(`{`+strings.Repeat(unit, 1_000)+`"":0}`), []byte(`{`+strings.Repeat(unit, 8_000)+`"":0}`)
		for range 5 {
			time1, time8 = min(time1, took(t, once)), min(time8, took(t, more))
		}
		if time8 > 40*time1 {
			t.Errorf("%s: 8 times the text takes %v, once %v", name, time8, time1)
		}
	}
}

func took(t *testing.T, src []byte) time.Duration {
	start := time.Now()
	if _, err := Check(src, Limits{}); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}
