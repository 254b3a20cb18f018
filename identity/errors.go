package identity

import (
	"fmt"
	"time"
)

// The reasons of a TokenError.
const (
	malformed     = "malformed"
	tooLarge      = "too-large"
	algorithm     = "algorithm"
	header        = "header"
	unknownKey    = "unknown-key"
	signature     = "signature"
	wrongIssuer   = "issuer"
	wrongAudience = "audience"
	expired       = "expired"
	notYetValid   = "not-yet-valid"
	issuedFuture  = "issued-in-future"
	badClaims     = "claims"
	wrongProfile  = "profile"
	badSubject    = "subject"
)

var hints = map[string]string{
	malformed:     "it is not a signed JWT in compact form; send the access token exactly as issued",
	tooLarge:      "it is larger than 16 KiB; have the provider issue smaller tokens",
	algorithm:     "its signing algorithm is not allowed, or not the one of its key; see the configured algorithms",
	header:        "its header is ambiguous or asks for something the gateway does not do",
	unknownKey:    "its key is not among those the issuer publishes; get a new token",
	signature:     "its signature does not verify; get a new token",
	wrongIssuer:   "it comes from another issuer; get one from the configured issuer",
	wrongAudience: "it is not meant for this gateway; ask the issuer for one with the configured audience",
	expired:       "it has expired; get a new token",
	notYetValid:   "it is not valid yet; check the clocks of issuer and gateway",
	issuedFuture:  "it was issued in the future; check the clocks of issuer and gateway",
	badClaims:     "a required claim is missing, ambiguous or of the wrong type",
	wrongProfile:  "it is not the kind of token the configured profile accepts; send an access token",
	badSubject:    "its subject is missing, too long or not printable",
}

// TokenError says why a token was refused: the answer is 401 (RFC 6750, section
// 3.1: invalid_token). Its text holds nothing of the token.
type TokenError struct {
	// Reason is one of: malformed, too-large, algorithm, header, unknown-key,
	// signature, issuer, audience, expired, not-yet-valid, issued-in-future,
	// claims, profile, subject.
	Reason string
	// Unverified is what the token claims about itself.
	Unverified Unverified
}

// Unverified names whom a refused token claims to speak for, so that the refusal
// can be recorded. Anybody can write such a token: decide nothing by it. Each is
// printable, at most 255 bytes, and empty if the token could not be read.
type Unverified struct{ Issuer, Subject string }

func (e *TokenError) Error() string {
	return "token refused: " + hints[e.Reason]
}

// UnavailableError says that no token can be judged now, because the issuer's
// keys were never fetched or are older than Config.MaxStale: the answer is 503.
type UnavailableError struct {
	// Issuer is Config.Issuer.
	Issuer string
	// RetryAfter is the time until the next attempt to fetch keys: whole seconds,
	// at least one.
	RetryAfter time.Duration
	// Err is the last failure to fetch keys.
	Err error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("no usable keys of issuer %s: %v; try again in %s", e.Issuer, e.Err, e.RetryAfter)
}

func (e *UnavailableError) Unwrap() error { return e.Err }
