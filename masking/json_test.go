package masking

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

const visa = "4111111111111111"

// jwt is the example of RFC 7515, appendix A.1, shortened.
const jwt = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq83vASNFZ4k=\n-----END RSA PRIVATE KEY-----"

// masked runs p over src and checks what holds for every outcome: it is JSON,
// and masking it again changes nothing.
func masked(t *testing.T, p *Policy, src string, marks Marks) (string, []Place) {
	t.Helper()
	out, places, err := p.JSON(nil, []byte(src), marks)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	if !json.Valid(out) {
		t.Fatalf("%s became %s, which is not JSON", src, out)
	}
	again, _, err := p.JSON(nil, out, marks)
	if err != nil || string(again) != string(out) {
		t.Errorf("%s became %s and then %s", src, out, again)
	}
	return string(out), places
}

func TestBodiesAreMasked(t *testing.T) {
	p := must(New(Config{Keys: []string{"blood type"}}))
	q := func(s string) string { return string(jsonscan.AppendQuoted(nil, []byte(s))) }
	for _, c := range []struct{ name, src, want string }{
		{"a secret key hides a string", `{"user":"ann","password":"hunter2"}`, `{"user":"ann","password":"[masked]"}`},
		{"a number", `{"pin":1234}`, `{"pin":"[masked]"}`},
		{"an object", `{"token":{"a":[1,{"b":2}]},"z":1}`, `{"token":"[masked]","z":1}`},
		{"an array", `{"credentials":["a","b"]}`, `{"credentials":"[masked]"}`},
		{"nothing", `{"ssn":"","iban":{},"jwt":[]}`, `{"ssn":"[masked]","iban":"[masked]","jwt":"[masked]"}`},
		{"null, true and false are no secrets", `{"otp":null,"has_password":true,"cvv":false,"secrets":[true]}`,
			`{"otp":null,"has_password":true,"cvv":false,"secrets":"[masked]"}`},
		{"beside a name neither", `[{"name":"token","value":null,"val":1},{"value":true,"key":"pin"}]`,
			`[{"name":"token","value":null,"val":"[masked]"},{"value":true,"key":"pin"}]`},
		{"but where the key is configured", `{"bloodType":null,"x":{"blood type":true,"name":"bloodtype","value":false}}`,
			`{"bloodType":"[masked]","x":{"blood type":"[masked]","name":"bloodtype","value":"[masked]"}}`},
		{"tokens in a number are counted", `{"tokens":12,"min_new_tokens":4,"tokens":["LEAK"],"extraTokens":"LEAK","token":12,"otps":12}`,
			`{"tokens":12,"min_new_tokens":4,"tokens":"[masked]","extraTokens":"[masked]","token":"[masked]","otps":"[masked]"}`},
		{"every occurrence", `{"password":"a","password":"b","PASSWORD":"c"}`,
			`{"password":"[masked]","password":"[masked]","PASSWORD":"[masked]"}`},
		{"whatever the key's disguise", `{"pa\u0073sword":1,"paſſword":2,"pass-word":3,"Pass Word":4}`,
			`{"pa\u0073sword":"[masked]","paſſword":"[masked]","pass-word":"[masked]","Pass Word":"[masked]"}`},
		{"a configured key", `{"bloodType":"A+","bloodTypes":["A"]}`, `{"bloodType":"[masked]","bloodTypes":["A"]}`},
		{"space and order stay", " {\n \"a\" : 1.0 ,\t\"pin\" : 5 , \"b\":\"\\u0041\" } ", " {\n \"a\" : 1.0 ,\t\"pin\" : \"[masked]\" , \"b\":\"\\u0041\" } "},
		{"deep within", `[[{"a":[{"secret":1}]}]]`, `[[{"a":[{"secret":"[masked]"}]}]]`},
		{"a masked value stays", `{"password":"[masked]"}`, `{"password":"[masked]"}`},

		{"a card in text", q("pay with 4111 1111-1111 1111 now"), q("pay with [masked] now")},
		{"a card as a number", `[4111111111111111,4111111111111111.0,4.111111111111111e15,41111111111111110E-1,-4111111111111111]`,
			`["[masked]","[masked]","[masked]","[masked]","[masked]"]`},
		{"a card behind escapes", `"\u0034\u0031111111\u002d11111111"`, q(Token)},
		{"a card in other digits", `["４１１１１１１１１１１１１１１１","٤١١١١١١١١١١١١١١١"]`, `["[masked]","[masked]"]`},
		{"a card as a key", `{"` + visa + `":1}`, `{"[masked]":1}`},
		{"a card after another number", q("5 " + visa), q("5 [masked]")},
		{"an address", q("to Ann <ann.o'brien+x@mail.example.co.uk>, hi"), q("to Ann <[masked]>, hi")},
		{"an address in another script", q("пишите на почта@пример.рф!"), q("пишите на [masked]!")},
		{"an address as a key", `{"ann@example.org":true}`, `{"[masked]":true}`},
		{"a token", q("got " + jwt + " ok"), q("got [masked] ok")},
		{"a token behind escapes", `"\u0065` + jwt[1:] + `"`, q(Token)},
		{"a private key", q("key:\n" + pem + "\nend"), q("key:\n[masked]\nend")},
		{"a private key cut short", q("key: " + pem[:50]), q("key: [masked]")},
		{"the rest of a private key", q(pem[40:] + " end"), q("[masked] end")},
		{"a bearer token", q("curl -H 'X-Auth Bearer abcDEF123456'"), q("curl -H 'X-Auth Bearer [masked]'")},
		{"basic credentials", q("basic dXNlcjpodW50ZXIy, again"), q("basic [masked], again")},
		{"a bearer token in a query", q("https://x.org/?a=Bearer+abcDEF123456+x&b=2"), q("https://x.org/?a=Bearer+[masked]+x&b=2")},
		{"basic credentials in a query", q("/?a=Basic+dXNlcjpodW50ZXIy&b=2"), q("/?a=Basic+[masked]&b=2")},
		{"credentials alone", q("Basic abcdef123456"), q("Basic [masked]")},
		{"a URL's password", q("postgres://app:hun/ter@2@db.example.org:5432/x"), q("postgres://app:[masked]@db.example.org:5432/x")},
		{"a URL's token", q("https://ghp_0123456789abcdefghij@github.com/a/b"), q("https://[masked]@github.com/a/b")},
		{"a query", q("https://x.org/?a=1&access_token=abc&b=2#top"), q("https://x.org/?a=1&access_token=[masked]&b=2#top")},
		{"a form", q("user=ann&pass%77ord=hunter+2&x=y"), q("user=ann&pass%77ord=[masked]&x=y")},
		{"a log line", q(`login user=ann password="hunter 2" ok`), q(`login user=ann password="[masked]" ok`)},
		{"a connection string", q("Server=db;User=sa;Password=a,b;Timeout=5"), q("Server=db;User=sa;Password=[masked];Timeout=5")},
		{"an encoded address in a URL", q("https://x.org/u/ann%40example.org?x=1"), q("https://x.org/u/[masked]?x=1")},

		{"JSON in a string", q(`{"a":1,"password":"x y"}`), q(`{"a":1,"password":"[masked]"}`)},
		{"JSON in a string in a string", q(`[` + q(`{"pin":1,"ok":2}`) + `]`), q(`[` + q(`{"pin":"[masked]","ok":2}`) + `]`)},
		{"JSON three deep", q(`[` + q(`[`+q(`{"pin":1}`)+`]`) + `]`), q(`[` + q(`[`+q(Token)+`]`) + `]`)},
		{"JSON four deep", q(`[` + q(`[`+q(`[`+q(`{"pin":1}`)+`]`)+`]`) + `]`), q(`[` + q(`[`+q(Token)+`]`) + `]`)},
		{"a quoted JSON text", q(q(`{"pin":1}`)), q(q(`{"pin":"[masked]"}`))},
		{"broken JSON in a string", q(`{"password":"x`), q(Token)},
		{"lines of JSON in a string", q("{\"password\":\"x\"}\n{\"a\":1}"), q(Token)},
		{"a Python dictionary", q(`{'password': 'x'}`), q(Token)},
		{"a JavaScript object", q(`{password: 'x'}`), q(Token)},
		{"base64 of JSON", q("eyJwYXNzd29yZCI6IngifQ=="), q(Token)},
		{"base64url of JSON", q("eyJwYXNzd29yZCI6Ij8_In0"), q(Token)},
		{"base64 of an array", q("W3sicGluIjoxfV0="), q(Token)},
		{"base64 of spaced JSON", q("CiB7InBpbiI6MX0="), q(Token)},
		{"base64 of base64 of JSON", q("ZXlKd1lYTnpkMjl5WkNJNkluZ2lmUT09"), q(Token)},
		{"base64 of a private key", q(base64.StdEncoding.EncodeToString([]byte(pem))), q(Token)},
		{"base64 of base64 of a private key", q(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(pem))))), q(Token)},
		{"base64 of JSON in a string", q(base64.StdEncoding.EncodeToString([]byte(q(`{"pin":1}`)))), q(Token)},
		{"base64 of JSON as a data URL", q("data:application/json;base64,eyJwYXNzd29yZCI6IngifQ=="), q(Token)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, places := masked(t, p, c.src, nil)
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if len(places) == 0 {
				t.Error("no place is reported")
			}
		})
	}
}

