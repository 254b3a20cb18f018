package masking

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestBase64OfTextThatHoldsASecretIsMasked(t *testing.T) {
	for rule, inner := range map[string]string{
		ruleCard:       "card 4111 1111 1111 1111",
		ruleEmail:      "a@bcd.example",
		ruleSSN:        "Überweisung an 123-45-6789\r\nmorgen",
		rulePrivateKey: "key:\n" + pem,
		ruleCredential: "see https://ann:hunter2@h.example/ now",
		"key:password": "user=ann\npassword: hunter2\n",
		"key:pin":      "pin=1234",
		ruleJWT:        "got " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + ".e30.c2lnbmF0dXJl",
		"nested":       "url https://h/?x=" + base64.RawURLEncoding.EncodeToString([]byte(`{"pin":"hunter2"}`)),
	} {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			b := enc.EncodeToString([]byte(inner))
			twice := enc.EncodeToString([]byte(b))
			for text, want := range map[string]string{
				b:                                      "[masked]",
				" " + b + "\n":                         "[masked]",
				b[:11] + "\r\n" + b[11:]:               "[masked]",
				"data:text/plain;base64," + b:          "[masked]",
				"https://h/?state=" + b + "&x=1":       "https://h/?state=[masked]&x=1",
				"got data:;base64," + b + " there":     "got data:;base64,[masked] there",
				"state=" + b:                           "state=[masked]",
				twice:                                  "[masked]",
				"https://h/?state=" + twice + "&x=1":   "https://h/?state=[masked]&x=1",
				`{"x":` + quote(b) + `}`:               `{"x":"[masked]"}`,
				`<a href="data:text/plain;base64,` + b: `<a href="data:text/plain;base64,[masked]`,
			} {
				got, places := standard().Text(text)
				if got != want || len(places) != 1 {
					t.Errorf("%s: %s\nbecame %s\nnot    %s: %v", rule, text, got, want, places)
				}
				if again, _ := standard().Text(got); again != got {
					t.Errorf("%s became %s", got, again)
				}
				if len(places) == 1 && places[0].Rule != rule && places[0].Rule != ruleNested {
					t.Errorf("%s: %v", text, places)
				}
			}
		}
	}
}

func TestAWordOfBase64OfTextInProseIsMasked(t *testing.T) {
	for _, inner := range []string{
		"card 4111 1111 1111 1111", "a@bcd.example", "Überweisung an 123-45-6789\r\nmorgen", "key:\n" + pem,
		"see https://ann:hunter2@h.example/ now", "user=ann\npassword: hunter2\n", "pin=1234 ok\n",
	} {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			b := enc.EncodeToString([]byte(inner))
			twice := enc.EncodeToString([]byte(b))
			for _, around := range []string{
				"the token is %s thanks", "%s, she wrote", "it was (%s)", `sent "%s"`, "<%s>", "[%s] [info] 12 bytes", "ann:%s",
				"2026-11-22T08:00:00Z INFO [http-12] body %s status=200 id=4e9a0f2c-0d0c-4b57-a111-0a0b0c0d0e0f", "wörter – %s – ende",
				"one\n%s\nthree", "%s %[1]s", "GET /v1/%s HTTP/1.1",
			} {
				text := fmt.Sprintf(around, b)
				want := fmt.Sprintf(around, Token)
				got, places := standard().Text(text)
				if got != want || len(places) != 1 {
					t.Errorf("%s\nbecame %s\nnot    %s: %v", text, got, want, places)
				}
				if again, _ := standard().Text(got); again != got {
					t.Errorf("%s became %s", got, again)
				}
				if got, _ := standard().Text(fmt.Sprintf(around, twice)); got != want {
					t.Errorf("base64 of base64: %s\nbecame %s\nnot    %s", fmt.Sprintf(around, twice), got, want)
				}
				if got, _, err := standard().JSON(nil, []byte(`{"x":`+quote(text)+`}`), nil); err != nil || string(got) != `{"x":`+quote(want)+`}` {
					t.Errorf("%s became %s: %v", quote(text), got, err)
				}
			}
		}
	}
}

