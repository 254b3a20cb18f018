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
	return commit(r, func(fields []byte) (ledger.Receipt, error) { return g.log.CommitWithin(within, fields) })
}

// Record makes r durable before it returns.
func (g *Gateway) Record(ctx context.Context, r *record.Record) error {
	return commit(r, func(fields []byte) (ledger.Receipt, error) { return g.log.Commit(ctx, fields) })
}

func commit(r *record.Record, to func([]byte) (ledger.Receipt, error)) error {
	buf := fieldBuffers.Get().(*[]byte)
	fields := r.AppendFields((*buf)[:0])
	_, err := to(fields)
	if *buf = fields; cap(fields) <= 256<<10 {
		fieldBuffers.Put(buf)
	}
	return err
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
