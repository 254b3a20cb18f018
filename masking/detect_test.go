package masking

import (
	"net/url"
	"strings"
	"testing"
)

// Keys of vendors are put together here, so that no scanner of sources takes
// them for real ones.
var (
	awsID     = "AKIA" + "IOSFODNN7EXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
	alnum36   = "0123456789abcdefghijABCDEFGHIJklmnop"
	crk       = "crk1." + "0a1b2c3d4e5f6071." + "eyJpZCI6IjAxOWE2ZjNlLTdjMDAtNzAwMC04MDAwLTNmNmNkMWExYjJjMyJ9" + "." + "ab-_" + alnum36 + alnum36
)

// Keys that are not in PEM.
var (
	ageIdentity = "AGE-SECRET-" + "KEY-1QL3Z7HJY54PW3HYWW5AYYFG7ZQGVC7W3J2ELW8ZMRJ2KG5SFN9AQMCAC8P"
	puttyHead   = "PuTTY-User-" + "Key-File-3: ssh-ed25519\r\nEncryption: none\r\nPublic-Lines: 1\r\nAAAAC3NzaC1lZDI1NTE5AAAAIN0V\r\n"
	putty       = puttyHead + "Private-" + "Lines: 1\r\nAAAAIHn3PzGZq0c8Jk5RCvXk\r\nPrivate-MAC: " + strings.Repeat("5a", 32) + "\r\n"
	coordinate  = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE" // RFC 7517, appendix A.2
)

func TestPrivatePartsOfJSONWebKeysAreMasked(t *testing.T) {
	p := standard()
	for src, want := range map[string]string{
		`{"d":"` + coordinate + `","x":"` + coordinate + `","kty":"EC"}`: `{"d":"[masked]","x":"` + coordinate + `","kty":"EC"}`,
		`{"kty":"RSA","n":"` + coordinate + `","p":"` + coordinate + `","q":"` + coordinate + `","dp":"` + coordinate + `","dq":"` + coordinate + `","qi":"` + coordinate + `"}`:
		/**/ `{"kty":"RSA","n":"` + coordinate + `","p":"[masked]","q":"[masked]","dp":"[masked]","dq":"[masked]","qi":"[masked]"}`,
		`{"keys":[{"k":"` + coordinate + `"},{"k":"` + coordinate + `"}]}`:                     `{"keys":[{"k":"[masked]"},{"k":"[masked]"}]}`,
		`{"\u0064":"\u0038` + coordinate[1:] + `"}`:                                            `{"\u0064":"[masked]"}`,
		`"{\"d\":\"` + coordinate + `\"}"`:                                                     `"{\"d\":\"[masked]\"}"`,
		`{"d":["` + coordinate + `"],"k":{"v":"` + coordinate + `"},"x":"` + coordinate + `"}`: `{"d":["` + coordinate + `"],"k":{"v":"` + coordinate + `"},"x":"` + coordinate + `"}`,
		`{"d":"` + strings.Repeat("da39a3ee", 8) + `","k":"` + coordinate[:42] + `","q":"what was the name of the file that has all of it"}`:
		/**/ `{"d":"` + strings.Repeat("da39a3ee", 8) + `","k":"` + coordinate[:42] + `","q":"what was the name of the file that has all of it"}`,
	} {
		got, places := masked(t, p, src, nil)
		if got != want {
			t.Errorf("%s became %s", src, got)
		}
		for _, place := range places {
			if place.Rule != rulePrivateKey {
				t.Errorf("%s: %+v", src, place)
			}
		}
	}
	for _, text := range []string{
		"how-to-configure-caddy-with-record-masking-in-production", "warehouse_inventory_snapshot_daily_aggregate_2026_11",
		"7d444840-9dc0-11d1-b245-5ffdce74fad2_7d444840-9dc0-11d1-b245-5ffdce74fad2", "customer-support-ticket-escalation-workflow-v2-final",
		"ComAcmeBillingInvoiceServiceInvoiceCreatedEventHandler2",
	} {
		if got, _ := masked(t, p, `{"k":"`+text+`"}`, nil); strings.Contains(got, Token) {
			t.Errorf("%s became %s", text, got)
		}
	}
	allowed := must(New(Config{Allow: []string{coordinate}}))
	if got, _ := masked(t, allowed, `{"d":"`+coordinate+`"}`, nil); strings.Contains(got, Token) {
		t.Errorf("an allowed value became %s", got)
	}
	if got, _ := masked(t, must(New(Config{Detect: []string{"card"}})), `{"d":"`+coordinate+`"}`, nil); strings.Contains(got, Token) {
		t.Errorf("without the detector it became %s", got)
	}
}

