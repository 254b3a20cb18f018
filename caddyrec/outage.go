package caddyrec

import (
	"errors"
	"net/http"
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
	// orphans are the refusals of requests whose intent may be in the log though
	// nobody was told so.
	orphans []*record.Record
}

// maxOrphans bounds the refusals that are kept: more than one batch of the
// ledger's, which is what is being written at a time, seldom holds.
const maxOrphans = 8192

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

// orphaned keeps the refusal of a request whose intent could not be committed in
// time, so that it is not taken for one that may have run, should the intent
// come to be in the log.
func (o *outage) orphaned(intent *record.Record, err error) {
	var c *ledger.CommitError
	if !errors.As(err, &c) || !c.Uncertain {
		return
	}
	r := record.New(record.Denied)
	r.Identity, r.Session, r.Exchange = intent.Identity, intent.Session, intent.Exchange
	r.Denial = &record.Denial{By: "caddyrec", Status: http.StatusServiceUnavailable, Reason: c.Reason}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.orphans) < maxOrphans {
		o.orphans = append(o.orphans, r)
	}
}

// settle records the refusals that were kept. What was being written when they
// came is in the log by now, or never will be: the committer is past it.
func (o *outage) settle() {
	for {
		o.mu.Lock()
		if len(o.orphans) == 0 {
			o.mu.Unlock()
			return
		}
		r := o.orphans[0]
		o.orphans = o.orphans[1:]
		o.mu.Unlock()
		// It ends what the intent began.
		if err := o.gateway.append(outageRetry, r, true); err != nil {
			o.mu.Lock()
			o.orphans = append(o.orphans, r)
			o.mu.Unlock()
			o.note(err) // and again when that is over
			return
		}
	}
}

// tell records the outage, which thereby is over.
func (o *outage) tell() {
	if o.record() {
		o.settle()
	}
}

// record records the outage and says whether that went well.
func (o *outage) record() bool {
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
	return err == nil
}

// state says since when there is an outage, and why; since is zero when there
// is none.
func (o *outage) state() (since time.Time, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since, o.reason
}

// stop makes no further attempts but the last, about what was refused.
func (o *outage) stop() {
	o.mu.Lock()
	o.over = true
	if o.timer != nil {
		o.timer.Stop()
	}
	o.mu.Unlock()
	o.settle()
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
