package caddyrec

import (
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/ledger"
)

// Voter is the one who asks, as approvals see them. An e-mail address is only
// ever compared there, so a keyed digest of it serves.
func (v *Visit) Voter(r *http.Request) approval.Voter {
	email := strings.ToLower(strings.TrimSpace(v.Email))
	under := func(keys *ledger.Keys) string {
		if email == "" {
			return ""
		}
		return hex.EncodeToString(keys.MAC("email", email)[:16])
	}
	own := v.gateway.keys
	voter := approval.Voter{
		Person: approval.Person{Issuer: v.Identity.Issuer, Subject: v.Identity.Subject, Email: under(own), EmailKey: own.DigestID(), Scope: SiteOf(r)},
		Values: v.Values,
		EmailUnder: func(key string) string {
			if keys, ok := v.gateway.beside.keys.Load(key); ok {
				return under(keys.(*ledger.Keys))
			}
			return ""
		},
		Identity: v.Identity,
	}
	if voter.Values == nil {
		voter.Values = func(string) []string { return nil }
	}
	return voter
}