func TestDetectorsFindWhatTheyAreFor(t *testing.T) {
	p := must(New(Config{Detect: []string{"default", "phone"}, Patterns: []Pattern{{"staff_id", `E-\d{4}`}, {"badge", `\b\d{8}\b`}}}))
	for _, c := range []struct{ rule, text, want string }{
		{"card", "4111 1111 1111 1111", Token},
		{"iban", "DE89 3704 0044 0532 0130 00", Token},
		{"iban", "to DE89370400440532013000, thanks", "to [masked], thanks"},
		{"iban", "gb82west12345698765432", Token},
		{"iban", "GB82-WEST-1234-5698-7654-32.", "[masked]."},
		{"iban", "NO9386011117947", Token},
		{"iban", "MT84MALT011000012345MTLCAST001S and more", "[masked] and more"},
		{"iban", "/accounts/FR1420041010050500013M02606/x", "/accounts/[masked]/x"},
		{"us_ssn", "123-45-6789", Token},
		{"us_ssn", "ssn (078-05-1120).", "ssn ([masked])."},
		{"us_ssn", "1-2-123-45-6789", "1-2-123-45-6789"},
		{"aws", awsID, Token},
		{"aws", "id " + strings.Replace(awsID, "AKIA", "ASIA", 1) + " secret " + awsSecret, "id [masked] secret [masked]"},
		{"aws", "for aws use " + awsSecret + ".", "for aws use [masked]."},
		{"aws", awsSecret + " is for AWS", "[masked] is for AWS"},
		{"github", "ghp_" + alnum36, Token},
		{"github", "use gho_" + alnum36 + ",", "use [masked],"},
		{"github", "x:ghu_" + alnum36 + " ghs_" + alnum36 + " ghr_" + alnum36, "x:[masked] [masked] [masked]"},
		{"github", "github_pat_" + alnum36[:22] + "_" + alnum36, Token},
		{"stripe", "sk_" + "live_" + alnum36[:24], Token},
		{"stripe", "sk_" + "test_" + alnum36[:24] + ", rk_" + "live_" + alnum36[:24] + ", pk_" + "test_" + alnum36[:24], "[masked], [masked], [masked]"},
		{"stripe", "whsec_" + alnum36[:32], Token},
		{"slack", "xoxb-" + "123456789012-1234567890123-" + alnum36[:24], Token},
		{"slack", "xoxe.xoxp-" + "1-" + alnum36, "xoxe.[masked]"},
		{"slack", "https://hooks.slack.com/services/" + "T00000000/B00000000/" + alnum36[:24], "https://hooks.slack.com/services/[masked]"},
		{"google", "AIza" + "SyA0123456789abcdefghijABCDEFGHIJkl", Token},
		{"google", "?key=AIza" + "SyA0123456789abcdefghijABCDEFGHIJkl", "?key=[masked]"},
		{"google", "ya29." + "a0AfH6SMBx-" + alnum36, Token},
		{"google", "GOCSPX-" + alnum36[:28], Token},
		{"bearer", "Bearer abcDEF123456", "Bearer [masked]"},
		{"credential", "Basic dXNlcjpodW50ZXIy", "Basic [masked]"},
		{"credential", crk, Token},
		{"credential", "the key is " + crk + ".", "the key is [masked]."},
		{"credential", "the key is " + crk[:60] + "…", "the key is [masked]…"},
		{"credential", "/frames?key=" + url.QueryEscape(strings.ReplaceAll(crk, ".", "%2E")), "/frames?key=[masked]"},
		{"phone", "+4915123456789", Token},
		{"phone", "call +1 (555) 010-9999 now", "call [masked] now"},
		{"phone", "+49 151 2345678", Token},
		{"staff_id", "by E-1234 and E-9", "by [masked] and E-9"},
		{"badge", "12345678", Token},
		{"email", "Support@Example.org", Token},
		{"private_key", pem, Token},
		{"private_key", ageIdentity, Token},
		{"private_key", "identity=" + strings.ToLower(ageIdentity) + ".", "identity=[masked]."},
		{"private_key", "AGE-SECRET-KEY-PQ-1" + ageIdentity[16:] + " of age", "[masked] of age"},
		{"private_key", putty, puttyHead + "[masked]\r\n"},
		{"private_key", putty[:len(putty)-60], puttyHead + Token},
		{"private_key", strings.NewReplacer("File-3", "File-1", "Private-MAC", "Private-Hash").Replace(putty) + "x", strings.Replace(puttyHead, "File-3", "File-1", 1) + "[masked]\r\nx"},
		{"jwt", jwt, Token},
	} {
		got, places := p.Text(c.text)
		if got != c.want {
			t.Errorf("%s: %q became %q, not %q", c.rule, c.text, got, c.want)
		}
		for _, place := range places {
			if place.Rule != "detect:"+c.rule {
				t.Errorf("%s: %q was found by %s", c.rule, c.text, place.Rule)
			}
		}
		if again, _ := p.Text(got); again != got {
			t.Errorf("%q became %q and then %q", c.text, got, again)
		}
	}
	if got, _ := masked(t, p, `{"a":12345678,"b":123456789,"c":[{"12345678":1}]}`, nil); got != `{"a":"[masked]","b":123456789,"c":[{"[masked]":1}]}` {
		t.Error(got)
	}
	if got, _ := masked(t, standard(), `{"123-45-6789":1}`, nil); got != `{"[masked]":1}` {
		t.Error(got)
	}
}

