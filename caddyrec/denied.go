package caddyrec

import (
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/caddyrec/caddyrec/record"
)

// Refusals cost a client nothing, so a flood of them must not fill the disk:
// past this rate they are counted, and the count is a record.
const (
	denialsPerSecond = 50
	denialsBurst     = 500
	// Refused requests are recorded up to so many bytes a second, and so many at
	// once; beyond that without what a client can make large.
	deniedBytesPerSecond = 1 << 20
	deniedBytesBurst     = 8 << 20
	floodURL             = 256
	countEvery           = 10 * time.Second
)

// denials writes refusals down, or counts them.
type denials struct {
	gateway *Gateway
	limit   *rate.Limiter
	bytes   *rate.Limiter

	mu      sync.Mutex
	counted int64
	last    record.Denial
	timer   *time.Timer
}

// Deny records that the gateway refused a request. more, which may be nil,
// adds what the one who refused knows. The refusal stands whether or not it
// can be recorded; a failure is logged.
func (v *Visit) Deny(d record.Denial, more func(*record.Record)) {
	metrics.refusals.WithLabelValues(v.gateway.name, d.By, d.Reason).Inc()
	if !v.gateway.denials.take(d) {
		return
	}
	r := v.Record(record.Denied)
	r.Denial = &d
	if more != nil {
		more(r)
	}
	v.gateway.denials.bound(r)
	if err := v.Commit(r); err != nil {
		v.app.logger.Error("a refusal could not be recorded", zap.String("exchange", v.ID),
			zap.String("by", d.By), zap.String("reason", d.Reason), zap.Error(err))
	}
}

// take says whether d is to be written out; if not, it has been counted.
func (n *denials) take(d record.Denial) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.limit == nil {
		n.limit = rate.NewLimiter(denialsPerSecond, denialsBurst)
		n.bytes = rate.NewLimiter(deniedBytesPerSecond, deniedBytesBurst)
	}
	if n.limit.Allow() {
		return true
	}
	n.counted++
	n.last = record.Denial{By: d.By, Status: d.Status, Reason: "suppressed"}
	if n.timer == nil {
		n.timer = time.AfterFunc(countEvery, n.flush)
	}
	return false
}

// bound takes out of r what a client can make large, when too much was written
// of late.
func (n *denials) bound(r *record.Record) {
	buf := fieldBuffers.Get().(*[]byte)
	fields := r.AppendFields((*buf)[:0])
	size := len(fields)
	if r.Unmasked != nil && r.Unmasked.Request != nil {
		size += len(r.Unmasked.Request.Body)
	}
	if *buf = fields; cap(fields) <= 256<<10 {
		fieldBuffers.Put(buf)
	}
	if n.bytes.AllowN(time.Now(), size) {
		return
	}
	r.Unmasked = nil
	if r.Request == nil {
		return
	}
	if len(r.Request.URL) > floodURL {
		r.Request.URL = strings.ToValidUTF8(r.Request.URL[:floodURL], "") + "…"
	}
	if len(r.Masked) > 1 {
		r.Masked = []record.Masked{{Part: r.Masked[0].Part, Rule: "more", Action: r.Masked[0].Action, Count: len(r.Masked)}}
	}
	if r.Request.Body == nil || r.Request.Body.Content == nil {
		return
	}
	body := *r.Request.Body
	body.Content, body.Omitted = nil, "flood"
	r.Request.Body = &body
}

// flush records the count.
func (n *denials) flush() {
	n.mu.Lock()
	d := n.last
	d.Suppressed = n.counted
	n.counted, n.timer = 0, nil
	n.mu.Unlock()
	if d.Suppressed == 0 {
		return
	}
	r := record.New(record.Denied)
	r.Denial = &d
	if err := n.gateway.Commit(10*time.Second, r); err != nil {
		n.gateway.logger.Error("a count of refusals could not be recorded", zap.Int64("count", d.Suppressed), zap.Error(err))
	}
}
