package identity

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Must-pass tests 3 and 5, on the payload as it is written.
func TestClaimsThatCanBeReadTwoWaysAreRefused(t *testing.T) {
	f := running(t)
	now := f.clock.Now().Unix()
	good := map[string]string{
		"iss": fmt.Sprintf("%q", f.idp.URL), "sub": `"alice"`, "aud": `"orders-api"`,
		"exp": fmt.Sprint(now + 60), "iat": fmt.Sprint(now), "nbf": fmt.Sprint(now),
	}
	// payload writes the members given, then the good claims without one.
	payload := func(without string, members ...string) string {
		for _, c := range []string{"iss", "sub", "aud", "exp", "iat", "nbf"} {
			if c != without {
				members = append(members, fmt.Sprintf("%q:%s", c, good[c]))
			}
		}
		// What makes it an access token.
		return "{" + strings.Join(append(members, `"scope":"orders"`), ",") + "}"
	}
	type refusal struct{ what, payload, reason string }
	cases := []refusal{
		{"a wrong iss", payload("iss", `"iss":"https://evil.example"`), wrongIssuer},
		{"an iss with a slash more", payload("iss", fmt.Sprintf(`"iss":"%s/"`, f.idp.URL)), wrongIssuer},
		{"an iss that is an array", payload("iss", fmt.Sprintf(`"iss":[%q]`, f.idp.URL)), wrongIssuer},
		{"a wrong aud", payload("aud", `"aud":"billing-api"`), wrongAudience},
		{"an aud in another case", payload("aud", `"aud":"Orders-API"`), wrongAudience},
		{"an aud list without ours", payload("aud", `"aud":["a","b"]`), wrongAudience},
		{"an empty aud list", payload("aud", `"aud":[]`), wrongAudience},
		{"an aud list with a number", payload("aud", `"aud":["orders-api",1]`), badClaims},
		{"an aud that is an object", payload("aud", `"aud":{"orders-api":1}`), badClaims},
		{"a null aud", payload("aud", `"aud":null`), badClaims},
		{"an exp that is text", payload("exp", fmt.Sprintf(`"exp":"%d"`, now+60)), badClaims},
		{"an exp of 1e30", payload("exp", `"exp":1e30`), badClaims},
		{"an exp of 1e400", payload("exp", `"exp":1e400`), badClaims},
		{"a negative exp", payload("exp", `"exp":-1`), badClaims},
		{"a null exp", payload("exp", `"exp":null`), badClaims},
		{"an iat of 1e30", payload("iat", `"iat":1e30`), badClaims},
		{"an iat that is text", payload("iat", `"iat":"now"`), badClaims},
		{"a null nbf", payload("nbf", `"nbf":null`), badClaims},
		{"an nbf that is text", payload("nbf", `"nbf":"0"`), badClaims},
		{"an empty sub", payload("sub", `"sub":""`), badSubject},
		{"a sub that is a number", payload("sub", `"sub":7`), badSubject},
		{"a sub with a line break", payload("sub", `"sub":"a\r\nX-User: root"`), badSubject},
		{"a sub of 256 bytes", payload("sub", `"sub":"`+strings.Repeat("s", 256)+`"`), badSubject},
		{"a claim twice deep down", payload("", `"act":{"sub":"a","sub":"b"}`), badClaims},
		{"claims go-oidc cannot read", payload("", `"_claim_names":{"groups":"x"}`), badClaims},
		{"an array for claims", `[]`, malformed},
		{"null for claims", `null`, malformed},
		{"NaN", payload("exp", `"exp":NaN`), malformed},
	}
	missing := map[string]string{"iss": wrongIssuer, "aud": badClaims, "exp": badClaims, "iat": badClaims, "sub": badSubject}
	for c, reason := range missing {
		cases = append(cases, refusal{"no " + c, payload(c), reason})
	}
	for _, c := range []string{"iss", "sub", "aud", "exp", "iat", "nbf"} {
		for _, variant := range []string{strings.ToUpper(c), strings.ToUpper(c[:1]) + c[1:], strings.ReplaceAll(c, "s", "ſ")} {
			if variant == c {
				continue
			}
			cases = append(cases,
				refusal{variant + " beside " + c, payload("", fmt.Sprintf("%q:%s", variant, good[c])), badClaims},
				refusal{variant + " instead of " + c, payload(c, fmt.Sprintf("%q:%s", variant, good[c])), badClaims})
		}
		cases = append(cases,
			refusal{"two equal " + c, payload("", fmt.Sprintf("%q:%s", c, good[c])), badClaims},
			refusal{c + " twice, once escaped", payload("", fmt.Sprintf(`"\u%04x%s":%s`, c[0], c[1:], good[c])), badClaims})
	}
	for _, test := range cases {
		t.Run(test.what, func(t *testing.T) {
			f.t = t
			f.refuses(sign("ES256", `{"alg":"ES256","kid":"es"}`, test.payload), test.reason)
		})
	}
	f.t = t
	f.accepts(sign("ES256", `{"alg":"ES256","kid":"es"}`, payload("")))
}

