package provision

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func jktOf(t testing.TB, k *ecdsa.PrivateKey) string {
	t.Helper()
	print, err := (&jose.JSONWebKey{Key: k.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(print)
}

// prove makes a DPoP proof (RFC 9449 section 4.2).
func prove(t testing.TB, k *ecdsa.PrivateKey, typ string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k}, (&jose.SignerOptions{EmbedJWK: true}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func TestAKeyBoundToADPoPKeyNeedsAFreshProofOfIt(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	mine, theirs := ecKey(t), ecKey(t)
	key, g := p.issue(a, func(k *Ask) { k.Client.Thumbprint = jktOf(t, mine) })
	other, _ := p.issue(a)
	if g.Client.String() != "jkt:"+jktOf(t, mine) {
		t.Errorf("bound to %s", g.Client)
	}
	sum := sha256.Sum256([]byte(key))
	claims := func(change map[string]any) map[string]any {
		c := map[string]any{"jti": rand.Text(), "htm": "GET", "htu": at("").URL, "iat": time.Now().Unix(), "ath": base64.RawURLEncoding.EncodeToString(sum[:])}
		maps.Copy(c, change)
		return c
	}
	with := func(proofs ...string) Client {
		c := at("192.0.2.1")
		c.Proofs = proofs
		return c
	}
	good := func(change map[string]any) Client { return with(prove(t, mine, "dpop+jwt", claims(change))) }
	for name, c := range map[string]struct {
		authorization string
		client        Client
		want          Reason
	}{
		"as a bearer":        {"Bearer " + key, good(nil), WrongProof},
		"no proof":           {"DPoP " + key, with(), WrongProof},
		"two proofs":         {"DPoP " + key, with(prove(t, mine, "dpop+jwt", claims(nil)), prove(t, mine, "dpop+jwt", claims(nil))), WrongProof},
		"another key":        {"DPoP " + key, with(prove(t, theirs, "dpop+jwt", claims(nil))), WrongClient},
		"another type":       {"DPoP " + key, with(prove(t, mine, "JWT", claims(nil))), WrongProof},
		"another method":     {"DPoP " + key, good(map[string]any{"htm": "POST"}), WrongProof},
		"another address":    {"DPoP " + key, good(map[string]any{"htu": "https://audit.example/other"}), WrongProof},
		"another host":       {"DPoP " + key, good(map[string]any{"htu": "https://evil.example/.caddyrec/replay/sessions/s_1/frames"}), WrongProof},
		"another token":      {"DPoP " + key, good(map[string]any{"ath": base64.RawURLEncoding.EncodeToString(make([]byte, 32))}), WrongProof},
		"an old one":         {"DPoP " + key, good(map[string]any{"iat": time.Now().Add(-2 * time.Minute).Unix()}), WrongProof},
		"one of tomorrow":    {"DPoP " + key, good(map[string]any{"iat": time.Now().Add(24 * time.Hour).Unix()}), WrongProof},
		"without a number":   {"DPoP " + key, good(map[string]any{"jti": ""}), WrongProof},
		"not a proof":        {"DPoP " + key, with("x.y.z"), WrongProof},
		"of a key not bound": {"DPoP " + other, good(nil), WrongProof},
	} {
		if _, err := a.Check(t.Context(), c.authorization, c.client); ReasonOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	proof := good(map[string]any{"htu": "HTTPS://AUDIT.example:443/.caddyrec/replay/sessions/s_1/frames?from=2"})
	l, err := a.Check(t.Context(), "dpop "+key, proof)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p.refusedWith(a, "DPoP "+key, proof, WrongProof) // it counts once
}
