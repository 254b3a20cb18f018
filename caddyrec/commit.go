package caddyrec

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// fieldBuffers keeps the buffers that records are encoded into.
var fieldBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Commit makes r durable, within the bound. The request's own context has no
// say: what happened is recorded even if the client has gone.
func (g *Gateway) Commit(within time.Duration, r *record.Record) error {
	err := g.append(within, r, false)
	if r.Type == record.Intent {
		g.outage.orphaned(r, err)
	}
	return g.count(err)
}

// CommitClosing is Commit for what ends something that is on record, for which
// space is kept on a full disk.
func (g *Gateway) CommitClosing(within time.Duration, r *record.Record) error {
	return g.count(g.append(within, r, true))
}

// append is both of them, without counting a failure.
func (g *Gateway) append(within time.Duration, r *record.Record, closing bool) error {
	if err := g.hasRoom(r.Type, closing); err != nil {
		return err
	}
	commit := func(fields []byte, with encrypting) (ledger.Receipt, error) {
		return g.log.CommitWithin(within, fields, closing, with.keys[:with.n]...)
	}
	err := g.encode(r, commit)
	if closing && reasonOf(err) == "ledger-full" {
		// What is kept of the disk may be too little for the bodies.
		err = g.encode(withoutContents(r), commit)
	}
	return err
}

// Record makes r durable before it returns.
func (g *Gateway) Record(ctx context.Context, r *record.Record) error {
	if err := g.hasRoom(r.Type, false); err != nil {
		return g.count(err)
	}
	return g.count(g.encode(r, func(fields []byte, with encrypting) (ledger.Receipt, error) {
		return g.log.Commit(ctx, fields, with.keys[:with.n]...)
	}))
}

// count counts a record that could not be committed.
func (g *Gateway) count(err error) error {
	if err != nil {
		metrics.failures.WithLabelValues(g.name, reasonOf(err)).Inc()
		g.outage.note(err)
	}
	return err
}

func (g *Gateway) encode(r *record.Record, to func([]byte, encrypting) (ledger.Receipt, error)) error {
	buf := fieldBuffers.Get().(*[]byte)
	with := g.terms.get().of(r)
	fields := r.AppendEncrypted((*buf)[:0], with.Ciphers)
	if len(fields)+with.size > ledger.MaxFields {
		// A client has sent it, or the upstream: no reason to call the ledger away.
		fields = withoutContents(r).AppendEncrypted(fields[:0], with.Ciphers)
	}
	_, err := to(fields, with)
	if *buf = fields; cap(fields) <= 256<<10 {
		fieldBuffers.Put(buf)
	}
	if err == nil {
		g.meter.records[r.Type].Inc()
	}
	return err
}

// withoutContents is r with its bodies by length and digest only, and without
// originals.
func withoutContents(r *record.Record) *record.Record {
	without := func(b *record.Body) *record.Body {
		if b == nil || b.Content == nil {
			return b
		}
		c := *b
		c.Content, c.Omitted = nil, "too-large"
		return &c
	}
	short := *r
	short.Unmasked = nil
	if r.Request != nil {
		c := *r.Request
		c.Body = without(c.Body)
		short.Request = &c
	}
	if r.Response != nil {
		c := *r.Response
		c.Body = without(c.Body)
		short.Response = &c
	}
	if r.Chunk != nil {
		c := *r.Chunk
		c.Body = *without(&c.Body)
		short.Chunk = &c
	}
	return &short
}

// hasRoom refuses a record that begins something, which need not be begun, while
// the store takes no more. What has begun may end.
func (g *Gateway) hasRoom(t record.Type, closing bool) error {
	if g.room == nil || closing {
		return nil
	}
	switch t {
	case record.Intent, record.ExchangeType, record.Chunk, record.Denied, record.SessionObserved, record.ApprovalRequested,
		record.KeyIssued, record.KeyUsed, record.KeyRefused, record.KeyAnomaly:
		if err := g.room.Full(); err != nil {
			return &ledger.CommitError{Reason: "ledger-full", Err: err}
		}
	}
	return nil
}

// patient commits the approvals' records within the commit_timeout of the
// configuration in force.
type patient struct{ *Gateway }

func (p patient) Record(ctx context.Context, r *record.Record) error {
	ctx, cancel := context.WithTimeout(ctx, p.terms.get().patience)
	defer cancel()
	return p.Gateway.Record(ctx, r)
}

// unrecordedProblem is the answer to a request whose record could not be
// committed.
func unrecordedProblem(err error) exchange.Problem {
	return exchange.Problem{
		Title: "The request could not be recorded, so it was not served", Status: http.StatusServiceUnavailable,
		Reason: reasonOf(err), Detail: "try again later", RetryAfter: 5 * time.Second,
	}
}