func TestAWordInProseIsFoundWhereverItStands(t *testing.T) {
	b := base64.RawStdEncoding.EncodeToString([]byte("ann@h.co.de"))
	if len(b) != shortestBase64Word {
		t.Fatalf("%s is of %d letters", b, len(b))
	}
	for before := range 40 {
		if before == 1 {
			continue // a value with space before it
		}
		for after := range 20 {
			pad, rest := strings.Repeat("a b", before)[:before], strings.Repeat(", ab", after)[:after]
			if before > 0 {
				pad = pad[:before-1] + " "
			}
			got, _ := standard().Text(pad + b + rest)
			if want := pad + Token + rest; got != want {
				t.Fatalf("%q became %q", pad+b+rest, got)
			}
		}
	}
}

func TestBase64OfWhatIsNoTextOrHoldsNoSecretStays(t *testing.T) {
	secret := "card 4111 1111 1111 1111"
	for _, inner := range []string{
		"card 4111 1111 1111 1112", "nothing to see", "GIF89a\x01\x00" + secret, secret + "\x00", secret + "\xff", "\x1b[1m" + secret,
		"Überweisung\nan Zoë", secret + "\u0085",
	} {
		for _, b := range []string{base64.StdEncoding.EncodeToString([]byte(inner)), base64.RawURLEncoding.EncodeToString([]byte(inner))} {
			for _, text := range []string{b, "https://h/?state=" + b, "data:;base64," + b, "got " + b + " there"} {
				if got, places := standard().Text(text); got != text {
					t.Errorf("%q: %s became %s: %v", inner, text, got, places)
				}
			}
		}
	}
	allowed := must(New(Config{Allow: []string{"4111111111111111"}}))
	if b := base64.StdEncoding.EncodeToString([]byte(secret)); b != must1(allowed.Text(b)) {
		t.Error("an allowed value is masked in base64")
	}
}

func must1(s string, _ []Place) string { return s }

func TestBase64OfTextTooLongToBeLookedIntoIsMaskedWhole(t *testing.T) {
	long := strings.Repeat("ä line of text\n", maxWithin/12)
	if got, _ := standard().Text(base64.StdEncoding.EncodeToString([]byte(long))); got != Token {
		t.Errorf("%d bytes are left", len(got))
	}
	file := base64.StdEncoding.EncodeToString([]byte("%PDF-1.7\n\x00" + long))
	if got, places := standard().Text(file); got != file {
		t.Errorf("a file is masked: %v", places)
	}
}

func TestFewTokensAreTakenForTextAndNoneIsMasked(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const each = 200_000
	for name, token := range map[string]func([]byte) string{
		"base64":    base64.StdEncoding.EncodeToString,
		"base64url": base64.RawURLEncoding.EncodeToString,
	} {
		texts := 0
		for range each {
			b := make([]byte, 8+r.IntN(25))
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			text := token(b)
			plain := bytes.TrimRight([]byte(text), "=")
			decoded := make([]byte, len(plain))
			enc := base64.RawStdEncoding
			if bytes.ContainsAny(plain, "-_") {
				enc = base64.RawURLEncoding
			}
			n, err := enc.Decode(decoded, plain)
			if err != nil || !isText(decoded[:n]) {
				continue
			}
			texts++
			for _, text := range []string{text, "got " + text + " there"} {
				if got, places := standard().Text(text); got != text {
					t.Errorf("%s: %s became %s: %v", name, text, got, places)
				}
			}
		}
		t.Logf("%s: %d of %d are base64 of text", name, texts, each)
		if texts > each/1000 {
			t.Errorf("%s: %d of %d are base64 of text", name, texts, each)
		}
	}
}