func TestAnyOneOfTheAudiencesIsEnough(t *testing.T) {
	f := running(t, func(c *Config) { c.Audiences = []string{"orders-api", "https://orders.example"} })
	f.accepts(es("es", with(f.claims(), "aud", []string{"x", "https://orders.example"})))
	f.accepts(es("es", with(f.claims(), "aud", []string{"orders-api"})))
}

// Must-pass test 5: the edges of the allowed clock difference.
func TestTimesHoldUpToTheLeeway(t *testing.T) {
	f := running(t)
	now := f.clock.Now()
	const leeway = 30
	for _, test := range []struct {
		claim  string
		offset float64
		reason string
	}{
		{"exp", -leeway + 1, ""},
		{"exp", -leeway + 0.5, ""},
		{"exp", -leeway, expired},
		{"exp", -3600, expired},
		{"nbf", leeway, ""},
		{"nbf", leeway + 0.5, notYetValid},
		{"nbf", 240, notYetValid}, // go-oidc alone would take it
		{"iat", leeway, ""},
		{"iat", leeway + 1, issuedFuture},
		{"iat", 86400, issuedFuture},
	} {
		t.Run(fmt.Sprintf("%s at %+g s", test.claim, test.offset), func(t *testing.T) {
			f.t = t
			raw := es("es", with(f.claims(), test.claim, float64(now.Unix())+test.offset))
			if test.reason == "" {
				f.accepts(raw)
			} else {
				f.refuses(raw, test.reason)
			}
		})
	}
}

// Must-pass tests 4 and 5.
func TestAProfileTakesItsKindOfTokenOnly(t *testing.T) {
	all, onlyAny, none := []string{"access", "at+jwt", "any"}, []string{"any"}, []string{}
	lenient := []string{"access", "any"}
	for _, test := range []struct {
		what, typ string
		claims    map[string]any
		accepted  []string
		reason    string
	}{
		{"an access token of RFC 9068", "at+jwt", nil, all, ""},
		{"its typ in full", "application/at+jwt", nil, all, ""},
		{"its typ in capitals", "AT+JWT", nil, all, ""},
		{"typ JWT", "JWT", nil, lenient, wrongProfile},
		{"no typ", "", nil, lenient, wrongProfile},
		{"a nonce", "JWT", map[string]any{"nonce": "n"}, onlyAny, wrongProfile},
		{"a null nonce", "JWT", map[string]any{"nonce": ""}, onlyAny, wrongProfile},
		{"an at_hash", "JWT", map[string]any{"at_hash": "h"}, onlyAny, wrongProfile},
		{"a c_hash", "", map[string]any{"c_hash": "h"}, onlyAny, wrongProfile},
		{"a typ claim ID", "JWT", map[string]any{"typ": "ID"}, onlyAny, wrongProfile},
		{"a typ claim Bearer", "JWT", map[string]any{"typ": "Bearer"}, lenient, wrongProfile},
		{"a typ claim Refresh", "at+jwt", map[string]any{"typ": "Refresh"}, none, wrongProfile},
		{"a typ claim Offline", "at+jwt", map[string]any{"typ": "Offline"}, none, wrongProfile},
		{"a typ claim Logout", "at+jwt", map[string]any{"typ": "logout"}, none, wrongProfile},
		{"a typ claim that is a number", "at+jwt", map[string]any{"typ": 1}, none, badClaims},
		{"a logout token", "logout+jwt", nil, none, wrongProfile},
		{"a logout event", "JWT", map[string]any{"events": map[string]any{}}, none, wrongProfile},
		{"a null event", "at+jwt", map[string]any{"events": 0}, none, wrongProfile},
		{"a security event token", "secevent+jwt", nil, none, wrongProfile},
		{"a DPoP proof", "dpop+jwt", nil, none, wrongProfile},
		{"a foreign azp", "at+jwt", map[string]any{"azp": "web-app"}, []string{"access", "at+jwt"}, wrongAudience},
		{"a numeric azp", "at+jwt", map[string]any{"azp": 1}, []string{"access", "at+jwt"}, wrongAudience},
		{"our azp", "at+jwt", map[string]any{"azp": audience}, all, ""},
		{"nothing that only an access token has", "JWT", map[string]any{"client_id": nil, "scope": nil}, onlyAny, wrongProfile},
		{"no typ and only Entra's scp", "", map[string]any{"client_id": nil, "scope": nil, "scp": "orders"}, lenient, wrongProfile},
		{"Cognito's token_use", "", map[string]any{"client_id": nil, "scope": nil, "token_use": "access"}, lenient, wrongProfile},
		{"Cognito's token_use of an ID token", "", map[string]any{"client_id": nil, "scope": nil, "token_use": "id"}, onlyAny, wrongProfile},
		{"no client_id", "at+jwt", map[string]any{"client_id": nil}, lenient, badClaims},
		{"no jti", "at+jwt", map[string]any{"jti": nil}, lenient, badClaims},
	} {
		for _, profile := range all {
			t.Run(test.what+" for "+profile, func(t *testing.T) {
				f := running(t, func(c *Config) { c.Profile = profile })
				claims := with(f.claims(), "client_id", "web-app")
				for k, v := range test.claims {
					claims = with(claims, k, v)
				}
				body, _ := json.Marshal(claims)
				head := `{"alg":"ES256","kid":"es"}`
				if test.typ != "" {
					head = fmt.Sprintf(`{"alg":"ES256","kid":"es","typ":%q}`, test.typ)
				}
				raw := sign("ES256", head, string(body))
				if slices.Contains(test.accepted, profile) {
					f.accepts(raw)
				} else {
					f.refuses(raw, test.reason)
				}
			})
		}
	}
}

