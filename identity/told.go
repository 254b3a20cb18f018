package identity

import (
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Told is what records and approvals tell of an identity. It is made once for a
// verified token, and all requests with that token share it: it must not be
// changed.
type Told struct {
	Identity record.Identity
	Session  record.Session
	// Email is the email claim, verified or not, if there is one.
	Email string
}

// Told returns what to tell of id.
func (id *Identity) Told() *Told { return id.told }

func (id *Identity) tell() {
	s := id.Session
	id.told = &Told{
		Identity: record.Identity{Issuer: id.Issuer, Subject: id.Subject, Groups: id.Values("groups")},
		Session: record.Session{
			ID: s.ID, Key: s.Key, IssuedAt: unix(s.IssuedAt), Expires: unix(s.Expires), AuthTime: unix(s.AuthTime),
			ACR: s.ACR, AMR: s.AMR,
		},
	}
	if mail := id.Values("email"); len(mail) == 1 {
		id.told.Email = mail[0]
	}
}

// unix is t as records have it, 0 for none.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
