package provision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/caddyrec/caddyrec/record"
)

// Issue makes a key. Its record is durable when it returns, and it is the only
// time that the key is shown: keep it nowhere but where it is handed over. The
// error is a [*Refusal] when the ask is at fault, or too much is asked.
func (a *Authority) Issue(ctx context.Context, ask Ask) (key string, g *Grant, err error) {
	if a.over() {
		return "", nil, &Refusal{Reason: Ended}
	}
	p := *a.policy.Load()
	if err := ask.check(p); err != nil {
		return "", nil, err
	}
	if err := a.admit(ctx, &ask); err != nil {
		return "", nil, err
	}
	issued := a.clock.now().Truncate(time.Millisecond).UTC()
	k := a.keys.at(periodOf(issued))
	g = &Grant{
		ID: newID(issued), Kid: k.kid, Issuer: ask.Identity.Issuer, Subject: ask.Identity.Subject, Service: a.opts.Service,
		Scope: ask.Scope, Purpose: ask.Purpose, Issued: issued, Expires: issued.Add(ask.Lifetime).Truncate(time.Millisecond),
		Client: ask.Client, MaxFrames: ask.MaxFrames,
	}
	if key, err = mint(g, k); err != nil {
		return "", nil, err
	}
	// What is accepted later is what is told now.
	sum := sha256.Sum256([]byte(key))
	r := a.record(record.KeyIssued, g, &ask.From)
	r.Identity = &ask.Identity
	if err := a.opts.Recorder.Record(ctx, r); err != nil {
		return "", nil, fmt.Errorf("recording that key %s is issued: %w", g.ID, err)
	}
	if err := a.keep(ctx, g, hex.EncodeToString(sum[:])); err != nil {
		return "", nil, err
	}
	if g.MaxFrames > 0 {
		// Who counts must know that it has counted from the first.
		if _, err := a.use(g, true); err != nil {
			return "", nil, err
		}
	}
	a.opts.Watch(Event{Type: record.KeyIssued, Grant: g, Client: ask.From.Record})
	return key, g, nil
}

// newID is a UUID version 7 of that moment (RFC 9562 section 5.7).
func newID(t time.Time) string {
	id := uuid.Must(uuid.NewV7())
	ms := t.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id.String()
}

// issuedAt is the moment in a key's id, in milliseconds since 1970.
func issuedAt(id uuid.UUID) (ms int64) {
	for i := range 6 {
		ms = ms<<8 | int64(id[i])
	}
	return ms
}
