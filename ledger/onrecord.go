package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// onRecord is what the log's own records say of its retention, and when they
// were written. What is in the folder beside them anybody who can write there
// can change. The open segments are read when the log is opened, the sealed ones
// by [Log.learn], and what comes later is added when it is committed.
type onRecord struct {
	learning sync.Mutex      // held while sealed segments are read
	base     uint64          // records before it were sealed when the log was opened
	unread   []segment       // sealed segments to be read, again where they are damaged
	told     map[string]bool // what was complained of already
	learned  bool            // the sealed segments were read once
	open     []timed         // of the records in open segments
	times    timeline

	mu     sync.Mutex
	holds  map[string]*heldRecord
	purged map[gap]uint64 // with the newest record that says so
}

// heldRecord is a hold with the records that begin and end it. A release may be
// known before its hold is.
type heldRecord struct {
	Hold
	held, released     bool
	heldAt, releasedAt uint64
}

// retentionTypes begins the types of records about retention.
var retentionTypes = []byte(`"type":"retention.`)

// take takes a line in. A line that is not vouched for, by a tile or a signed
// checkpoint, can only keep something.
func (o *onRecord) take(line []byte, seq uint64, vouched bool) {
	if !bytes.Contains(beginningOf(line), retentionTypes) {
		return
	}
	var r struct {
		Time      time.Time         `json:"time"`
		Type      record.Type       `json:"type"`
		Retention *record.Retention `json:"retention"`
	}
	if json.Unmarshal(line, &r) != nil || r.Retention == nil {
		return
	}
	switch what := r.Retention; {
	case r.Type == record.RetentionHeld && what.Hold != "":
		h := Hold{ID: what.Hold, Why: what.Why, By: what.By, Since: r.Time.UTC()}
		if what.From != nil {
			h.From = what.From.UTC()
		}
		if what.Until != nil {
			h.Until = what.Until.UTC()
		}
		o.hold(h, seq)
	case r.Type == record.RetentionReleased && vouched:
		o.release(what.Hold, r.Time.UTC(), seq)
	case r.Type == record.RetentionPurged && vouched:
		o.purge(gap{uint64(what.First), uint64(what.First + what.Records)}, seq)
		for _, e := range what.Earlier {
			o.purge(gap{uint64(e.First), uint64(e.First + e.Records)}, seq)
		}
	}
}

// of is the entry of a hold. Callers have mu.
func (o *onRecord) of(id string) *heldRecord {
	if o.holds == nil {
		o.holds = map[string]*heldRecord{}
	}
	if o.holds[id] == nil {
		o.holds[id] = &heldRecord{}
	}
	return o.holds[id]
}

func (o *onRecord) hold(h Hold, seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.of(h.ID)
	h.Released = e.Released
	e.Hold, e.held, e.heldAt = h, true, seq
}

func (o *onRecord) release(id string, at time.Time, seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.of(id)
	e.Released, e.released, e.releasedAt = at, true, seq
}

func (o *onRecord) purge(g gap, seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.purged == nil {
		o.purged = map[gap]uint64{}
	}
	o.purged[g] = max(o.purged[g], seq)
}

// toldIn are the purges of which no record tells behind those.
func (o *onRecord) toldIn(g gap) (all []gap) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for purged, seq := range o.purged {
		if seq < g.End {
			all = append(all, purged)
		}
	}
	return joined(all)
}

func (o *onRecord) isPurged(g gap) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.purged[g]
	return ok
}

// hasPurged says whether a record tells of the purge of record seq.
func (o *onRecord) hasPurged(seq uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for g := range o.purged {
		if g.has(seq) {
			return true
		}
	}
	return false
}

// needs says whether records without which a hold would not be known, or would
// be taken to be in force again, are among those.
func (o *onRecord) needs(g gap) (id string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, e := range o.holds {
		begins, ends := e.held && g.has(e.heldAt), e.released && g.has(e.releasedAt)
		if begins && !e.released || ends && e.held && !begins {
			return id, true
		}
	}
	return "", false
}

// forget drops the holds whose beginning was purged: they are over.
func (o *onRecord) forget(g gap) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, e := range o.holds {
		if e.held && g.has(e.heldAt) || e.released && !e.held && g.has(e.releasedAt) {
			delete(o.holds, id)
		}
	}
}

// list gives the holds that records begin.
func (o *onRecord) list() (all []Hold) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.holds {
		if e.held {
			all = append(all, e.Hold)
		}
	}
	slices.SortFunc(all, func(a, b Hold) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// replayed takes in a line of an open segment while the log is opened.
func (o *onRecord) replayed(line []byte, seq uint64, signed bool) {
	o.take(line, seq, signed)
	at := timeIn(line, seq)
	if n := len(o.open); n == 0 || at.at.Sub(o.open[n-1].at).Abs() > time.Minute {
		o.open = append(o.open, at)
	}
}

// learn reads what was sealed when the log was opened, once, for what it says of
// holds and purges. A damaged segment is told of, and read again the next time.
// The error is of the store or the context.
func (l *Log) learn(ctx context.Context) error {
	o := &l.onRecord
	o.learning.Lock()
	defer o.learning.Unlock()
	r := purging{log: l, src: l.storeSource()}
	r.src.ctx = ctx
	if !o.learned {
		sealed, err := segments(r.src, sealedFolder)
		if err != nil {
			return err
		}
		o.unread = slices.DeleteFunc(sealed, func(s segment) bool { return s.first >= o.base })
	}
	var damaged []segment
	for _, s := range o.unread {
		err := r.learnSegment(s)
		var fault *storeFault
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &fault):
			return fmt.Errorf("looking in %s for legal holds: %w", s.name, err)
		default:
			damaged = append(damaged, s)
			l.complain("%s is damaged (%v), so that legal holds whose beginning it records are known from their files only: run caddy rec verify", s.name, err)
		}
	}
	o.unread = damaged
	if !o.learned {
		for _, t := range o.open {
			o.times.next = t.seq // open segments have no gaps
			o.times.add(t)
		}
		o.learned, o.open = true, nil
	}
	return nil
}

// complain reports a problem once. Callers hold learning.
func (l *Log) complain(format string, args ...any) {
	o, text := &l.onRecord, fmt.Sprintf(format, args...)
	if o.told[text] {
		return
	}
	if o.told == nil {
		o.told = map[string]bool{}
	}
	o.told[text] = true
	l.problem(errors.New(text))
}

// learnSegment reads one sealed segment, each line of which a tile proves.
func (r *purging) learnSegment(s segment) (err error) {
	o := &r.log.onRecord
	if r.proof == nil {
		if r.proof, err = r.newLeafProof(o.base); err != nil {
			return err
		}
	}
	return r.lines(s, o.base, func(line []byte, seq uint64) {
		o.take(line, seq, true)
		o.times.add(timeIn(line, seq))
	})
}
