package frames

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// reading is the reading of pages that follow each other, under way. All but
// end is under the recording's mu.
type reading struct {
	asked int   // the page that it was begun for
	index int   // of page
	page  *page // as far as it is read
	end   int   // the first frame that is not read
	ahead int   // bytes of the page asked for, and of those read after it
	over  bool  // what is read is not so any more: it ends, and begins anew for who still waits
	more  chan struct{}
	err   error
}

// So much is read ahead of who asks, while the segment that is unpacked has more:
// it is unpacked from its beginning each time.
const (
	mostAhead  = 4 << 20 // bytes of frames
	pagesAhead = 16
)

// errEnough ends a reading that has what it was begun for.
var errEnough = errors.New("enough")

// wait is closed when there is more, or the reading has ended. Callers hold mu.
func (u *reading) wait() <-chan struct{} {
	if u.more == nil {
		u.more = make(chan struct{})
	}
	return u.more
}

// wake wakes who waits. Callers hold mu.
func (u *reading) wake() {
	if u.more != nil {
		close(u.more)
		u.more = nil
	}
}

// begin begins to read a page, or the next one on the way to it. It ends with
// ctx: others who wait for it then begin anew. Callers hold mu, and no reading is
// under way.
func (r *Recording) begin(ctx context.Context, at int) *reading {
	u := &reading{asked: at, index: len(r.pages), end: min((at+pagesAhead)*pageFrames, len(r.found.Seqs))}
	before := Frame{}
	switch {
	case at < u.index:
		u.index, before = at, r.pages[at].before
	case u.index > 0:
		before = r.pages[u.index-1].last
	}
	u.page = r.newPage(before)
	r.reading = u
	seqs := r.found.Seqs[u.index*pageFrames : u.end]
	go func() {
		err := r.read(ctx, u, seqs)
		r.mu.Lock()
		defer r.mu.Unlock()
		switch {
		case u.over:
			r.forgetFrom(u.index)
		case err == nil:
			r.add(u)
		case err != errEnough:
			r.forgetFrom(u.index)
			u.err = err
		}
		r.reading = nil
		u.wake()
	}()
	return u
}

func (r *Recording) newPage(before Frame) *page {
	return &page{before: before, last: before, read: time.Now(), purges: r.library.purges.Load()}
}

// read reads frames through the ledger's proofs, and shows each as it is met.
func (r *Recording) read(ctx context.Context, u *reading, seqs []uint64) error {
	segment := ""
	return r.library.reader.Entries(ctx, seqs, func(e ledger.Entry) error {
		n, before, more := r.next(u, e.Segment == segment)
		if !more {
			return errEnough
		}
		segment = e.Segment
		r.show(u, r.frame(n, &e, &before))
		return nil
	})
}

// next says which frame comes next, and what is before it, and turns the page for
// it; same says that its record is in the segment that is unpacked already. There
// is no more to be read when what was asked for is, and to go on would be no gain.
func (r *Recording) next(u *reading, same bool) (n int, before Frame, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u.over {
		return 0, Frame{}, false
	}
	if len(u.page.frames) == pageFrames {
		if u.index >= u.asked {
			u.ahead += u.page.size
		}
		r.add(u)
		next := u.index + 1
		known := next < len(r.pages) && r.pages[next].frames != nil
		if next > u.asked && (known || u.ahead >= mostAhead || !same) {
			return 0, Frame{}, false
		}
		u.index, u.page = next, r.newPage(u.page.last)
	}
	return u.index*pageFrames + len(u.page.frames), u.page.last, true
}

// show adds a frame to the page that is read.
func (r *Recording) show(u *reading, f Frame) {
	text := f.AppendJSON(make([]byte, 0, len(f.Record)+256))
	last := f
	last.Record = nil
	// The record is in the JSON, at its end: it is kept once.
	if f.Record != nil {
		f.Record = text[len(text)-1-len(f.Record) : len(text)-1]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := u.page
	p.fresh = p.fresh || f.Proof == ledger.Unsigned
	p.size += cap(text) + 256
	p.last = last
	p.frames = append(p.frames, Shown{f, text})
	u.wake()
}

// add adds a page that was read to those in memory. Callers hold mu.
func (r *Recording) add(u *reading) {
	p := u.page
	if len(p.frames) < pageFrames && u.index*pageFrames+len(p.frames) < len(r.found.Seqs) {
		r.forgetFrom(u.index) // it was the last, and has become longer since
		return
	}
	if u.index == len(r.pages) {
		r.pages = append(r.pages, p)
	} else {
		*r.pages[u.index] = *p
		p = r.pages[u.index]
	}
	r.hold(p)
}

// frame makes a frame of what the ledger gave, and of the frame before it.
func (r *Recording) frame(n int, e *ledger.Entry, before *Frame) Frame {
	f := Frame{Number: n, Seq: e.Seq, Proof: e.Proof, Fault: e.Fault, Of: -1, Time: before.Time, At: before.At, began: before.began}
	switch {
	case e.Purged:
		f.Kind = Purge
		return f
	case e.Proof == ledger.Damaged:
		f.Kind = Damage
		return f
	}
	head := gjson.GetManyBytes(e.Raw, "type", "time")
	f.Kind = kindOf(record.Type(head[0].String()))
	f.Record = e.Raw
	if at, err := time.Parse(time.RFC3339Nano, head[1].String()); err == nil {
		f.Time = at.UTC()
		if f.began.IsZero() {
			f.began = f.Time
		}
		f.At = max(f.At, f.Time.Sub(f.began))
	}
	if _, quoted := record.Belonging(e.Raw); quoted != nil && json.Unmarshal(bytes.Clone(quoted), &f.Exchange) == nil {
		if f.Kind == Session {
			return f // it came upon a request, and is no part of it
		}
		f.Of = r.firstOf(f.Exchange, n)
	}
	return f
}
