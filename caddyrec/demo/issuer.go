package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// Issuer is an OpenID provider with one key in memory. It listens on loopback
// only and has no login: the demo makes tokens itself.
type Issuer struct {
	// URL is its issuer identifier.
	URL    string
	server *http.Server
	signer jose.Signer
	keys   jose.JSONWebKeySet
}

// StartIssuer starts an issuer on a free port.
func StartIssuer() (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "demo", Algorithm: string(jose.ES256), Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jwk}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return nil, err
	}
	s := &Issuer{signer: signer, keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}}}
	if err := s.Serve("127.0.0.1:0"); err != nil {
		return nil, err
	}
	return s, nil
}

// Serve serves at a loopback address, again after Close if need be.
func (s *Issuer) Serve(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s.URL = "http://" + l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer": s.URL, "jwks_uri": s.URL + "/jwks", "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.keys)
	})
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go s.server.Serve(l)
	return nil
}

// Token makes an access token (RFC 9068) for the audience orders-api, good for
// an hour from issued, with further claims that may replace the usual ones.
func (s *Issuer) Token(subject string, issued time.Time, more map[string]any) (string, error) {
	claims := map[string]any{
		"iss": s.URL, "aud": "orders-api", "sub": subject, "client_id": "demo", "jti": uuid.NewString(),
		"iat": issued.Unix(), "auth_time": issued.Unix(), "exp": issued.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, more)
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := s.signer.Sign(text)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// Close stops it.
func (s *Issuer) Close() error { return s.server.Shutdown(context.Background()) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(v)
}