func TestWhatIsHarmlessStaysAsItIs(t *testing.T) {
	q := func(s string) string { return string(jsonscan.AppendQuoted(nil, []byte(s))) }
	for _, src := range []string{
		`{"a":1}`, `""`, `0`, `[]`, " \n{} ",
		`{"tokens_used":12,"secretary":"Ann","pinned":true,"panel":1,"max_tokens":5,"nextPageToken":"abc"}`,
		`[4111111111111112,1234567890123456,1700000000000,0.4111111111111111,4111111111111111.5,9999999999999999999]`,
		`[4.2e15,1e300,-0,4000000000000000]`,
		q("4111111111111112"), q("12345678901234567890"), q("41111111111111111111"), q("0.4111111111111111"),
		q("+49 151 23456780"), q("+4915123456789"), q("2026-11-21 18:03:59.125000"), q("550e8400-e29b-41d4-a716-446655440000"),
		q("12345678-1234-1234-1234-123456789012"), q("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"),
		q("ann@localhost"), q("@ann and @bob"), q("icon@2x.png"), q("npm i left-pad@1.3.0"), q("a @ b.com"), q("x@y.1"),
		q("e.g. eyJ is how they begin"), q("www.example.com/a.b.c"), q("eyJhIjoxfQ.eyJhIjoxfQ.sig"), // no alg
		q("a PRIVATE KEY is private"), q("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"),
		q("-----BEGIN PUBLIC KEY-----\nMII\n-----END PUBLIC KEY-----"),
		q("Basic authentication is required"), q("Basic package"), q("BASIC 1234-5678-9"), q("the bearer of bad news"), q("/?q=bearer+of+news&p=basic+plan+9"), q("Ybearer+abcDEF123456"), q("bearer token required"), q("Bearer Token"),
		q("https://example.org:8080/a?b=c&page_size=10"), q("http://host/users/@bob"), q("see https://x.org, ann: y"),
		q("if (token == null) return"), q("a=1&tokens_used=5"), q("50% of them, 100%"), q("x%20y=z%41"),
		q("[info] token refreshed"), q("{not json}"), q(`"quoted": text`), q(`{"a":{"b":[1,2]}}`), q("[1,2,3]"),
		q("eyJhIjoxfQ=="), q("experience"), q("eyeglasses"), q("Wednesday"), q("Infinite"), q("WyJhIl0="),
		q("[masked]"), q("a [masked] b"), `{"password":"[masked]","x":["[masked]"]}`,
	} {
		got, _ := masked(t, standard(), src, nil)
		if got != src {
			t.Errorf("%s became %s", src, got)
		}
	}
}

