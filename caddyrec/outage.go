package caddyrec

import (
	"errors"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// outage watches over the time in which records cannot be committed. While it
// lasts a record about it is tried again and again: what was refused is then in
// the log too, and the gateway finds out that it is over without any request.
type outage struct {
	gateway *Gateway

	mu     sync.Mutex
	since  time.Time // zero while there is none
	reason string
	failed int64
	timer  *time.Timer
	over   bool // the gateway is closing
}

// outageRetry is the time between attempts to record an outage.
const outageRetry = time.Second

// note counts a record that could not be committed.
func (o *outage) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed++
	if !o.since.IsZero() || o.over {
		return
	}
	o.since, o.reason = time.Now(), reasonOf(err)
	o.timer = time.AfterFunc(outageRetry, o.tell)
}

// tell records the outage, which thereby is over.
func (o *outage) tell() {
	o.mu.Lock()
	since, failed := record.Time{Time: o.since.UTC()}, o.failed
	r := record.New(record.GatewayOutage)
	r.Gateway = &record.Gateway{Since: &since, Reason: o.reason, Failed: failed}
	o.mu.Unlock()
	err := o.gateway.append(outageRetry, r, false)

	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && !o.over:
		o.timer = time.AfterFunc(outageRetry, o.tell)
	case err == nil && o.failed > failed && !o.over: // more came meanwhile
		o.since, o.failed = time.Now(), o.failed-failed
		o.timer = time.AfterFunc(outageRetry, o.tell)
	default:
		o.since, o.reason, o.failed = time.Time{}, "", 0
	}
}

// state says since when there is an outage, and why; since is zero when there
// is none.
func (o *outage) state() (since time.Time, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since, o.reason
}

// stop makes no further attempts.
func (o *outage) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	if o.timer != nil {
		o.timer.Stop()
	}
}

// reasonOf is the fixed word for why a record could not be committed.
func reasonOf(err error) string {
	var c *ledger.CommitError
	switch {
	case errors.As(err, &c):
		return c.Reason
	case errors.Is(err, errClosed):
		return "ledger-closed"
	}
	return "ledger-unavailable"
}
