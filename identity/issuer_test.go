package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

var testKeys = sync.OnceValue(func() map[string]crypto.Signer {
	r, err1 := rsa.GenerateKey(rand.Reader, 2048)
	e, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, d, err3 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err1, err2, err3); err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"RS256": r, "PS256": r, "ES256": e, "EdDSA": d}
})

// issuer is an identity provider on a real loopback socket.
type issuer struct {
	t         testing.TB
	addr      string
	URL       string
	srv       *httptest.Server
	jwks      atomic.Pointer[http.HandlerFunc]
	discovery atomic.Pointer[http.HandlerFunc]
	keyGets   atomic.Int64
	discovers atomic.Int64
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{t: t}
	i.publish(jwk("rs", "RS256"), jwk("es", "ES256"), jwk("ed", "EdDSA"))
	i.start("127.0.0.1:0")
	i.setDiscovery(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	})
	t.Cleanup(func() { i.stop() })
	return i
}

func (i *issuer) start(addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		i.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		i.discovers.Add(1)
		(*i.discovery.Load())(w, r)
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		i.keyGets.Add(1)
		(*i.jwks.Load())(w, r)
	})
	i.srv = &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	i.srv.Start()
	i.addr, i.URL = l.Addr().String(), "http://"+l.Addr().String()
}

func (i *issuer) stop() { i.srv.Close() }

func (i *issuer) restart() { i.start(i.addr) }

func (i *issuer) setDiscovery(h http.HandlerFunc) { i.discovery.Store(&h) }

func (i *issuer) setKeys(h http.HandlerFunc) { i.jwks.Store(&h) }

func (i *issuer) reply(status int, body string) {
	i.setKeys(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func (i *issuer) publish(keys ...map[string]any) { i.reply(200, jwks(keys...)) }

func jwks(keys ...map[string]any) string {
	b, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// jwk is the public test key for alg under kid, as members to alter.
func jwk(kid, alg string) map[string]any { return jwkOf(kid, testKeys()[alg].Public()) }

func jwkOf(kid string, key any) map[string]any {
	b, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: kid})
	if err != nil {
		panic(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	return m
}

func with(m map[string]any, key string, value any) map[string]any {
	m = maps.Clone(m)
	if value == nil {
		delete(m, key)
	} else {
		m[key] = value
	}
	return m
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign signs exactly this header and payload.
func sign(alg, head, payload string) string { return signWith(testKeys()[alg], alg, head, payload) }

func signWith(key crypto.Signer, alg, head, payload string) string {
	input := b64(head) + "." + b64(payload)
	digest := sha256.Sum256([]byte(input))
	var sig []byte
	var err error
	switch alg {
	case "RS256":
		sig, err = key.Sign(rand.Reader, digest[:], crypto.SHA256)
	case "PS256":
		sig, err = key.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256})
	case "ES256":
		r, s, e := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), digest[:])
		if err = e; err == nil {
			sig = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case "EdDSA":
		sig, err = key.Sign(rand.Reader, []byte(input), crypto.Hash(0))
	default:
		err = errors.New("test cannot sign with " + alg)
	}
	if err != nil {
		panic(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// joseSign signs with go-jose, as an identity provider in Go would.
func joseSign(t testing.TB, alg, kid string, claims map[string]any) string {
	opts := (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", kid)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: testKeys()[alg]}, opts)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(b)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// es signs claims with the ES256 test key.
func es(kid string, claims map[string]any) string {
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return sign("ES256", fmt.Sprintf(`{"alg":"ES256","kid":%q}`, kid), string(b))
}
