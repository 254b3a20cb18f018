package identity

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDiscoveryDocumentsThatCannotBeTrustedAreRefused(t *testing.T) {
	f := newFixture(t)
	for what, doc := range map[string]string{
		"of another issuer":         fmt.Sprintf(`{"issuer":"https://other.example","jwks_uri":%q}`, f.idp.URL+"/keys"),
		"of the issuer and a slash": fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, f.idp.URL+"/", f.idp.URL+"/keys"),
		"of no issuer":              fmt.Sprintf(`{"jwks_uri":%q}`, f.idp.URL+"/keys"),
		"without keys":              fmt.Sprintf(`{"issuer":%q}`, f.idp.URL),
		"with keys over http":       fmt.Sprintf(`{"issuer":%q,"jwks_uri":"http://keys.example/k"}`, f.idp.URL),
		"with keys in a file":       fmt.Sprintf(`{"issuer":%q,"jwks_uri":"file:///etc/passwd"}`, f.idp.URL),
		"with a relative address":   fmt.Sprintf(`{"issuer":%q,"jwks_uri":"/keys"}`, f.idp.URL),
		"with two issuers":          fmt.Sprintf(`{"issuer":"x","issuer":%q,"jwks_uri":%q}`, f.idp.URL, f.idp.URL+"/keys"),
		"in HTML":                   `<html>`,
		"too large":                 strings.Repeat(" ", 2<<20),
	} {
		t.Run(what, func(t *testing.T) {
			f := fixtureOf(t, f.idp, newClock())
			f.idp.setDiscovery(say(200, doc))
			f.run()
			f.unavailable(es("es", f.claims()))
		})
	}
}

func TestAnHTTPSIssuerCannotSendUsToOurOwnMachine(t *testing.T) {
	v := &Verifier{cfg: Config{Issuer: "https://id.example.com"}}
	if v.checkJWKSURI("http://127.0.0.1:8080/admin") == nil {
		t.Error("http on loopback is taken from an https issuer")
	}
	if err := v.checkJWKSURI("https://keys.example.net/k"); err != nil {
		t.Error(err)
	}
}

func TestKeysAreFollowedWhenTheyMove(t *testing.T) {
	f := running(t)
	f.idp.setDiscovery(say(200, fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, f.idp.URL, f.idp.URL+"/keys?v=2")))
	f.idp.setKeys(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "v=2" {
			say(200, jwks(jwk("es", "ES256")))(w, r)
			return
		}
		say(200, jwks(jwk("moved", "ES256")))(w, r)
	})
	// Unknown keys all along: they do not put off looking.
	for range 100 {
		f.pass(f.Verifier.cfg.MinRefetch)
		_, _ = f.Verify(t.Context(), es("unknown", f.claims()))
	}
	f.accepts(es("moved", f.claims()))
}

func TestKeysThatMovedDuringAnOutageAreFound(t *testing.T) {
	f := running(t)
	f.idp.setDiscovery(say(500, ""))
	f.idp.reply(404, "")
	f.pass(f.Verifier.cfg.Refresh)
	f.idp.setDiscovery(say(200, fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, f.idp.URL, f.idp.URL+"/keys?v=2")))
	f.idp.setKeys(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "v=2" {
			say(200, jwks(jwk("moved", "ES256")))(w, r)
			return
		}
		say(404, "")(w, r)
	})
	f.pass(maxBackoff)
	f.accepts(es("moved", f.claims()))
}

func TestKeysAreFetchedWhereTheyWereWhenDiscoveryFails(t *testing.T) {
	f := running(t)
	f.idp.setDiscovery(say(500, ""))
	f.idp.publish(jwk("new", "ES256"))
	f.pass(f.Verifier.cfg.Refresh)
	f.accepts(es("new", f.claims()))
}

func TestRedirectsStayAtTheirOrigin(t *testing.T) {
	f := newFixture(t)
	f.idp.setKeys(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			http.Redirect(w, r, "/keys?here", http.StatusFound)
			return
		}
		say(200, jwks(jwk("es", "ES256")))(w, r)
	})
	f.run()
	f.accepts(es("es", f.claims()))
}

func TestARedirectToAnotherOriginGivesNoKeys(t *testing.T) {
	evil := newIssuer(t)
	evil.publish(jwk("evil", "ES256"))
	f := newFixture(t)
	f.idp.setKeys(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, evil.URL+"/keys", http.StatusFound)
	})
	f.run()
	f.unavailable(es("evil", f.claims()))
	if n := evil.keyGets.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

func TestAnEndlessReplyIsCutOff(t *testing.T) {
	idp := newIssuer(t)
	idp.setKeys(func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 1<<16); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	_, err := get(t.Context(), boundedClient(nil), idp.URL+"/keys")
	if err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("error is %v", err)
	}
}

func TestEveryClientHasATimeout(t *testing.T) {
	for _, c := range []*http.Client{nil, {}} {
		if got := boundedClient(c).Timeout; got != 10*time.Second {
			t.Errorf("timeout is %s", got)
		}
	}
	if got := boundedClient(&http.Client{Timeout: time.Second}).Timeout; got != time.Second {
		t.Errorf("a timeout of one second became %s", got)
	}
}