func TestDetectorsLeaveWhatOnlyLooksAlike(t *testing.T) {
	for _, text := range []string{
		"DE89 3704 0044 0532 0130 01", "DE8937040044053201300", "XX89370400440532013000", "DE89ABCD00440532013000", "ADE89370400440532013000", // IBAN
		"000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000", "123456789", "123 45 6789", "2123-45-6789", "123-45-67890", "123-45-6789-1",
		"2026-11-21", "12-34-56-78", "f123-45-6789",
		"AKIA", "AKIAIOSFODNN7EXAMPL", "AKIAIOSFODNN7EXAMPLEX", "akiaiosfodnn7example", awsSecret,
		"aws da39a3ee5e6b4b0d3255bfef95601890afd80709", // SHA-1
		"ghp_", "ghp_short", "highp_0123456789abcdefghij", "sk_live_", "task_live_0123456789", "sk_prod_0123456789abcdef", "whsec_x", "created_at", "user_id_hash",
		"xox", "xoxo-hugs-and-kisses", "xoxb-1", "foxoxb-0123456789ab", "https://hooks.slack.com/docs", "AIza", "AIzaShort", "ya29.short", "GOCSPX-1",
		"+49 151 23456780", "+4915123456789", "C++ 12345678",
		"use <password> to log in", "a < b and c > d", "<a href='x'>pin</a>", "<token/>", "if (pin<3 && key>2) x",
		"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
		"UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAfQ//73v/+BiOh/AAA", "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
		"reset-storage-secret-key-rotation-policy-for-production-clusters-in-europe", "age-secret-key-rotation-1-policy-for-production-clusters-in-europe",
		"PuTTY-User-Key-File- is the header; Private-Lines: tells how many", "PuTTY-User-Key-File-2: ssh-rsa; Private-Lines: tells how many",
		"age-secret-key-1short", "the age-secret-key-file is gone", "PuTTY-User-Key-File-3: ssh-ed25519 has no Private part",
		"Storage", "Quantity", "Réunion", "ZGVsaXZlcmVk", "Vmlldw",
	} {
		if got, places := standard().Text(text); got != text {
			t.Errorf("%q became %q: %+v", text, got, places)
		}
	}
}

