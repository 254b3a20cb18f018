//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issuer is the least that oidc_auth needs of a provider: a discovery document
// and a key. It is asked at the start only.
type issuer struct {
	*httptest.Server
	key jose.JSONWebKey
}

func startIssuer() (*issuer, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	i := &issuer{key: jose.JSONWebKey{Key: private, KeyID: "bench", Algorithm: "ES256", Use: "sig"}}
	mux := http.NewServeMux()
	i.Server = httptest.NewServer(mux)
	answer := func(path string, v any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(v)
		})
	}
	answer("/.well-known/openid-configuration", map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/jwks", "authorization_endpoint": i.URL + "/auth",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
	})
	answer("/jwks", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.key.Public()}})
	return i, nil
}

// token is an access token (RFC 9068) for an hour.
func (i *issuer) token() (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: i.key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": i.URL, "aud": "orders-api", "sub": "bench", "client_id": "bench", "jti": "bench-1", "scope": "orders",
		"groups": []string{"engineering"}, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}
