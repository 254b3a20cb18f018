package provision

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A key is
//
//	crk1.<kid>.<payload>.<signature>
//
// kid is 16 hex digits; payload and signature are base64url without padding
// (RFC 4648 section 5), in the one form that each has. The signature is
// Ed25519 (RFC 8032) over all before the last dot. The prefix fixes that: there
// is nothing to choose. The payload holds 256 random bits.
const (
	// KeyPrefix begins every key, and nothing else.
	KeyPrefix = "crk1."

	kidLen  = 16
	sigLen  = 86      // of 64 bytes
	maxKey  = 8 << 10 // bytes
	randLen = 32      // bytes
)

var b64 = base64.RawURLEncoding.Strict()

// payload is what a key says, in a form that has one spelling.
type payload struct {
	ID      string   `json:"id"`
	Random  string   `json:"rnd"`
	Service string   `json:"aud"`
	Issuer  string   `json:"iss,omitempty"`
	Subject string   `json:"sub"`
	Sess    []string `json:"ses"`
	From    int64    `json:"from,omitempty"`  // milliseconds since 1970, as all times
	Until   int64    `json:"until,omitempty"` //
	Purpose string   `json:"why"`
	Issued  int64    `json:"iat"`
	Expires int64    `json:"exp"`
	IP      string   `json:"ip,omitempty"`
	JKT     string   `json:"jkt,omitempty"`
	Max     int64    `json:"max,omitempty"`
}

// mint makes a key that stands for g. The same g gives another key each time.
func mint(g *Grant, k *signer) (string, error) {
	random := make([]byte, randLen)
	rand.Read(random)
	text, err := json.Marshal(payload{
		ID: g.ID, Random: b64.EncodeToString(random), Service: g.Service, Issuer: g.Issuer, Subject: g.Subject,
		Sess: g.Scope.Sessions, From: millis(g.Scope.From), Until: millis(g.Scope.Until), Purpose: g.Purpose,
		Issued: millis(g.Issued), Expires: millis(g.Expires), IP: g.Client.IP, JKT: g.Client.Thumbprint, Max: g.MaxFrames,
	})
	if err != nil {
		return "", err
	}
	signed := KeyPrefix + k.kid + "." + b64.EncodeToString(text)
	key := signed + "." + b64.EncodeToString(ed25519.Sign(k.private, []byte(signed)))
	if len(key) > maxKey {
		return "", &Refusal{Reason: Invalid, Detail: "the key would be too long: name fewer sessions"}
	}
	return key, nil
}

// parts are a key, taken apart and not yet believed.
type parts struct {
	kid       string
	signed    string // what the signature is over
	payload   string
	signature []byte
}

var errForm = errors.New("not in the form of a key")

// split takes a key apart. It looks at no more than the form.
func split(key string) (p parts, err error) {
	rest, ok := strings.CutPrefix(key, KeyPrefix)
	if !ok || len(key) > maxKey || len(rest) < kidLen+1 || rest[kidLen] != '.' {
		return p, errForm
	}
	p.kid = rest[:kidLen]
	if strings.Trim(p.kid, "0123456789abcdef") != "" {
		return p, errForm
	}
	text, signature, ok := strings.Cut(rest[kidLen+1:], ".")
	if !ok || text == "" || len(signature) != sigLen || !plain(text) || !plain(signature) {
		return p, errForm
	}
	p.payload, p.signed = text, key[:len(key)-sigLen-1]
	p.signature, err = b64.DecodeString(signature)
	if err != nil {
		return p, errForm
	}
	return p, nil
}

// plain says whether s is in the alphabet of base64url: Go's decoder passes
// over line ends.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// open reads what a key says. Its signature must be known to be right.
func (p parts) open() (*Grant, error) {
	text, err := b64.DecodeString(p.payload)
	if err != nil {
		return nil, errForm
	}
	var v payload
	if json.Unmarshal(text, &v) != nil {
		return nil, errForm
	}
	// Every other spelling of the same is refused: unknown, repeated or misspelt
	// names, trailing data, another order.
	if again, err := json.Marshal(v); err != nil || !bytes.Equal(again, text) {
		return nil, errForm
	}
	random, err := b64.DecodeString(v.Random)
	id, wrong := uuid.Parse(v.ID)
	// The id says in which folder a revocation of the key is to be found.
	if err != nil || len(random) != randLen || wrong != nil || id.Version() != 7 || id.String() != v.ID || issuedAt(id) != v.Issued || len(v.Sess) == 0 || v.Subject == "" {
		return nil, errForm
	}
	return &Grant{
		ID: v.ID, Kid: p.kid, Issuer: v.Issuer, Subject: v.Subject, Service: v.Service,
		Scope: Scope{Sessions: v.Sess, From: moment(v.From), Until: moment(v.Until)}, Purpose: v.Purpose,
		Issued: moment(v.Issued), Expires: moment(v.Expires), Client: Binding{IP: v.IP, Thumbprint: v.JKT}, MaxFrames: v.Max,
	}, nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
