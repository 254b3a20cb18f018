// Package identity verifies bearer access tokens (RFC 6750, RFC 7519, RFC 9068)
// and keeps doing so while the identity provider is down.
//
// Its promise: a token is accepted only if a key the issuer published signed it,
// its claims are unambiguous and meant for this gateway, and it is the kind of
// token the profile names. Nothing a client sends can make the gateway fetch more
// than once in [Config.MinRefetch], replace a good key set, or slow down tokens
// whose keys are known. Keys once fetched keep verifying until [Config.MaxStale]
// has passed since they were last confirmed, through restarts too when a
// [Snapshot] is given.
//
// The signature is checked by go-oidc's IDTokenVerifier over a key set of our own;
// the claim layer is ours.
package identity

import "time"

// Identity is what a verified token says about its bearer. It is shared between
// requests that carry the same token: treat all of it as read-only.
type Identity struct {
	// Issuer is the iss claim, equal to Config.Issuer.
	Issuer string
	// Subject is the sub claim: 1 to 255 bytes, no control characters. It is
	// unique within Issuer only.
	Subject string
	// Claims are all claims of the token. Numbers are json.Number; the rest is
	// as encoding/json decodes into any.
	Claims map[string]any
	// Session is the session the token belongs to, as far as a gateway can tell.
	Session Session
	// Expires is the exp claim. The token is accepted until Config.Leeway later.
	Expires time.Time
}

// Values returns the strings of the claim with exactly this name: one for a
// string, each of an array whose members are all strings, otherwise nil. Other
// types are not turned into strings, and nothing is split at spaces.
func (id *Identity) Values(claim string) []string {
	switch v := id.Claims[claim].(type) {
	case string:
		return []string{v}
	case []any:
		values := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil
			}
			values = append(values, s)
		}
		return values
	}
	return nil
}
