package caddyrec

import (
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/caddyrec/caddyrec/approval"
)

// Voter is the one who asks, as approvals see them. An e-mail address is only
// ever compared there, so a keyed digest of it serves.
func (v *Visit) Voter(r *http.Request) approval.Voter {
	email := strings.ToLower(strings.TrimSpace(v.Email))
	if email != "" {
		email = hex.EncodeToString(v.MAC("email", email)[:16])
	}
	voter := approval.Voter{
		Person:   approval.Person{Issuer: v.Identity.Issuer, Subject: v.Identity.Subject, Email: email, EmailKey: v.gateway.keys.DigestID(), Scope: SiteOf(r)},
		Values:   v.Values,
		Identity: v.Identity,
	}
	if voter.Values == nil {
		voter.Values = func(string) []string { return nil }
	}
	return voter
}
