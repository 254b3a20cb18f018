package provision

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/replay/replaytest"
)

func TestAKeyBoundToADPoPKeyNeedsAFreshProofOfIt(t *testing.T) {
	p := newPlace(t)
	a := p.authority()
	mine, theirs := replaytest.NewProofKey(t), replaytest.NewProofKey(t)
	key, g := p.issue(a, func(k *Ask) { k.Client.Thumbprint = mine.Thumbprint(t) })
	other, _ := p.issue(a)
	if g.Client.String() != "jkt:"+mine.Thumbprint(t) {
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
	good := func(change map[string]any) Client { return with(mine.Prove(t, "dpop+jwt", claims(change))) }
	for name, c := range map[string]struct {
		authorization string
		client        Client
		want          Reason
	}{
		"as a bearer":        {"Bearer " + key, good(nil), WrongProof},
		"no proof":           {"DPoP " + key, with(), WrongProof},
		"two proofs":         {"DPoP " + key, with(mine.Prove(t, "dpop+jwt", claims(nil)), mine.Prove(t, "dpop+jwt", claims(nil))), WrongProof},
		"another key":        {"DPoP " + key, with(theirs.Prove(t, "dpop+jwt", claims(nil))), WrongClient},
		"another type":       {"DPoP " + key, with(mine.Prove(t, "JWT", claims(nil))), WrongProof},
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
