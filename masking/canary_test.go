package masking

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

func quote(s string) string { return string(jsonscan.AppendQuoted(nil, []byte(s))) }

// escapeAll writes every ASCII character of s as a \u escape.
func escapeAll(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r < 0x80 {
			fmt.Fprintf(&b, `\u%04X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// traces are the forms in which secret might still be there. They are
// compared without regard to case.
func traces(secret string) []string {
	inner := func(s string) string { return s[1 : len(s)-1] }
	out := []string{secret, inner(quote(secret)), inner(quote(inner(quote(secret)))), inner(escapeAll(secret)),
		url.QueryEscape(secret), url.PathEscape(secret)}
	for shift := range 3 { // base64 of the secret at every alignment, without the blurred ends
		b := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		b = b[(shift*8+5)/6 : len(b)-4]
		out = append(out, b, strings.NewReplacer("+", "-", "/", "_").Replace(b))
	}
	return out
}

func mustNotHold(t *testing.T, what, secret, text string) {
	t.Helper()
	for _, trace := range traces(secret) {
		if len(trace) > 3 && strings.Contains(strings.ToLower(text), strings.ToLower(trace)) {
			t.Errorf("%s: %q is still in %.300s", what, trace, text)
		}
	}
}

// wraps put a JSON value into a document, each in another position or
// disguise of the value as a whole.
var wraps = map[string]func(v string) string{
	"alone":             func(v string) string { return v },
	"in an array":       func(v string) string { return `[1,` + v + `,2]` },
	"as a member":       func(v string) string { return `{"a":` + v + `,"b":1}` },
	"spaced":            func(v string) string { return " [\n\t" + v + " ] " },
	"deep":              func(v string) string { return strings.Repeat(`{"a":[`, 200) + v + strings.Repeat(`]}`, 200) },
	"twice":             func(v string) string { return `{"x":` + v + `,"x":` + v + `}` },
	"in a string":       func(v string) string { return quote(v) },
	"in a member's":     func(v string) string { return `{"payload":` + quote(`{"x":`+v+`}`) + `}` },
	"string in string":  func(v string) string { return quote(`[` + quote(v) + `]`) },
	"three deep":        func(v string) string { return quote(`[` + quote(`[`+quote(`[`+v+`]`)+`]`) + `]`) },
	"five deep":         func(v string) string { return quote(quote(quote(quote(`[` + quote(`[`+v+`]`) + `]`)))) },
	"escaped string":    func(v string) string { return escapeAll(`[` + v + `]`) },
	"in base64":         func(v string) string { return quote(base64.StdEncoding.EncodeToString([]byte(`{"x":` + v + `}`))) },
	"in base64url":      func(v string) string { return quote(base64.RawURLEncoding.EncodeToString([]byte(` [` + v + `]`))) },
	"in escaped base64": func(v string) string { return escapeAll(base64.StdEncoding.EncodeToString([]byte(`[` + v + `]`))) },
	"string in base64":  func(v string) string { return quote(base64.StdEncoding.EncodeToString([]byte(`[` + quote(v) + `]`))) },
	"in base64 twice": func(v string) string {
		return quote(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(`{"x":` + v + `}`)))))
	},
	"in a URL": func(v string) string { return quote("https://x.org/cb?state=" + url.QueryEscape(v)) },
}

func TestNoSecretUnderASecretNameSurvivesInAnyPositionOrDisguise(t *testing.T) {
	secrets := []string{"CanaryOne", `qu"ote\slash/`, "sp ace+%41", "ключ-canary", "line\nbreak7", "{\"canary\":", "x=1&y=2;z"}
	names := []string{`"password"`, `"PassWord"`, `"pa\u0073sword"`, `"\u0070\u0061ssword"`, `"paſſword"`, `"pass_word"`, `"Pass-Word"`,
		`"pass word"`, `"user.password"`, `"old_password_hash"`, `"client_secret"`, `"X-Api-Key"`, `"access_token"`, `"to\u212aen"`}
	values := map[string]func(s string) string{
		"a string":     quote,
		"escaped":      escapeAll,
		"in an array":  func(s string) string { return `[null,` + quote(s) + `]` },
		"in an object": func(s string) string { return `{"a":{"b":` + quote(s) + `}}` },
		"as a key":     func(s string) string { return `{` + quote(s) + `:1}` },
	}
	for _, secret := range secrets {
		for _, name := range names {
			for how, value := range values {
				for where, wrap := range wraps {
					src := wrap(`{"user":"ann",` + name + `:` + value(secret) + `,` + name + ` : ` + value(secret) + `}`)
					check(t, fmt.Sprintf("%q under %s, %s, %s", secret, name, how, where), secret, src)
				}
			}
		}
	}
}

// check masks src and looks for secret in all that comes out.
func check(t *testing.T, what, secret, src string) {
	t.Helper()
	out, places, err := standard().JSON(nil, []byte(src), nil)
	if err != nil {
		t.Fatalf("%s: %s: %v", what, src, err)
	}
	if !json.Valid(out) {
		t.Errorf("%s: %s is not JSON", what, out)
	}
	mustNotHold(t, what, secret, string(out))
	for _, p := range places {
		mustNotHold(t, what, secret, p.Pointer+p.Rule)
	}
	if again, _, err := standard().JSON(nil, out, nil); err != nil || string(again) != string(out) {
		t.Errorf("%s: masked again, %s became %s", what, out, again)
	}
}

func TestNoDetectableSecretSurvivesInAnyPositionOrDisguise(t *testing.T) {
	secrets := map[string]string{ // a text, and what in it is secret
		"4111111111111111":                     "4111111111111111",
		"5500-0055-5555-5559":                  "5500-0055-5555-5559",
		"3782 822463 10005":                    "3782 822463 10005",
		"mail canary@example.org now":          "canary@example.org",
		"see " + jwt + ", ok":                  jwt,
		pem:                                    "MIIEpAIBAAKCAQEA",
		"Authorization: Bearer canaryTOKEN123": "canaryTOKEN123",
		"https://x.org/?a=1&api_key=Canary77":  "Canary77",
		"amqp://u:Canary77@host:5671/v":        "Canary77",
		"DE89370400440532013000":               "DE89370400440532013000",
		"pay to GB82 WEST 1234 5698 7654 32":   "WEST 1234 5698 7654 32",
		"ssn 123-45-6789":                      "123-45-6789",
		awsID + " / " + awsSecret + " ":        awsSecret,
		"ghp_" + alnum36:                       alnum36,
		"sk_" + "live_" + alnum36[:24]:         alnum36[:24],
		"xoxb-" + "1234567890-" + alnum36[:24]: alnum36[:24],
		"AIza" + "SyA" + alnum36[:32]:          alnum36[:32],
		"<password>Canary77</password>":        "Canary77",
	}
	values := map[string]func(s string) string{
		"a string":      quote,
		"escaped":       escapeAll,
		"within":        func(s string) string { return quote("<< " + s + " >>") },
		"as a key":      func(s string) string { return `{` + quote(s) + `:{"b":[1]}}` },
		"an escaped":    func(s string) string { return `{` + escapeAll(s) + `:{"pin":1}}` },
		"under a key":   func(s string) string { return `{` + quote("at "+s) + `:` + quote(s) + `}` },
		"query escaped": func(s string) string { return quote("https://x.org/?q=" + url.QueryEscape(s)) },
		"path escaped":  func(s string) string { return quote("/x/" + url.PathEscape(s) + "/y") },
	}
	for text, secret := range secrets {
		for how, value := range values {
			for where, wrap := range wraps {
				check(t, fmt.Sprintf("%q, %s, %s", text, how, where), secret, wrap(value(text)))
			}
		}
	}
	for _, n := range []string{"4111111111111111", "4111111111111111.00", "4.111111111111111e15", "0.4111111111111111E16"} {
		for where, wrap := range wraps {
			check(t, n+", "+where, n, wrap(`[`+n+`]`))
		}
	}
}

func TestNoSecretSurvivesInURLsAndHeaders(t *testing.T) {
	for _, secret := range []string{"Canary77", "sp ace+%41", `qu"ote/`, "ключ", "a=b&c;d"} {
		v := url.QueryEscape(secret)
		for _, raw := range []string{
			"password=" + v, "a=1&password=" + v + "&b=2", "PASS%57ORD=" + v, "user%5Bpassword%5D=" + v, "a=1;password=" + v,
			"next=" + url.QueryEscape("https://x.org/?token="+v), "j=" + url.QueryEscape(`{"pin":`+quote(secret)+`}`),
			"b=" + base64.RawURLEncoding.EncodeToString([]byte(`{"pin":`+quote(secret)+`}`)), "%zz=" + v,
			url.QueryEscape(`{"pin":` + quote(secret) + `}`),
		} {
			got, places := standard().Query(raw)
			mustNotHold(t, raw, secret, got)
			if len(places) == 0 {
				t.Errorf("%s: nothing is reported", raw)
			}
		}
		for _, name := range []string{"Authorization", "COOKIE", "set-cookie", "X-Api-Key", "Proxy-Authorization"} {
			got, _ := standard().Field(name, secret)
			mustNotHold(t, name, secret, got)
		}
	}
	got, places := standard().Query("4111-1111-1111-1111=canary@example.org")
	mustNotHold(t, "query", "4111-1111-1111-1111", got+fmt.Sprint(places))
	mustNotHold(t, "query", "canary@example.org", got+fmt.Sprint(places))
}
