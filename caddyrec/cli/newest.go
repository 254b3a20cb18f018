package cli

import (
	"bytes"
	"context"
	"fmt"

	"github.com/caddyrec/caddyrec/ledger"
)

// newest are the last records that are wanted, in parts of the log, the oldest
// first, and the seq after the last record read. It reads from the newest
// segment back and, having enough, nothing older. With an error come those
// behind the segment that it is about, or, where there are none, those that are
// before it there.
func (l *list) newest(ctx context.Context, parts []stretch) (items []item, next uint64, err error) {
	most := l.last
	bar := newReading(l.con, l.src, parts)
	defer bar.end()
	if len(parts) > 0 {
		next = parts[len(parts)-1].from
	}
	for size, readable := 1, 0; len(parts) > 0; size *= 2 { // no part before readable is worth another try
		from := min(max(readable, len(parts)-size), len(parts)-1)
		for end := parts[len(parts)-1].to; from > readable && end != toTheEnd && end-parts[from].from < uint64(most-len(items)); {
			from-- // there are fewer records than are wanted
		}
		older := newLastItems(most - len(items))
		take := l.each(older.add)
		if l.want.plain() { // only those that are kept are worth reading
			take = func(line ledger.Line) error {
				return older.add(item{line: line.Raw, segment: line.Segment, seq: line.Seq})
			}
		}
		at := parts[from].from
		err = l.src.walk(parts[from:], func(line ledger.Line) error {
			at = line.Seq + 1
			next = max(next, at)
			bar.record()
			if err := take(line); err != nil {
				return err
			}
			return ctx.Err()
		})
		if err != nil && from+1 < len(parts) && ctx.Err() == nil {
			readable = len(parts) - max(1, len(behind(parts, at))) // the newer ones are there to be read
			continue
		}
		if err == nil || len(items) == 0 {
			items = append(l.read(older.all()), items...)
		}
		if err != nil || len(items) >= most {
			break
		}
		parts = parts[:from]
	}
	return items, next, err
}

// reading draws how much of a log has been read.
type reading struct {
	*progress
	done, total int64 // records
}

func newReading(con *console, src *source, parts []stretch) *reading {
	r := &reading{progress: newProgress(con, "reading "+src.log)}
	r.amount = func(n int64) string { return fmt.Sprintf("%d records", n) }
	for _, part := range parts {
		if part.to != toTheEnd { // how much the open segment has is not known
			r.total += int64(part.to - part.from)
		}
	}
	return r
}

// record counts one that was read. A clock takes as long as finding that it is
// not wanted, so it is not asked each time.
func (r *reading) record() {
	if r.done++; r.done&255 == 0 {
		r.set(r.done, r.total)
	}
}

// read reads the records that were kept as lines only.
func (l *list) read(items []item) []item {
	for i, it := range items {
		if it.record == nil {
			items[i], _ = wanted(filter{}, ledger.Line{Seq: it.seq, Raw: it.line, Segment: it.segment})
		}
	}
	return items
}

// lastItems keeps the last n of the items it is given, with their lines.
type lastItems struct {
	n    int
	kept []item
	next int // where the oldest is, once n are kept
}

func newLastItems(n int) *lastItems { return &lastItems{n: n} }

func (k *lastItems) add(it item) error {
	if k.n == 0 {
		return nil
	}
	it.line = bytes.Clone(it.line)
	if len(k.kept) < k.n {
		k.kept = append(k.kept, it)
		return nil
	}
	k.kept[k.next] = it
	k.next = (k.next + 1) % k.n
	return nil
}

// all is what is kept, the oldest first.
func (k *lastItems) all() []item {
	return append(k.kept[k.next:len(k.kept):len(k.kept)], k.kept[:k.next]...)
}
