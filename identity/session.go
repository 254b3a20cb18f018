package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Session is the session a token belongs to. A gateway that sees only bearer
// tokens observes sessions; it never sees a login.
type Session struct {
	// ID names the session: Config.SessionID over what Key says.
	ID string
	// Key tells what ID is made of: "sid" (iss and sid), "auth_time" (iss, sub
	// and auth_time), "jti" (iss and jti), or "token" (iss and the SHA-256 of the
	// signed part of the token). With the last two every token is a session.
	Key string
	// IssuedAt and Expires are the iat and exp claims.
	IssuedAt, Expires time.Time
	// AuthTime is the auth_time claim; zero without one.
	AuthTime time.Time
	// ACR and AMR are the acr and amr claims (OpenID Connect Core 1.0, section
	// 2); empty without one.
	ACR string
	AMR []string
}

// session reads the optional session claims. One of an unusual type or size is
// passed over, not refused: providers differ (ADFS sends auth_time as text), and
// the next key in order is as good.
func (v *Verifier) session(t *token, c *checked) Session {
	s := Session{IssuedAt: c.issued, Expires: c.expires}
	if n, ok := t.claims["auth_time"].(json.Number); ok {
		if at, ok := numericDate(n); ok {
			s.AuthTime = at
		}
	}
	s.ACR = name(t.claims["acr"])
	if list, ok := t.claims["amr"].([]any); ok {
		for _, e := range list {
			if m := name(e); m != "" {
				s.AMR = append(s.AMR, m)
			}
		}
	}
	parts := []string{"", v.cfg.Issuer}
	if sid := name(t.claims["sid"]); sid != "" {
		s.Key, parts = "sid", append(parts, sid)
	} else if !s.AuthTime.IsZero() {
		s.Key, parts = "auth_time", append(parts, c.subject, s.AuthTime.Format(time.RFC3339Nano))
	} else if jti := name(t.claims["jti"]); jti != "" {
		s.Key, parts = "jti", append(parts, jti)
	} else {
		// Not over the signature: an ECDSA signature can be altered by anybody
		// and stay valid, which would make two sessions of one token.
		sum := sha256.Sum256([]byte(t.signed))
		s.Key, parts = "token", append(parts, hex.EncodeToString(sum[:]))
	}
	parts[0] = s.Key
	s.ID = v.cfg.SessionID(parts...)
	return s
}

// name returns v if it is a string fit to be recorded as a name, else "".
func name(v any) string {
	if s, ok := v.(string); ok && fitName(s) {
		return s
	}
	return ""
}
