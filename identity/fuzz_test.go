package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// loaded is a verifier that has its keys and fetches no others.
func loaded(t testing.TB) *fixture {
	f := newFixture(t)
	ring, err := parseKeys([]byte(jwks(jwk("es", "ES256"), jwk("ed", "EdDSA"))), allAlgorithms)
	if err != nil {
		t.Fatal(err)
	}
	ring.fetched = f.clock.Now()
	f.source.store(ring)
	f.source.stop()
	return f
}

// FuzzVerify holds Verify to it: whatever the text, the answer is an identity or
// one of the reasons.
func FuzzVerify(fz *testing.F) {
	f := loaded(fz)
	fz.Add(es("es", f.claims()))
	fz.Add(b64(`{"alg":"none"}`) + "." + b64(`{}`) + ".AA")
	fz.Add(strings.Repeat(".", 100))
	fz.Add(b64(`{"alg":"ES256","kid":"es","crit":[1]}`) + "." + b64(`{"iss":"`+f.idp.URL+`"}`) + ".AA")
	fz.Fuzz(func(t *testing.T, raw string) { answers(t, f, raw) })
}

// FuzzClaims signs whatever header and claims it is given: what is accepted must
// mean the same to a reader that folds case and takes the last of two members.
func FuzzClaims(fz *testing.F) {
	f := loaded(fz)
	head := `{"alg":"EdDSA","kid":"ed"}`
	good, _ := json.Marshal(f.claims())
	fz.Add(head, string(good))
	fz.Add(`{"alg":"EdDSA","kid":"ed","typ":"at+jwt","Typ":"x"}`, string(good))
	fz.Add(head, strings.Replace(string(good), `{`, `{"AUD":"x","aud":"y",`, 1))
	fz.Add(head, fmt.Sprintf(`{"iss":%q,"sub":"a","aud":["x","orders-api"],"exp":1e30,"iat":0.5,"nbf":-0}`, f.idp.URL))
	fz.Fuzz(func(t *testing.T, head, payload string) {
		id := answers(t, f, sign("EdDSA", head, payload))
		if id == nil {
			return
		}
		var c struct{ Iss, Sub string }
		if err := json.Unmarshal([]byte(payload), &c); err != nil || c.Iss != id.Issuer || c.Sub != id.Subject {
			t.Fatalf("accepted %q as %+v; encoding/json reads %+v, error %v", payload, id, c, err)
		}
	})
}

func answers(t *testing.T, f *fixture, raw string) *Identity {
	id, err := f.Verify(context.Background(), raw)
	if err == nil {
		if id.Issuer != f.idp.URL || id.Subject == "" || id.Session.ID == "" {
			t.Fatalf("accepted %+v", id)
		}
		return id
	}
	te, ok := errors.AsType[*TokenError](err)
	if !ok || hints[te.Reason] == "" || id != nil {
		t.Fatalf("identity %v, error %v", id, err)
	}
	return nil
}

// FuzzKeys holds parseKeys to it: a set that is taken has a usable key, and is
// taken again, with the same keys, from what is stored of it.
func FuzzKeys(fz *testing.F) {
	fz.Add([]byte(jwks(jwk("es", "ES256"), jwk("", "EdDSA"), jwk("rs", "RS256"))))
	fz.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"EC","crv":"P-256","x":"","y":""},1,null]}`))
	fz.Add([]byte(`{"keys":null}`))
	fz.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseKeys(body, allAlgorithms)
		if err != nil {
			return
		}
		stored, err := json.Marshal(map[string]any{"keys": r.keys})
		if err != nil || len(r.keys) == 0 {
			t.Fatalf("%d keys, error %v", len(r.keys), err)
		}
		again, err := parseKeys(stored, allAlgorithms)
		if err != nil || !r.sameKeys(again) {
			t.Fatalf("stored as %s, read again with error %v", stored, err)
		}
	})
}
