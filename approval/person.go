package approval

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/caddyrec/caddyrec/record"
)

// Person is who somebody is, for telling people apart.
type Person struct {
	// Issuer is the token's iss; empty when another plugin authenticated.
	Issuer string `json:"iss,omitempty"`
	// Subject is the token's sub, or the other plugin's user id.
	Subject string `json:"sub"`
	// Email is the token's e-mail, or a digest of it; empty when there is none.
	Email string `json:"email,omitempty"`
	// EmailKey names the key that Email is a digest under. Digests under two keys
	// cannot be compared.
	EmailKey string `json:"email_key,omitempty"`
	// Scope is where the subject's name holds when there is no issuer, such as
	// the host. It means nothing beside an issuer.
	Scope string `json:"scope,omitempty"`
}

// realm is what p's subject is unique in.
func (p Person) realm() (issuer, scope string) {
	if p.Issuer != "" {
		return p.Issuer, ""
	}
	return "", p.Scope
}

// Same says whether p and o are one person: the same subject of the same
// issuer (or, without issuers, of the same scope), exactly; or the same
// e-mail, ignoring case and surrounding space. In doubt, as when e-mails cannot
// be compared, it says yes rather than let somebody approve for themselves.
func (p Person) Same(o Person) bool {
	pi, ps := p.realm()
	oi, os := o.realm()
	if pi == oi && ps == os && p.Subject == o.Subject {
		return true
	}
	a, b := strings.TrimSpace(p.Email), strings.TrimSpace(o.Email)
	return a != "" && strings.EqualFold(a, b) || p.incomparable(o)
}

// incomparable says that nobody can tell whether p and o have one e-mail.
func (p Person) incomparable(o Person) bool {
	return p.EmailKey != o.EmailKey && strings.TrimSpace(p.Email) != "" && strings.TrimSpace(o.Email) != "" && !p.Is(o)
}

// Is says whether p and o are one and the same identity: what lets somebody see
// or use what is theirs. An equal e-mail address is not enough for that.
func (p Person) Is(o Person) bool { return p.key() == o.key() }

// colleague says whether o's claims are vouched for by whom p's are.
func (p Person) colleague(o Person) bool {
	pi, ps := p.realm()
	oi, os := o.realm()
	return pi == oi && ps == os
}

// key names p in the store: a hash, for a subject may hold any character.
func (p Person) key() string {
	issuer, scope := p.realm()
	return hash("person", issuer, scope, p.Subject)
}

// check refuses a person nobody could be told apart from.
func (p Person) check(who string) error {
	switch {
	case p.Subject == "":
		return fmt.Errorf("%w: the %s has no subject", ErrInvalid, who)
	case !text(p.Issuer, 2048) || !text(p.Subject, 2048) || !text(p.Email, 2048) || !text(p.EmailKey, 255) || !text(p.Scope, 2048):
		return fmt.Errorf("%w: the %s's issuer, subject, e-mail or scope is too long or not UTF-8", ErrInvalid, who)
	}
	return nil
}

// identity is id, or what p says when there is none.
func (p Person) identity(id *record.Identity) *record.Identity {
	if id != nil {
		return id
	}
	return &record.Identity{Issuer: p.Issuer, Subject: p.Subject}
}

// Voter is somebody about to vote.
type Voter struct {
	Person
	// Values returns the values of a claim of the voter's. Nil: none.
	Values func(claim string) []string
	// EmailUnder is the digest of the voter's e-mail under another key than
	// EmailKey, "" where that key is not at hand. Nil: none is.
	EmailUnder func(key string) string
	// Identity is how records show the voter; made from Person when nil.
	Identity *record.Identity
}

// Beside is v with its e-mail as that of p is given, if that can be.
func (v Voter) Beside(p Person) Voter {
	if v.EmailKey != p.EmailKey && v.EmailUnder != nil {
		if email := v.EmailUnder(p.EmailKey); email != "" {
			v.Email, v.EmailKey = email, p.EmailKey
		}
	}
	return v
}

// hash is the SHA-256 of parts, each with its length before it, in hex.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}
