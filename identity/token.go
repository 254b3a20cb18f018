package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caddyrec/caddyrec/jsonscan"
)

const (
	maxToken = 16 << 10
	maxKid   = 256
	maxName  = 255
)

var jsonLimits = jsonscan.Limits{Depth: 32}

// token is a compact JWS (RFC 7515, section 7.1) taken apart, nothing verified.
type token struct {
	raw    string
	signed string // header.payload as signed
	alg    string
	kid    string // "" without one
	typ    string // media type in lower case, without application/; "" without one
	claims map[string]any
}

// Header parameters that would let the token choose its own keys or meaning.
var refusedParameters = []string{"crit", "jwk", "jku", "x5u", "b64", "zip", "enc"}

// Names of which a variant in another case is refused: some other reader of the
// same token may fold case and see another value.
var (
	exactParameters = append([]string{"alg", "kid", "typ"}, refusedParameters...)
	exactClaims     = []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "azp", "client_id",
		"nonce", "at_hash", "c_hash", "events", "typ",
	}
)

// parseToken reads a token of at most maxToken bytes. On failure it returns a
// reason, and the token as far as its claims could be read without doubt.
func parseToken(raw string) (*token, string) {
	first, last := strings.IndexByte(raw, '.'), strings.LastIndexByte(raw, '.')
	if first <= 0 || last <= first+1 || last == len(raw)-1 {
		return nil, malformed
	}
	head, ok1 := decodePart(raw[:first])
	body, ok2 := decodePart(raw[first+1 : last])
	_, ok3 := decodePart(raw[last+1:])
	if !ok1 || !ok2 || !ok3 {
		return nil, malformed
	}
	params, reason := object(head, exactParameters)
	if params == nil {
		if reason == badClaims {
			reason = header
		}
		return nil, reason
	}
	claims, reason := object(body, exactClaims)
	if claims == nil {
		return nil, reason
	}
	t := &token{raw: raw, signed: raw[:last], claims: claims}
	return t, t.header(params)
}

// header takes over the header parameters, or tells why not.
func (t *token) header(params map[string]any) (reason string) {
	for _, p := range refusedParameters {
		if _, ok := params[p]; ok {
			return header
		}
	}
	var ok bool
	if t.alg, ok = params["alg"].(string); !ok {
		return header
	}
	if kid, present := params["kid"]; present {
		t.kid, ok = kid.(string)
		if !ok || t.kid == "" || len(t.kid) > maxKid || hasControl(t.kid) {
			return header
		}
	}
	if typ, present := params["typ"]; present {
		if t.typ, ok = typ.(string); !ok || t.typ == "" {
			return header
		}
		// RFC 7515, section 4.1.9: a media type, "application/" may be left out.
		t.typ = strings.TrimPrefix(strings.ToLower(t.typ), "application/")
	}
	return ""
}

// unverified returns who the token says it is from and about.
func (t *token) unverified() Unverified {
	if t == nil {
		return Unverified{}
	}
	return Unverified{Issuer: name(t.claims["iss"]), Subject: name(t.claims["sub"])}
}

// decodePart decodes base64url as RFC 7515 wants it: no padding, no line breaks
// (encoding/base64 skips those), no stray trailing bits. There is one encoding of
// each part, so a token has one spelling.
func decodePart(s string) ([]byte, bool) {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return nil, false
		}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) > 0
}

// object decodes one JSON object without duplicate keys at any depth and without
// case variants of the exact names at the top.
func object(src []byte, exact []string) (members map[string]any, reason string) {
	report, err := jsonscan.Check(src, jsonLimits)
	if err != nil {
		return nil, malformed
	}
	if report.Duplicate {
		return nil, badClaims
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil || members == nil {
		return nil, malformed
	}
	for key := range members {
		for _, e := range exact {
			if key != e && strings.EqualFold(key, e) {
				return nil, badClaims
			}
		}
	}
	return members, ""
}

// fitName reports whether s can stand in a record as a name.
func fitName(s string) bool {
	if s == "" || len(s) > maxName || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, unicode.IsControl)
}
