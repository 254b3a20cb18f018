package identity

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// checked is what the claim layer took from a token it has nothing against.
type checked struct {
	subject                    string
	issued, expires, notBefore time.Time
}

// check is the claim layer. It returns a reason unless every claim is in order at
// the given time.
func (v *Verifier) check(t *token, now time.Time) (*checked, string) {
	if iss, ok := t.claims["iss"].(string); !ok || iss != v.cfg.Issuer {
		return nil, wrongIssuer
	}
	if reason := v.checkProfile(t); reason != "" {
		return nil, reason
	}
	if reason := v.checkAudience(t); reason != "" {
		return nil, reason
	}
	c := &checked{}
	var ok bool
	if c.subject, ok = t.claims["sub"].(string); !ok || c.subject == "" || len(c.subject) > maxName || hasControl(c.subject) {
		return nil, badSubject
	}
	if c.expires, ok = numericDate(t.claims["exp"]); !ok {
		return nil, badClaims
	}
	if c.issued, ok = numericDate(t.claims["iat"]); !ok {
		return nil, badClaims
	}
	if nbf, present := t.claims["nbf"]; present {
		if c.notBefore, ok = numericDate(nbf); !ok {
			return nil, badClaims
		}
	}
	if reason := v.checkTime(c.expires, c.notBefore, now); reason != "" {
		return nil, reason
	}
	if c.issued.After(now.Add(v.cfg.Leeway)) {
		return nil, issuedFuture
	}
	if v.cfg.Profile == profileAccess && t.typ != "at+jwt" && !saysAccess(t.claims) {
		return nil, wrongProfile
	}
	return c, ""
}

// checkTime is the part of the claim layer that time can change.
func (v *Verifier) checkTime(expires, notBefore, now time.Time) string {
	if !now.Before(expires.Add(v.cfg.Leeway)) {
		return expired
	}
	if notBefore.After(now.Add(v.cfg.Leeway)) {
		return notYetValid
	}
	return ""
}

func (v *Verifier) checkAudience(t *token) string {
	aud, ok := audiences(t.claims["aud"])
	if !ok {
		return badClaims
	}
	if !slices.ContainsFunc(aud, func(a string) bool { return slices.Contains(v.cfg.Audiences, a) }) {
		return wrongAudience
	}
	if v.cfg.Profile != profileAny {
		// In an access token azp names the client, not the API (RFC 9068 calls
		// it client_id): information, not a limit.
		return ""
	}
	// OpenID Connect Core 1.0, section 3.1.3.7, steps 4 and 5.
	if azp, present := t.claims["azp"]; present {
		if s, ok := azp.(string); !ok || !slices.Contains(v.cfg.Audiences, s) {
			return wrongAudience
		}
	}
	return ""
}

// checkProfile tells access tokens from the other JWTs an issuer signs with the
// same keys.
func (v *Verifier) checkProfile(t *token) string {
	switch t.typ {
	case "at+jwt":
	case "", "jwt":
		if v.cfg.Profile == profileATJWT {
			return wrongProfile
		}
	default: // logout+jwt, secevent+jwt, dpop+jwt, …
		return wrongProfile
	}
	refused := []string{"events"} // Back-Channel Logout 1.0, section 2.4; RFC 8417
	if v.cfg.Profile == profileAccess {
		refused = append(refused, "nonce", "at_hash", "c_hash")
	}
	for _, c := range refused {
		if _, ok := t.claims[c]; ok {
			return wrongProfile
		}
	}
	if typ, present := t.claims["typ"]; present { // Keycloak's own
		s, ok := typ.(string)
		if !ok {
			return badClaims
		}
		switch strings.ToLower(s) {
		case "refresh", "offline", "logout":
			return wrongProfile
		case "id":
			if v.cfg.Profile != profileAny {
				return wrongProfile
			}
		}
	}
	if v.cfg.Profile == profileATJWT { // RFC 9068, section 2.2
		for _, c := range []string{"client_id", "jti"} {
			if s, ok := t.claims[c].(string); !ok || s == "" {
				return badClaims
			}
		}
	}
	return ""
}

// audiences reads a string or an array of strings (RFC 7519, section 4.1.3).
func audiences(v any) ([]string, bool) {
	switch v := v.(type) {
	case string:
		return []string{v}, true
	case []any:
		list := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			list = append(list, s)
		}
		return list, true
	}
	return nil, false
}

// lastSecond is the end of the year 9999, the last time RFC 3339 can write.
const lastSecond = 253402300799

// numericDate reads seconds since the epoch (RFC 7519, section 2).
func numericDate(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || !(f >= 0 && f <= lastSecond) {
		return time.Time{}, false
	}
	sec, frac := math.Modf(f)
	return time.Unix(int64(sec), int64(frac*1e9)).UTC(), true
}

// accessClaims are claims that issuers put into access tokens and never into ID
// tokens: OAuth's own (RFC 8693, RFC 9068), Entra's scp and roles, Okta's cid,
// Auth0's gty and permissions.
var accessClaims = []string{"scope", "scp", "client_id", "roles", "cid", "gty", "permissions"}

// saysAccess says whether a token without a telling typ header shows that it is
// an access token. Looking only for what gives an ID token away would not do:
// a plain one has nothing but iss, sub, aud, exp and iat.
func saysAccess(claims map[string]any) bool {
	for _, c := range accessClaims {
		if _, ok := claims[c]; ok {
			return true
		}
	}
	typ, _ := claims["typ"].(string)       // Keycloak
	use, _ := claims["token_use"].(string) // Cognito
	return strings.EqualFold(typ, "Bearer") || use == "access"
}
