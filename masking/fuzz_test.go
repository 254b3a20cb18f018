package masking

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

// FuzzJSON holds every outcome to what is promised of all: strict JSON in,
// strict JSON out; no value of a secret name; no number or whole string that
// is a card number; masking again changes nothing.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"name":"%5BBearer ann@example.org","value":"x"}`,
		`{"password":"a","n":[4111111111111111,"ann@example.org"]}`, `"{\"pin\":\"{\\\"pin\\\":1}\"}"`, `"eyJwaW4iOjF9"`,
		`["Bearer abcDEF123456","a=1&token=b","https://u:p@h/?q=%34111111111111111"]`, quote(jwt), quote(pem),
		`{"ann@example.org":{"4111-1111-1111-1111":1}}`, `"4111111111111111 \"password\": x"`, `{"a.4111111111111111pin":1}`,
		`"[masked]token=a"`, `"{a:1,'pin':2}"`, "\" { \\\"pin\\\" : 1 } \"", `"%7B%22pin%22%3A1%7D"`, `"1 2 4111 1111 1111 1111 9"`,
		`{"value":["a",{"val":1,"key":"pin"}],"name":"token","value":2}`, `{"value":null,"type":"password","tokens":1,"zip":true}`,
		`{"kind":"Secret","data":{"a":"b"},"auth":"YTpi"}`, `{"code":"SplxlOBeZQQYbYS6","grant_type":"authorization_code"}`, `{"name":"x.4111111111111111pin","value":1}`,
		quote("a \"pin\" : {1,'}'} \\\"otp\\\":\\\"x\n pin: |\n  a\n\n  b\n'api key: c' \\npin:-"),
	} {
		f.Add([]byte(s))
	}
	f.Add(jsontest.Order(1))
	p := must(New(Config{Keys: []string{"zip"}, Paths: []string{"/**/p/*", "/q"}}))
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		out, places, err := p.JSON(nil, src, nil)
		if !bytes.Equal(src, before) {
			t.Fatal("the input was written to")
		}
		if _, bad := jsonscan.Check(src, limits); (bad != nil) != (err != nil) {
			t.Fatalf("masking says %v, the scanner %v", err, bad)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(out, src) && len(places) == 0 || len(places) > maxPlaces {
			t.Fatalf("%d places", len(places))
		}
		again, _, err := p.JSON(nil, out, nil)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%s\nbecame %s\nthen   %s, %v", src, out, again, err)
		}
		if !json.Valid(out) {
			t.Fatalf("%s is not JSON", out)
		}
		var s jsonscan.Scanner
		s.Reset(out, limits)
		secret, name := false, ""
		for {
			tok, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			text := out[tok.Start:tok.End]
			if secret && string(text) != string(quoted) && !isNone(p, name, text) {
				t.Fatalf("%s: the value of a secret name is %s", out, text)
			}
			secret = false
			switch tok.Kind {
			case jsonscan.End:
				return
			case jsonscan.Key:
				name = string(jsonscan.AppendString(nil, text))
				secret = p.SecretName(name)
			case jsonscan.Number:
				if isCard(digitsOf(string(text))) && !strings.ContainsAny(string(text), ".eE") {
					t.Fatalf("%s holds a card number", out)
				}
			case jsonscan.String:
				if plain := jsonscan.AppendString(nil, text); isCard(digitsOf(string(plain))) {
					t.Fatalf("%s holds a card number", out)
				}
			}
		}
	})
}

// isNone says whether value, JSON, is no secret though its name is that of one.
func isNone(p *Policy, name string, value []byte) bool {
	if p.keys.own[p.keys.find([]byte(name)).rule] {
		return false
	}
	return namesTokens([]byte(name)) && json.Valid(value) && (value[0] == '-' || isDigit(value[0])) ||
		string(value) == "true" || string(value) == "false" || string(value) == "null"
}

// digitsOf is the values of s if it is all digits.
func digitsOf(s string) (out []byte) {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return nil
		}
		out = append(out, s[i]-'0')
	}
	return out
}