func TestOnlySigningKeysAreTakenFromASet(t *testing.T) {
	weak := rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	weak.N.SetBit(weak.N, 0, 1) // odd, as a product of primes is
	good := jwk("k", "ES256")
	secret := with(good, "d", "AAAA")
	for what, key := range map[string]map[string]any{
		"for encryption":            with(good, "use", "enc"),
		"not for verifying":         with(good, "key_ops", []string{"encrypt"}),
		"for no operation":          with(good, "key_ops", []string{}),
		"of an algorithm unlisted":  with(good, "alg", "ECDH-ES"),
		"symmetric":                 {"kty": "oct", "kid": "k", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"},
		"private":                   secret,
		"RSA with 1024 bits":        jwkOf("k", &weak),
		"off its curve":             with(good, "x", good["y"]),
		"of a type nobody knows":    with(good, "kty", "XYZ"),
		"of a curve for agreements": {"kty": "OKP", "crv": "X25519", "kid": "k", "x": b64(strings.Repeat("x", 32))},
		"with a kid that is none":   with(good, "kid", 1),
	} {
		if r, err := parseKeys([]byte(jwks(key, jwk("other", "EdDSA"))), allAlgorithms); err != nil || r.find("k") != nil || len(r.keys) != 1 {
			t.Errorf("a key %s: ring %+v, error %v", what, r, err)
		}
	}
	for what, key := range map[string]map[string]any{
		"for signing":                   with(good, "use", "sig"),
		"for verifying":                 with(good, "key_ops", []string{"verify"}),
		"with a certificate we dislike": with(with(good, "x5c", []string{"AAAA"}), "x5t", "!"),
	} {
		if r, err := parseKeys([]byte(jwks(key)), allAlgorithms); err != nil || r.find("k") == nil {
			t.Errorf("a key %s: error %v", what, err)
		}
	}
}

func TestATokenWithoutKidNeedsASetWithOneKey(t *testing.T) {
	f := newFixture(t)
	f.idp.publish(with(jwk("", "ES256"), "kid", nil))
	f.run()
	body, _ := json.Marshal(f.claims())
	raw := sign("ES256", `{"alg":"ES256"}`, string(body))
	f.accepts(raw)
	f.refuses(es("some", f.claims()), unknownKey)

	f.idp.publish(jwk("es", "ES256"), with(jwk("enc", "RS256"), "use", "enc"))
	f.pass(f.Verifier.cfg.Refresh)
	f.accepts(raw) // of one signing key

	f.idp.publish(jwk("es", "ES256"), jwk("rs", "RS256"))
	f.pass(f.Verifier.cfg.Refresh)
	f.refuses(raw, unknownKey)
}

func TestOneKidForTwoKeyTypesChoosesByAlgorithm(t *testing.T) {
	f := newFixture(t)
	f.idp.publish(jwk("k", "RS256"), jwk("k", "ES256"))
	f.run()
	f.accepts(es("k", f.claims()))
	f.accepts(joseSign(t, "RS256", "k", f.claims()))
}

func TestSnapshotsThatDoNotFitAreLeftAlone(t *testing.T) {
	idp, c := newIssuer(t), newClock()
	good := func(alter func(*snapshot)) *memory {
		key, _ := json.Marshal(jwk("es", "ES256"))
		s := snapshot{Issuer: idp.URL, JWKSURI: idp.URL + "/keys", Fetched: c.Now(), Keys: []json.RawMessage{key}}
		alter(&s)
		data, _ := json.Marshal(s)
		return &memory{data: data}
	}
	for what, store := range map[string]*memory{
		"of another issuer": good(func(s *snapshot) { s.Issuer = "https://other.example" }),
		"without keys":      good(func(s *snapshot) { s.Keys = nil }),
		"with bad keys":     good(func(s *snapshot) { s.Keys = []json.RawMessage{[]byte(`{"kty":"oct"}`)} }),
		"from over http":    good(func(s *snapshot) { s.JWKSURI = "http://keys.example/k" }),
		"that is too old":   good(func(s *snapshot) { s.Fetched = c.Now().Add(-24 * time.Hour) }),
		"that is cut":       {data: []byte(`{"issuer":`)},
		"that is not there": {err: fs.ErrNotExist},
		"that is lost":      {err: errors.New("input/output error")},
	} {
		t.Run(what, func(t *testing.T) {
			f := fixtureOf(t, idp, c, func(cfg *Config) { cfg.Snapshot = store })
			f.source.stop()
			f.unavailable(es("es", f.claims()))
		})
	}

	// A clock that was ahead gives no key a longer life.
	f := fixtureOf(t, idp, c, func(cfg *Config) {
		cfg.Snapshot = good(func(s *snapshot) { s.Fetched = c.Now().Add(1000 * time.Hour) })
	})
	f.source.stop()
	f.accepts(es("es", f.claims()))
	c.advance(24 * time.Hour)
	f.unavailable(es("es", f.claims()))
}

func TestASnapshotThatCannotBeWrittenStopsNothing(t *testing.T) {
	f := running(t, func(c *Config) { c.Snapshot = &memory{err: errors.New("disk full")} })
	f.accepts(es("es", f.claims()))
}