func TestValuesAreStringsOrNothing(t *testing.T) {
	f := running(t)
	id := f.accepts(es("es", with(with(with(with(f.claims(), "groups", []string{"a", "b"}), "dept", "sales"),
		"level", 3), "mixed", []any{"a", 1})))
	for claim, want := range map[string][]string{
		"groups": {"a", "b"}, "dept": {"sales"}, "level": nil, "mixed": nil, "Groups": nil, "absent": nil,
	} {
		if got := id.Values(claim); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", claim, got, want)
		}
	}
	if n, ok := id.Claims["level"].(json.Number); !ok || n != "3" {
		t.Errorf("a number is %T %v", id.Claims["level"], id.Claims["level"])
	}
}

func TestASessionIsKeyedByTheBestThereIs(t *testing.T) {
	f := running(t)
	now := f.clock.Now()
	auth := now.Add(-time.Hour).Unix()
	full := with(with(with(f.claims(), "sid", "s1"), "auth_time", auth), "jti", "t1")
	for _, test := range []struct {
		what   string
		claims map[string]any
		key    string
		id     string
	}{
		{"sid", full, "sid", "sid|" + f.idp.URL + "|s1"},
		{"no sid", with(full, "sid", nil), "auth_time", "auth_time|" + f.idp.URL + "|alice|" + time.Unix(auth, 0).UTC().Format(time.RFC3339)},
		{"an odd sid", with(full, "sid", 5), "auth_time", ""},
		{"an auth_time of ADFS", with(with(full, "sid", nil), "auth_time", "2026-11-21T17:00:00Z"), "jti", "jti|" + f.idp.URL + "|t1"},
		{"only jti", with(with(full, "sid", ""), "auth_time", nil), "jti", ""},
		{"nothing", with(with(with(full, "sid", nil), "auth_time", nil), "jti", nil), "token", ""},
	} {
		s := f.accepts(es("es", test.claims)).Session
		if s.Key != test.key || test.id != "" && s.ID != test.id {
			t.Errorf("%s: key %s, id %s", test.what, s.Key, s.ID)
		}
		if !s.IssuedAt.Equal(now) || !s.Expires.Equal(now.Add(time.Hour)) {
			t.Errorf("%s: issued %s, expires %s", test.what, s.IssuedAt, s.Expires)
		}
	}
	s := f.accepts(es("es", with(with(full, "acr", "gold"), "amr", []any{"pwd", 1, "otp"}))).Session
	if s.ACR != "gold" || !slices.Equal(s.AMR, []string{"pwd", "otp"}) || s.AuthTime.Unix() != auth {
		t.Errorf("session is %+v", s)
	}
}

func TestOneTokenIsOneSessionWhateverItsSignature(t *testing.T) {
	f := running(t)
	claims := with(f.claims(), "jti", nil)
	a, b := es("es", claims), es("es", claims) // ECDSA: same content, other signature
	if a == b {
		t.Fatal("signatures are the same")
	}
	if x, y := f.accepts(a).Session.ID, f.accepts(b).Session.ID; x != y {
		t.Errorf("sessions %s and %s", x, y)
	}
}