// FuzzQuery holds queries, and with them paths and texts, to the same.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"a=1&token=b", "pass%77ord=x;y=z&%zz=1&b=%", "q=4111+1111+1111+1111&ann%40example.org=2", `{"pin":"a&b=c"}`,
		"x=%7B%22pin%22%3A1%7D", "a;token=x;b", "token", "=&=&&;", "+=+", "eyJwaW4iOjF9=", "pin=[masked]", "a=%2541",
		"a: 1\n pin: |\n  x\n\n   y\nz", `'api key: a''b' \"pin\":\"x\"`, "p%2569n=1&x=pin:1", `x "pin":[{'],"a`, "user.pin:1 //pin:1 a.b:80",
		"code=SplxlOBeZQQYbYS6WxSbIA&state=x&tokens=12", "name=x.4111111111111111pin&value=a&b[name]=token&b[value]=c", "token:read $pin:[A!], pin=$pin",
		"arn:a:secret:b _auth=YTpi", "glpat-0123456789abcdefghij",
	} {
		f.Add(s)
	}
	p := standard()
	f.Fuzz(func(t *testing.T, raw string) {
		out, places := p.Query(raw)
		if out != raw && len(places) == 0 {
			t.Fatal("nothing is reported")
		}
		if again, _ := p.Query(out); again != out {
			t.Fatalf("%q became %q and then %q", raw, out, again)
		}
		for _, param := range strings.Split(out, "&") {
			name, value, has := strings.Cut(param, "=")
			plain, err := url.QueryUnescape(name)
			if has && (err != nil || p.SecretName(plain)) && value != queryToken && !p.counted([]byte(plain), []byte(value), ruleToken) {
				t.Fatalf("%q: the value of %q is %q", out, name, value)
			}
		}
		path, _ := p.Path(raw)
		if again, _ := p.Path(path); again != path {
			t.Fatalf("path %q became %q and then %q", raw, path, again)
		}
		text, _ := p.Text(raw)
		if again, _ := p.Text(text); again != text {
			t.Fatalf("text %q became %q and then %q", raw, text, again)
		}
	})
}

// FuzzPaths holds the automaton of a path pattern against its definition.
func FuzzPaths(f *testing.F) {
	for _, s := range [][2]string{
		{"", ""}, {"/a", "/a"}, {"/*/b", "/a/b"}, {"/**/b", "/b"}, {"/a/**/**/c", "/a/x/c"}, {"/**/*/x", "/x/x"},
		{"/a~1b", "/a~1b"}, {"/~2", "/"}, {"a", ""}, {"/**", "/q/r"}, {"/", "/"},
	} {
		f.Add(s[0], s[1])
	}
	var matches func(pattern, place []string) bool
	matches = func(pattern, place []string) bool {
		switch {
		case len(pattern) == 0:
			return len(place) == 0
		case pattern[0] == "**":
			return matches(pattern[1:], place) || len(place) > 0 && matches(pattern, place[1:])
		case len(place) == 0:
			return false
		}
		return (pattern[0] == "*" || jsonscan.UnescapeToken(pattern[0]) == jsonscan.UnescapeToken(place[0])) && matches(pattern[1:], place[1:])
	}
	f.Fuzz(func(t *testing.T, pattern, pointer string) {
		p, err := newPaths([]string{pattern})
		if err != nil || strings.Count(pattern, "/")+strings.Count(pointer, "/") > 20 {
			return
		}
		place := strings.Split(pointer, "/")[1:]
		want := matches(strings.Split(pattern, "/")[1:], place)
		many := must(newPaths([]string{strings.Repeat("/no such key", 70), pattern})) // more than a word
		for _, p := range []*paths{p, many} {
			var tr tracker
			tr.start(p, nil)
			for _, seg := range place {
				tr.open(false)
				tr.key([]byte(jsonscan.UnescapeToken(seg)))
			}
			if got := tr.rule() != ""; got != want {
				t.Fatalf("%q on %q: %v, want %v", pattern, pointer, got, want)
			}
		}
	})
}
