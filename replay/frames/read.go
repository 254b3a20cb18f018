package frames

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// read reads the frames of one page, of which from is the first, through the
// ledger's proofs.
func (r *Recording) read(ctx context.Context, from int, seqs []uint64, before Frame) (*page, error) {
	p := &page{before: before, last: before, read: time.Now()}
	err := r.library.reader.Entries(ctx, seqs, func(e ledger.Entry) error {
		f := r.frame(from+len(p.frames), &e, &p.last)
		p.fresh = p.fresh || f.Proof == ledger.Unsigned
		text := f.AppendJSON(make([]byte, 0, len(f.Record)+256))
		p.size += cap(text) + 256
		p.last = f
		p.last.Record = nil
		// The record is in the JSON, at its end: it is kept once.
		if f.Record != nil {
			f.Record = text[len(text)-1-len(f.Record) : len(text)-1]
		}
		p.frames = append(p.frames, Shown{f, text})
		return nil
	})
	return p, err
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
