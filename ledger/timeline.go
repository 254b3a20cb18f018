package ledger

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// jumpLeast is how far the time must go ahead from one record to the next for
// [Log.Jumped] to tell of it; restartLeast where the second says that a gateway
// has started: nobody has seen the clock go in between.
const (
	jumpLeast    = 30 * 24 * time.Hour
	restartLeast = 24 * time.Hour
)

// timed is the time in a record.
type timed struct {
	seq   uint64
	at    time.Time
	start bool // it says that a gateway has started
}

var startedType = fmt.Appendf(nil, `"type":%q`, record.GatewayStarted)

func timeIn(line []byte, seq uint64) timed {
	return timed{seq, recordTime(line), bytes.Contains(beginningOf(line), startedType)}
}

// least is how far the time may go ahead to it.
func (r timed) least() time.Duration {
	if r.start {
		return restartLeast
	}
	return jumpLeast
}

// timeline finds where the time in consecutive records jumps ahead.
type timeline struct {
	next   uint64 // the seq after the newest record
	newest time.Time
	jump   time.Time
}

// add takes the next record in. Where records are missing or were purged, a
// longer time is none of the clock's.
func (t *timeline) add(r timed) {
	if r.seq < t.next {
		return
	}
	switch {
	case r.seq == t.next && r.seq > 0 && !t.newest.IsZero() && r.at.Sub(t.newest) > r.least():
		t.jump = r.at
	case r.at.Before(t.jump.Add(-time.Hour)):
		t.jump = time.Time{} // the clock was set right since
	}
	t.next, t.newest = r.seq+1, r.at
}

// Jumped tells, of the records that were there when the log was opened, the time
// in the newest, and the time in the first behind the newest place where the
// time goes ahead by more than 30 days from one record to the next, or by more
// than a day to one that says that a gateway has started: the clock may have been
// set wrong there. Both are zero where there is none; the second
// also when later records are of before. The times are those in the records,
// which in sealed segments are proved.
func (l *Log) Jumped(ctx context.Context) (newest, jump time.Time, err error) {
	if err := l.learn(ctx); err != nil {
		return newest, jump, err
	}
	l.onRecord.learning.Lock()
	defer l.onRecord.learning.Unlock()
	return l.onRecord.times.newest, l.onRecord.times.jump, nil
}
