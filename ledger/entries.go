package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Entries gives fn the records of these seqs, which ascend, in order and each
// with its proof. One that is damaged, missing or purged is given as that. The
// segments that they are in are read, and no others. Raw is valid until fn
// returns. It ends with the first error, fn's, ctx's, or one of the store that
// may pass.
func (r *Reader) Entries(ctx context.Context, seqs []uint64, fn func(Entry) error) error {
	given := 0
	var own error
	err := r.again(ctx, func(v *view) error {
		return v.entries(seqs[given:], func(e Entry) error {
			if own = fn(e); own != nil {
				return own
			}
			given++
			return nil
		})
	})
	if err != nil && err != own {
		return fmt.Errorf("reading records: %w", err)
	}
	return err
}

func (v *view) entries(seqs []uint64, fn func(Entry) error) error {
	for len(seqs) > 0 {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		seq := seqs[0]
		i, at := slices.BinarySearchFunc(v.sealed, seq, func(s segment, seq uint64) int {
			return int(min(1, max(-1, int64(s.first)-int64(seq))))
		})
		if !at {
			i--
		}
		n, err := 1, error(nil)
		switch {
		case seq >= v.base:
			n = len(seqs)
			err = v.openEntries(seqs, fn)
		case i >= 0 && seq < v.end(i):
			n, _ = slices.BinarySearch(seqs, v.end(i))
			err = v.sealedEntries(v.sealed[i], v.end(i), seqs[:n], fn)
		default:
			err = fn(v.absent(seq))
		}
		if err != nil {
			return err
		}
		seqs = seqs[n:]
	}
	return nil
}

// absent is a record that no segment holds.
func (v *view) absent(seq uint64) Entry {
	for _, g := range v.holes {
		if g.has(seq) {
			e := damaged(seq, "", "records %d to %d were purged", g.First, g.End-1)
			e.Purged = true
			return e
		}
	}
	return damaged(seq, "", "its segment is gone")
}

// sealedEntries reads records of one sealed segment, which ends before record
// end: those of seqs, or, when that is nil, all. Each is held against what the
// tiles say that it was.
func (v *view) sealedEntries(s segment, end uint64, seqs []uint64, fn func(Entry) error) error {
	p := sealedPass{view: v, segment: s, end: end, seqs: seqs, all: seqs == nil, next: s.first, fn: fn}
	if !p.all {
		p.next = seqs[0]
	}
	return p.run()
}

// sealedPass is one reading of a sealed segment.
type sealedPass struct {
	*view
	segment segment
	end     uint64
	seqs    []uint64 // wanted still, unless all are
	all     bool
	next    uint64 // the first that is wanted; end: none is
	fn      func(Entry) error

	hasher leafHasher
	known  []tlog.Hash // of seqs, as they were signed
	fault  error       // why nothing is known
}

func (p *sealedPass) run() error {
	proof, err := p.vouched()
	if err == nil && !p.all {
		p.known, err = proof.leaves(p.seqs)
	}
	if p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	p.fault = err
	f, err := openSegmentFile(p.src, p.segment)
	if errors.Is(err, fs.ErrNotExist) {
		return err // purged since it was listed, perhaps
	}
	if err != nil {
		return p.rest("its segment cannot be read: %v", err)
	}
	defer f.Close()
	lines := newLineReader(&bounded{f, mostUnpacked})
	lines.lenient = true
	for seq := p.segment.first; p.next < p.end; seq++ {
		line, _, err := lines.next()
		if p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		if err == io.EOF {
			return p.rest("it is gone")
		}
		if err != nil {
			return p.rest("its segment cannot be read up to it: %v", err)
		}
		// A line is what its place says, unless it proves to be another.
		if h, ok := parseHead(line); ok && h.seq != seq && h.seq >= p.segment.first && h.seq < p.end && p.proves(h.seq, line) {
			seq = h.seq
		}
		for p.next < min(seq, p.end) {
			if err := p.give(damaged(p.next, p.segment.name, "it is gone")); err != nil {
				return err
			}
		}
		if p.next != seq {
			continue
		}
		e := Entry{Seq: seq, Proof: Signed, Raw: line, Segment: p.segment.name}
		if p.fault != nil {
			e = damaged(seq, p.segment.name, "%v", p.fault)
		} else if !p.proves(seq, line) {
			e = damaged(seq, p.segment.name, "it is not what was signed")
		}
		if err := p.give(e); err != nil {
			return err
		}
	}
	return nil
}

// proves says whether a line is a record as it was signed.
func (p *sealedPass) proves(seq uint64, line []byte) bool {
	if p.fault != nil {
		return false
	}
	want, err := tlog.Hash{}, error(nil)
	if !p.all && len(p.seqs) > 0 && seq == p.seqs[0] {
		want = p.known[0]
	} else {
		want, err = p.proof.leaf(seq, p.end)
	}
	if err != nil {
		p.fault = err
		return false
	}
	return p.hasher.sum(line) == want
}

// give gives the record that is wanted next.
func (p *sealedPass) give(e Entry) error {
	if err := p.fn(e); err != nil {
		return err
	}
	if p.all {
		p.next++
		return nil
	}
	p.seqs, p.next = p.seqs[1:], p.end
	if p.known != nil {
		p.known = p.known[1:]
	}
	if len(p.seqs) > 0 {
		p.next = p.seqs[0]
	}
	return nil
}

// rest gives all that is still wanted as damaged. When all is wanted, one
// stands for the rest.
func (p *sealedPass) rest(format string, args ...any) error {
	for p.next < p.end {
		if err := p.give(damaged(p.next, p.segment.name, format, args...)); err != nil || p.all {
			return err
		}
	}
	return nil
}
