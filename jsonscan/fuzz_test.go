package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

var strict = []string{InvalidUTF8, LoneSurrogate, TooDeep, NumberTooLong, ExponentTooBig, DocumentTooLong}

// FuzzScan holds the scanner against encoding/json and gjson: what it accepts
// they accept, and where it alone refuses, it does so for a strict reason.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		"", "null", `{"a":[1,2.5e-3,{"b":"\u00e9\ud83d\ude00"}],"a":true}`, "[\"\xff\"]", `"\ud800"`, "1e999", "\ufeff1",
		strings.Repeat("[", 600), `{"a":1,"\u0061":2}`, " [ ] x", `{"k":"v\n","":{"":{}}}`, "\"12345678\x01\"",
		`[-0,0.0,1E+2,01]`, `{"a" : "b" , "c" : [ ] }`,
	} {
		f.Add([]byte(s))
	}
	f.Add(jsontest.Order(3))
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		rep, err := Check(src, Limits{})
		if !bytes.Equal(src, before) {
			t.Fatal("the scanner wrote to its input")
		}
		valid := json.Valid(src)
		if err != nil {
			var se *SyntaxError
			if !errors.As(err, &se) || se.Offset < 0 || se.Offset > len(src) {
				t.Fatalf("error %v", err)
			}
			if valid && !slices.Contains(strict, se.Reason) {
				t.Fatalf("refused for %q what encoding/json accepts", se.Reason)
			}
			return
		}
		if !valid || !gjson.ValidBytes(src) || !utf8.Valid(src) {
			t.Fatal("accepted what encoding/json or gjson refuses")
		}
		agreesWithGJSON(t, src)
		if dup := compare(t, src); dup != rep.Duplicate {
			t.Fatalf("duplicate %v, want %v", rep.Duplicate, dup)
		}
	})
}

// compare walks src with both tokenizers and says whether a key repeats.
func compare(t *testing.T, src []byte) (dup bool) {
	var s Scanner
	s.Reset(src, Limits{})
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	var keys []map[string]bool
	for {
		tok, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if tok.Kind == End {
			return dup
		}
		theirs, err := dec.Token()
		if err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		text := src[tok.Start:tok.End]
		ok := false
		switch tok.Kind {
		case BeginObject, BeginArray:
			keys = append(keys, map[string]bool{})
			ok = theirs == json.Delim(text[0])
		case EndObject, EndArray:
			keys = keys[:len(keys)-1]
			ok = theirs == json.Delim(text[0])
		case Key, String:
			decoded := string(AppendString(nil, text))
			ok = theirs == decoded && tok.Escaped == bytes.Contains(text, []byte{'\\'})
			var back string
			if q := AppendQuoted(nil, []byte(decoded)); json.Unmarshal(q, &back) != nil || back != decoded {
				t.Fatalf("%q is quoted as %s", decoded, q)
			}
			if tok.Kind == Key {
				seen := keys[len(keys)-1]
				if s.Duplicate() != seen[decoded] {
					t.Fatalf("key %q: duplicate %v", decoded, s.Duplicate())
				}
				dup = dup || seen[decoded]
				seen[decoded] = true
			}
		case Number:
			ok = theirs == json.Number(text)
		case True:
			ok = theirs == true
		case False:
			ok = theirs == false
		case Null:
			ok = theirs == nil
		}
		if !ok {
			t.Fatalf("token %q is %v to encoding/json", text, theirs)
		}
	}
}

// agreesWithGJSON holds keys and values against gjson's, level by level.
func agreesWithGJSON(t *testing.T, src []byte) {
	var s Scanner
	s.Reset(src, Limits{})
	var walk func(r gjson.Result)
	next := func() Token {
		tok, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	walk = func(r gjson.Result) {
		tok := next()
		switch tok.Kind {
		case BeginObject, BeginArray:
			r.ForEach(func(key, value gjson.Result) bool {
				if tok.Kind == BeginObject {
					if k := next(); k.Kind != Key || string(AppendString(nil, src[k.Start:k.End])) != key.String() {
						t.Fatalf("%s is %s to gjson", src[k.Start:k.End], key.Raw)
					}
				}
				walk(value)
				return true
			})
			if end := next(); end.Kind != tok.Kind+1 {
				t.Fatalf("gjson ends %s before %d", r.Raw, end.Start)
			}
		case String:
			if r.Type != gjson.String || r.String() != string(AppendString(nil, src[tok.Start:tok.End])) {
				t.Fatalf("%s is %s to gjson", src[tok.Start:tok.End], r.Raw)
			}
		default:
			if r.Raw != string(src[tok.Start:tok.End]) {
				t.Fatalf("%s is %s to gjson", src[tok.Start:tok.End], r.Raw)
			}
		}
	}
	walk(gjson.ParseBytes(src))
}