func TestDetectorsRunAsConfigured(t *testing.T) {
	src := `["4111111111111111 ann@example.org ` + jwt + ` Bearer abcDEF123456 password=x",4111111111111111]`
	for _, c := range []struct {
		detect []string
		gone   []string
	}{
		{nil, []string{"4111", "ann@", "eyJ", "abcDEF", "password=x"}},
		{[]string{"off"}, []string{"password=x"}},
		{[]string{"default", "phone"}, []string{"4111", "ann@", "eyJ", "abcDEF", "password=x"}},
		{[]string{"card"}, []string{"4111", "password=x"}},
		{[]string{"email", "jwt"}, []string{"ann@", "eyJ", "password=x"}},
		{[]string{"bearer"}, []string{"abcDEF", "password=x"}},
		{[]string{"private_key"}, []string{"password=x"}},
	} {
		got, _ := masked(t, must(New(Config{Detect: c.detect})), src, nil)
		for _, s := range []string{"4111", "ann@", "eyJ", "abcDEF", "password=x"} {
			if strings.Contains(got, s) == slices.Contains(c.gone, s) {
				t.Errorf("%v: %s", c.detect, got)
			}
		}
	}
}

func TestWhatIsNotStrictJSONIsRefusedWhole(t *testing.T) {
	for _, src := range []string{``, `{"a":1,}`, `{} {}`, "\"\xff\"", `{"password":"\ud800"}`, `{"password":[1,}`, `1e999`} {
		out, places, err := standard().JSON([]byte("kept"), []byte(src), nil)
		var se *jsonscan.SyntaxError
		if !errors.As(err, &se) || out != nil || places != nil {
			t.Errorf("%q: %q, %v, %v", src, out, places, err)
		}
	}
}

func TestABrokenDocumentLeavesNothingBehindForTheNext(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"default": {Kind: ActDrop}}, Paths: []string{"/a/*"}}))
	for _, broken := range []string{`{"ann@example.org":`, `{"value":1,"name":"pin"`, `{"pin":[{"a":`, `{"a":{"b":`, `["ann@example.org`, `{"s":"{\"pin\":1}","pin":"`} {
		for i := range 20 { // the pool may hand out another
			if _, _, err := p.JSON(nil, []byte(broken), nil); err == nil {
				t.Fatal(broken)
			}
			if got, places := masked(t, p, `{"b":[1,{"value":2}]}`, nil); got != `{"b":[1,{"value":2}]}` || places != nil {
				t.Fatalf("%d: after %s: %s, %v", i, broken, got, places)
			}
		}
	}
}

func TestTheOutcomeIsAppended(t *testing.T) {
	for src, want := range map[string]string{`{"pin":1}`: `x:{"pin":"[masked]"}`, `{"pen":1}`: `x:{"pen":1}`} {
		if got, _, err := standard().JSON([]byte("x:"), []byte(src), nil); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", src, got, err)
		}
	}
}

func TestTheZeroPolicyMasksAsTheZeroConfigDoes(t *testing.T) {
	var zero Policy
	if got, _ := masked(t, &zero, `{"password":1}`, nil); got != `{"password":"[masked]"}` {
		t.Error(got)
	}
	if got, _ := zero.Query("password=1"); got != "password=%5Bmasked%5D" {
		t.Error(got)
	}
}