func TestAllowedValuesAreLeftByDetectorsAndByNothingElse(t *testing.T) {
	p := must(New(Config{
		Allow:    []string{" support@example.org ", "4242 4242 4242 4242", "E-0000", "123-45-6789"},
		Patterns: []Pattern{{"staff_id", `E-\d{4}`}},
	}))
	for src, want := range map[string]string{
		`["mail support@example.org","SUPPORT@example.org","ann@example.org"]`:           `["mail support@example.org","SUPPORT@example.org","[masked]"]`,
		`["4242424242424242","4242-4242-4242-4242",4242424242424242,"4111111111111111"]`: `["4242424242424242","4242-4242-4242-4242",4242424242424242,"[masked]"]`,
		`{"support@example.org":"E-0000 E-0001"}`:                                        `{"support@example.org":"E-0000 [masked]"}`,
		`{"password":"support@example.org","s":"pin=E-0000"}`:                            `{"password":"[masked]","s":"pin=[masked]"}`,
		`["\u0073upport@example.org","xsupport@example.org","123-45-6789"]`:              `["\u0073upport@example.org","[masked]","123-45-6789"]`,
	} {
		if got, _ := masked(t, p, src, nil); got != want {
			t.Errorf("%s became %s", src, got)
		}
	}
	if got, _ := p.Query("q=support%40example.org&r=ann%40example.org"); got != "q=support%40example.org&r=%5Bmasked%5D" {
		t.Error(got)
	}
}

func TestMarkupIsMaskedByTheNamesOfElementsAndAttributes(t *testing.T) {
	for text, want := range map[string]string{
		"<user>ann</user><password>hunter2</password>":        "<user>ann</user><password>[masked]</password>",
		"<wsse:Password Type='text'>hunter2</wsse:Password>":  "<wsse:Password Type='text'>[masked]</wsse:Password>",
		"<a:pin xmlns:a='u'>\n 12 \n</a:pin>":                 "<a:pin xmlns:a='u'>\n [masked] \n</a:pin>",
		"<secret><a>x</a><b/></secret><c>d</c>":               "<secret>[masked]</secret><c>d</c>",
		"<token><![CDATA[a<b]]></token>":                      "<token>[masked]</token>",
		`<input type="hidden" name="csrf_token" value="abc">`: `<input type="hidden" name="csrf_token" value="[masked]">`,
		`<add value="abc" key="ApiKey" />`:                    `<add value="[masked]" key="ApiKey" />`,
		`<item key="password">hunter2</item>`:                 `<item key="password">[masked]</item>`,
		`<string name='apiKey'>abc</string>`:                  `<string name='apiKey'>[masked]</string>`,
		`<login password="hunter2"/>`:                         `<login password="[masked]"/>`,
		"<password>hunter2":                                   "<password>[masked]",
		"<PASSWORD>x</password >y":                            "<PASSWORD>[masked]</password >y",
		"<pass-word>x</pass-word>":                            "<pass-word>[masked]</pass-word>",
		"<note>mail ann@example.org</note>":                   "<note>mail [masked]</note>",
	} {
		got, places := standard().Text(text)
		if got != want || len(places) == 0 {
			t.Errorf("%s\nbecame %s\nnot    %s", text, got, want)
		}
		if again, _ := standard().Text(got); again != got {
			t.Errorf("%s became %s", got, again)
		}
	}
	if got, _ := masked(t, standard(), `{"soap":"\u003cpassword>hunter2\u003c/password>"}`, nil); strings.Contains(got, "hunter2") {
		t.Error(got)
	}
}

func TestPatternsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range []struct {
		p    Pattern
		says string
	}{
		{Pattern{"x", ""}, "empty string"},
		{Pattern{"x", `a*`}, "empty string"},
		{Pattern{"x", `\b|a`}, "empty string"},
		{Pattern{"x", `(a`}, `"x"`},
		{Pattern{"X", `a`}, "lower-case"},
		{Pattern{"card", `a`}, "built-in"},
	} {
		if _, err := New(Config{Patterns: []Pattern{c.p}}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.p, err)
		}
	}
	if _, err := New(Config{Patterns: []Pattern{{"x", "a"}, {"x", "b"}}}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
	if _, err := New(Config{Allow: []string{" "}}); err == nil {
		t.Error("an empty value was allowed")
	}
}

func TestAPatternThatMatchesTooOftenHasTheRestMasked(t *testing.T) {
	p := must(New(Config{Patterns: []Pattern{{"x", "x."}}}))
	got, _ := p.Text(strings.Repeat("x1 ", 10_000) + "the end")
	if strings.Contains(got, "x1") || strings.Contains(got, "end") || len(got) > 10*(maxMatches+2) {
		t.Errorf("%d bytes: %.50s", len(got), got)
	}
}
