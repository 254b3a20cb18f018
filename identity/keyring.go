package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caddyrec/caddyrec/jsonscan"
	jose "github.com/go-jose/go-jose/v4"
)

const (
	minRSABits = 2048
	maxRSABits = 8192 // more makes every signature a burden
	maxPerKid  = 4    // RFC 7517, section 4.5 allows one kid for several key types
)

// keyring is one key set as fetched, immutable, with the tokens it verified.
type keyring struct {
	byKid   map[string][]publicKey
	only    []publicKey // the one signing key of a set with one; nil otherwise
	keys    []json.RawMessage
	url     string
	fetched time.Time
	cache   *tokenCache
}

type publicKey struct {
	key any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	alg string // "" if the JWK names none
}

// fresh reports whether the ring may still be used; nil is not fresh.
func (r *keyring) fresh(now time.Time, maxStale time.Duration) bool {
	return r != nil && now.Sub(r.fetched) < maxStale
}

// sameKeys reports whether o holds the same keys in the same order.
func (r *keyring) sameKeys(o *keyring) bool {
	return o != nil && slices.EqualFunc(r.keys, o.keys, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
}

// find returns the keys for a token's kid; none if it is unknown.
func (r *keyring) find(kid string) []publicKey {
	if kid == "" {
		return r.only
	}
	return r.byKid[kid]
}

// fits reports whether the key may verify signatures made with alg.
func (k publicKey) fits(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		return alg[0] == 'R' || alg[0] == 'P'
	case *ecdsa.PublicKey:
		return alg == map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Curve.Params().BitSize]
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// parseKeys reads a JWK Set (RFC 7517, section 5). Keys that cannot verify
// signatures are passed over; a set without any other is an error.
func parseKeys(body []byte, algorithms []string) (*keyring, error) {
	report, err := jsonscan.Check(body, jsonLimits)
	if err != nil {
		return nil, errors.New("key set is not JSON")
	}
	if report.Duplicate {
		return nil, errors.New("key set has duplicate members")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("key set is not a JWK Set")
	}
	r := &keyring{byKid: make(map[string][]publicKey)}
	var last publicKey
	for _, raw := range set.Keys {
		kid, key, kept, ok := parseKey(raw, algorithms)
		if !ok || len(r.byKid[kid]) >= maxPerKid {
			continue
		}
		last = key
		r.keys = append(r.keys, kept)
		r.byKid[kid] = append(r.byKid[kid], key)
	}
	switch len(r.keys) {
	case 0:
		return nil, fmt.Errorf("key set has no signing key among its %d keys", len(set.Keys))
	case 1:
		r.only = []publicKey{last}
	}
	// A key without kid serves tokens without kid, and only alone in its set.
	delete(r.byKid, "")
	return r, nil
}

// keyMembers are those of a public JWK that matter here. The rest is dropped: a
// certificate in x5c that Go cannot parse must not cost us the key.
var keyMembers = []string{"kty", "kid", "use", "alg", "key_ops", "crv", "x", "y", "n", "e"}

func parseKey(raw json.RawMessage, algorithms []string) (kid string, key publicKey, kept json.RawMessage, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return "", key, nil, false
	}
	for _, secret := range []string{"d", "k"} { // a published secret is no secret
		if _, present := members[secret]; present {
			return "", key, nil, false
		}
	}
	public := make(map[string]json.RawMessage, len(keyMembers))
	for _, m := range keyMembers {
		if value, present := members[m]; present {
			public[m] = value
		}
	}
	kept, err := json.Marshal(public)
	if err != nil {
		return "", key, nil, false
	}
	var use struct {
		Use string   `json:"use"`
		Ops []string `json:"key_ops"`
	}
	var jwk jose.JSONWebKey
	if json.Unmarshal(kept, &use) != nil || json.Unmarshal(kept, &jwk) != nil {
		return "", key, nil, false
	}
	if use.Use != "" && use.Use != "sig" || use.Ops != nil && !slices.Contains(use.Ops, "verify") {
		return "", key, nil, false
	}
	if jwk.Algorithm != "" && !slices.Contains(algorithms, jwk.Algorithm) {
		return "", key, nil, false
	}
	switch k := jwk.Key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return "", key, nil, false
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return "", key, nil, false
	}
	return jwk.KeyID, publicKey{key: jwk.Key, alg: jwk.Algorithm}, kept, true
}
