package identity

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

func TestTokensSignedByThePublishedKeysAreAccepted(t *testing.T) {
	f := running(t)
	for alg, kid := range map[string]string{"RS256": "rs", "PS256": "rs", "ES256": "es", "EdDSA": "ed"} {
		id := f.accepts(joseSign(t, alg, kid, f.claims()))
		if id.Issuer != f.idp.URL || id.Subject != "alice" || id.Expires.Sub(f.clock.Now()).Hours() != 1 {
			t.Errorf("%s: identity is %+v", alg, id)
		}
	}
}

// Must-pass test 1.
func TestAlgorithmsThatProveNothingAreRefused(t *testing.T) {
	f := running(t, func(c *Config) { c.Algorithms = []string{"RS256", "EdDSA"} })
	body, _ := json.Marshal(f.claims())
	public, err := x509.MarshalPKIXPublicKey(testKeys()["RS256"].Public().(*rsa.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	hs256 := func(secret []byte) string {
		input := b64(`{"alg":"HS256","kid":"rs"}`) + "." + b64(string(body))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	for what, raw := range map[string]string{
		"none":                        b64(`{"alg":"none"}`) + "." + b64(string(body)) + ".AA",
		"None":                        b64(`{"alg":"None","kid":"rs"}`) + "." + b64(string(body)) + ".AA",
		"HS256 with the PEM key":      hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"HS256 with the DER key":      hs256(public),
		"an algorithm not listed":     sign("ES256", `{"alg":"ES256","kid":"es"}`, string(body)),
		"an algorithm nobody has":     sign("ES256", `{"alg":"es256","kid":"es"}`, string(body)),
		"no algorithm":                sign("ES256", `{"alg":"","kid":"es"}`, string(body)),
		"another family than the key": sign("RS256", `{"alg":"EdDSA","kid":"rs"}`, string(body)),
	} {
		t.Run(what, func(t *testing.T) { f.t = t; f.refuses(raw, algorithm) })
	}
	none := b64(`{"alg":"none"}`) + "." + b64(string(body)) + "."
	f.t = t
	f.refuses(none, malformed)
}

func TestAKeyServesOnlyTheAlgorithmItNames(t *testing.T) {
	f := newFixture(t)
	f.idp.publish(with(jwk("rs", "RS256"), "alg", "PS256"))
	f.run()
	f.refuses(joseSign(t, "RS256", "rs", f.claims()), algorithm)
	f.accepts(joseSign(t, "PS256", "rs", f.claims()))
}

// Must-pass test 2.
func TestHeaderTricksAreRefusedWithoutAFetch(t *testing.T) {
	f := running(t)
	f.clock.advance(f.Verifier.cfg.MinRefetch) // a fetch would be allowed
	before := f.idp.keyGets.Load()
	body, _ := json.Marshal(f.claims())
	own, _ := json.Marshal(jwk("es", "ES256"))
	for _, test := range []struct{ what, head, reason string }{
		{"an embedded key", `{"alg":"ES256","kid":"es","jwk":` + string(own) + `}`, header},
		{"an embedded key and no kid", `{"alg":"ES256","jwk":` + string(own) + `}`, header},
		{"a key set URL", `{"alg":"ES256","kid":"es","jku":"https://evil.example/keys"}`, header},
		{"a certificate URL", `{"alg":"ES256","kid":"es","x5u":"https://evil.example/c"}`, header},
		{"an unknown critical parameter", `{"alg":"ES256","kid":"es","crit":["x"],"x":1}`, header},
		{"an empty crit", `{"alg":"ES256","kid":"es","crit":[]}`, header},
		{"an unencoded payload", `{"alg":"ES256","kid":"es","b64":false,"crit":["b64"]}`, header},
		{"a b64 that is not critical", `{"alg":"ES256","kid":"es","b64":true}`, header},
		{"a compressed payload", `{"alg":"ES256","kid":"es","zip":"DEF"}`, header},
		{"an encryption", `{"alg":"ES256","kid":"es","enc":"A256GCM"}`, header},
		{"a numeric kid", `{"alg":"ES256","kid":1}`, header},
		{"an empty kid", `{"alg":"ES256","kid":""}`, header},
		{"a null kid", `{"alg":"ES256","kid":null}`, header},
		{"a kid with a line break", `{"alg":"ES256","kid":"es\r\n"}`, header},
		{"a huge kid", `{"alg":"ES256","kid":"` + strings.Repeat("k", 257) + `"}`, header},
		{"two kids", `{"alg":"ES256","kid":"x","kid":"es"}`, header},
		{"two algs", `{"alg":"none","alg":"ES256","kid":"es"}`, header},
		{"Alg beside alg", `{"alg":"ES256","Alg":"none","kid":"es"}`, header},
		{"KID instead of kid", `{"alg":"ES256","KID":"es"}`, header},
		{"a numeric alg", `{"alg":256,"kid":"es"}`, header},
		{"a numeric typ", `{"alg":"ES256","kid":"es","typ":1}`, header},
		{"an array", `["ES256"]`, malformed},
		{"null", `null`, malformed},
		{"trailing data", `{"alg":"ES256","kid":"es"}{}`, malformed},
		{"not JSON", `alg=ES256`, malformed},
	} {
		t.Run(test.what, func(t *testing.T) {
			f.t = t
			f.refuses(sign("ES256", test.head, string(body)), test.reason)
		})
	}
	if n := f.idp.keyGets.Load() - before; n != 0 {
		t.Errorf("%d fetches, want none", n)
	}
}

func TestACertificateInTheHeaderIsNoKey(t *testing.T) {
	f := running(t)
	body, _ := json.Marshal(f.claims())
	f.refuses(sign("EdDSA", `{"alg":"EdDSA","kid":"other","x5c":["AAAA"]}`, string(body)), unknownKey)
}

// Must-pass test 10.
func TestMisshapenTokensAreRefusedCheaply(t *testing.T) {
	f := running(t)
	good := es("es", f.claims())
	parts := strings.Split(good, ".")
	head, body, sig := parts[0], parts[1], parts[2]
	for _, test := range []struct{ what, raw, reason string }{
		{"nothing", "", malformed},
		{"one part", head, malformed},
		{"two parts", head + "." + body, malformed},
		{"four parts", good + "." + sig, malformed},
		{"a JWE", strings.Join([]string{head, "AA", "AA", "AA", "AA"}, "."), malformed},
		{"an empty payload", head + ".." + sig, malformed},
		{"an empty header", "." + body + "." + sig, malformed},
		{"an empty signature", head + "." + body + ".", malformed},
		{"dots only", strings.Repeat(".", maxToken), malformed},
		{"padding", head + "=." + body + "." + sig, malformed},
		{"a line break", head + ".\n" + body + "." + sig, malformed},
		{"a space before", " " + good, malformed},
		{"a space after", good + " ", malformed},
		{"standard base64", head + "." + body + "." + strings.Repeat("+", 86), malformed},
		{"an impossible length", head + "." + body + ".AAAAA", malformed},
		{"stray trailing bits", head + "." + body + "." + sig[:len(sig)-1] + next(sig[len(sig)-1]), malformed},
		{"JSON serialization", `{"payload":"` + body + `","protected":"` + head + `","signature":"` + sig + `"}`, malformed},
		{"deep JSON", head + "." + b64(strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100)) + "." + sig, malformed},
		{"invalid UTF-8", head + "." + b64("{\"sub\":\"\xff\"}") + "." + sig, malformed},
		{"more than 16 KiB", head + "." + strings.Repeat("A", maxToken) + "." + sig, tooLarge},
		{"10 MiB of dots", strings.Repeat(".", 10<<20), tooLarge},
	} {
		t.Run(test.what, func(t *testing.T) {
			f.t = t
			f.refuses(test.raw, test.reason)
			if n := testing.AllocsPerRun(10, func() { _, _ = f.Verify(t.Context(), test.raw) }); n > 300 {
				t.Errorf("%.0f allocations", n)
			}
		})
	}
}

// next is the base64url character with the lowest bit set.
func next(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(digits[strings.IndexByte(digits, c)|1])
}

func TestASignatureThatDoesNotVerifyIsRefused(t *testing.T) {
	f := running(t)
	good := es("es", f.claims())
	forged := es("es", with(f.claims(), "sub", "mallory"))
	swapped := forged[:strings.LastIndexByte(forged, '.')] + good[strings.LastIndexByte(good, '.'):]
	te := f.refuses(swapped, signature)
	if te.Unverified != (Unverified{Issuer: f.idp.URL, Subject: "mallory"}) {
		t.Errorf("unverified is %+v", te.Unverified)
	}
	// A bad signature is the reason given, whatever else is wrong.
	spoilt := es("es", with(f.claims(), "exp", 1))
	f.refuses(spoilt[:strings.LastIndexByte(spoilt, '.')]+good[strings.LastIndexByte(good, '.'):], signature)
}

func TestATokenOfAnotherIssuerIsCalledThatEvenIfItsKeyHasAKnownName(t *testing.T) {
	f := running(t)
	body, _ := json.Marshal(with(f.claims(), "iss", "https://other.example"))
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f.refuses(signWith(other, "EdDSA", `{"alg":"EdDSA","kid":"ed"}`, string(body)), wrongIssuer)
}

func TestUnverifiedNamesAreBoundedAndPrintable(t *testing.T) {
	f := running(t)
	for what, sub := range map[string]any{
		"too long": strings.Repeat("s", 256), "with a line break": "a\r\nb", "with a bidi override": "a\u202eb",
		"a number": 7, "empty": "",
	} {
		te := &TokenError{}
		_, err := f.Verify(t.Context(), es("es", with(with(f.claims(), "sub", sub), "iss", "https://other.example")))
		if !errors.As(err, &te) || te.Unverified != (Unverified{Issuer: "https://other.example"}) {
			t.Errorf("%s: unverified is %+v", what, te.Unverified)
		}
	}
}

func TestErrorsHoldNothingOfTheToken(t *testing.T) {
	f := running(t)
	for _, claims := range []map[string]any{
		with(f.claims(), "iss", "CANARY"), with(f.claims(), "aud", "CANARY"), with(f.claims(), "exp", "CANARY"),
		with(f.claims(), "sub", "CANARY\n"), with(f.claims(), "nonce", "CANARY"),
	} {
		for _, kid := range []string{"es", "CANARY"} {
			raw := es(kid, claims)
			_, err := f.Verify(t.Context(), raw)
			if err == nil || strings.Contains(err.Error(), "CANARY") || strings.Contains(err.Error(), raw[:10]) {
				t.Errorf("error is %v", err)
			}
		}
	}
}

func TestEveryReasonTellsWhatToDo(t *testing.T) {
	for _, r := range []string{
		malformed, tooLarge, algorithm, header, unknownKey, signature, wrongIssuer, wrongAudience,
		expired, notYetValid, issuedFuture, badClaims, wrongProfile, badSubject,
	} {
		if hints[r] == "" {
			t.Errorf("%s has no hint", r)
		}
	}
}
