package provision

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/caddyrec/caddyrec/record"
)

// Refusals and anomalies cost whoever causes them nothing, so a flood of them
// must not fill the disk: past these rates they are counted, and the count is a
// record.
const (
	refusalsPerSecond  = 20
	refusalsBurst      = 200
	anomaliesPerSecond = 5
	anomaliesBurst     = 50
	countEvery         = 10 * time.Second
)

// record begins a record of an event of g, which may be nil.
func (a *Authority) record(t record.Type, g *Grant, c *Client) *record.Record {
	r := record.New(t)
	r.Key = &record.Key{Service: a.opts.Service}
	if c != nil {
		r.Client, r.Exchange = c.Record, c.Exchange
	}
	if g == nil {
		return r
	}
	k := r.Key
	k.ID, k.Kid, k.Purpose = g.ID, g.Kid, g.Purpose
	if g.Subject != "" { // as of a key that only its id tells of
		k.Subject = g.Identity()
	}
	k.Sessions, k.Client, k.MaxFrames = g.Scope.Sessions, g.Client.String(), g.MaxFrames
	k.Issued, k.Expires = when(g.Issued), when(g.Expires)
	k.From, k.Until = when(g.Scope.From), when(g.Scope.Until)
	return r
}

func when(t time.Time) *record.Time {
	if t.IsZero() {
		return nil
	}
	return &record.Time{Time: t}
}

// refused records, or counts, a refusal.
func (a *Authority) refused(ctx context.Context, why *Refusal, session string, c *Client) {
	a.floods[record.KeyRefused].tell(ctx, string(why.Reason), why.Grant, session, c)
	a.burst(ctx, why, c)
}

// RefuseMisplaced tells of a key that stood in an address, or in a header field
// other than Authorization, where logs and histories keep it. It is not looked
// at, and not recorded.
func (a *Authority) RefuseMisplaced(ctx context.Context, c Client) *Refusal {
	why := &Refusal{Reason: Misplaced, Detail: "send a key in the Authorization header only, and have this one revoked: what else a request has is logged"}
	a.refused(ctx, why, "", &c)
	return why
}

// flood writes events of one type down, or counts them.
type flood struct {
	authority *Authority
	typ       record.Type
	limit     *rate.Limiter

	mu      sync.Mutex
	counted int64
	timer   *time.Timer
	closed  bool
}

func newFlood(a *Authority, t record.Type, perSecond, burst int) *flood {
	return &flood{authority: a, typ: t, limit: rate.NewLimiter(rate.Limit(perSecond), burst)}
}

func (f *flood) tell(ctx context.Context, reason string, g *Grant, session string, c *Client) {
	a := f.authority
	own := f.take()
	event := Event{Type: f.typ, Reason: reason, Grant: g, Counted: !own}
	if c != nil {
		event.Client = c.Record
	}
	a.opts.Watch(event)
	if !own {
		return
	}
	r := a.record(f.typ, g, c)
	if g != nil {
		r.Identity = g.Identity()
	}
	r.Key.Reason, r.Key.Session = reason, session
	if err := a.opts.Recorder.Record(ctx, r); err != nil {
		a.log.Error("an event of a provisioning key could not be recorded", "event", string(f.typ), "reason", reason, "error", err)
	}
}

// take says whether an event is to be written out; if not, it has been counted.
func (f *flood) take() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.limit.Allow() {
		return true
	}
	f.counted++
	if f.timer == nil && !f.closed {
		f.timer = time.AfterFunc(countEvery, func() { f.authority.later(f.flush) })
	}
	return false
}

// flush records the count.
func (f *flood) flush(ctx context.Context) {
	f.mu.Lock()
	n := f.counted
	f.counted, f.timer = 0, nil
	f.mu.Unlock()
	if n == 0 {
		return
	}
	r := f.authority.record(f.typ, nil, nil)
	r.Key.Reason, r.Key.Suppressed = "suppressed", n
	if err := f.authority.opts.Recorder.Record(ctx, r); err != nil {
		f.authority.log.Error("a count of events of provisioning keys could not be recorded", "event", string(f.typ), "count", n, "error", err)
	}
}

func (f *flood) close() {
	f.mu.Lock()
	f.closed = true
	if f.timer != nil {
		f.timer.Stop()
	}
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), finish)
	defer cancel()
	f.flush(ctx)
}
