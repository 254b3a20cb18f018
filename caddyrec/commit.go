package caddyrec

import (
	"context"
	"errors"
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
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return g.Record(ctx, r)
}

// Record makes r durable before it returns.
func (g *Gateway) Record(ctx context.Context, r *record.Record) error {
	if g.room != nil && begins(r) {
		if err := g.room.Full(); err != nil {
			return &ledger.CommitError{Reason: "ledger-full", Err: err}
		}
	}
	buf := fieldBuffers.Get().(*[]byte)
	fields := r.AppendFields((*buf)[:0])
	_, err := g.log.Commit(ctx, fields)
	if *buf = fields; cap(fields) <= 256<<10 {
		fieldBuffers.Put(buf)
	}
	return err
}

// begins says whether r is the first record of something, which need not be
// begun. What has begun may end also while there is no room.
func begins(r *record.Record) bool {
	switch r.Type {
	case record.Intent, record.Chunk, record.Denied, record.SessionObserved, record.ApprovalRequested:
		return true
	case record.ExchangeType: // an unsafe one has its intent
		return r.Request != nil && (r.Request.Method == http.MethodGet || r.Request.Method == http.MethodHead || r.Request.Method == http.MethodOptions)
	}
	return false
}

// patient commits the approvals' records within the commit_timeout of the
// configuration in force.
type patient struct{ *Gateway }

func (p patient) Record(ctx context.Context, r *record.Record) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.patience.Load()))
	defer cancel()
	return p.Gateway.Record(ctx, r)
}

// unrecordedProblem is the answer to a request whose record could not be
// committed.
func unrecordedProblem(err error) exchange.Problem {
	p := exchange.Problem{
		Title: "The request could not be recorded, so it was not served", Status: http.StatusServiceUnavailable,
		Reason: "ledger-unavailable", Detail: "try again later", RetryAfter: 5 * time.Second,
	}
	var c *ledger.CommitError
	switch {
	case errors.As(err, &c):
		p.Reason = c.Reason
	case errors.Is(err, errClosed):
		p.Reason = "ledger-closed"
	}
	return p
}
