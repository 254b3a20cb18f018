package ledger

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"
	"golang.org/x/mod/sumdb/tlog"
)

// judge holds a segment against its chain, its neighbours and the tiles, and
// adds what its records must be to the tree.
func (v *verification) judge(s, next *scan) error {
	v.report.Segments++
	v.report.Bytes += s.bytes
	if v.report.First.IsZero() && s.first.Unix() != 0 {
		v.report.First = s.first
	}
	if !s.last.IsZero() && s.last.Unix() != 0 {
		v.report.Last = s.last
	}
	if s.err != nil {
		v.aboutFile(kindSegment, s.segment.name, "it cannot be read to its end: %v", s.err)
	}
	first := s.segment.first
	if v.edge.size < first {
		v.missing(v.edge.size, first, s.segment.name, v.known(v.edge.size, first))
	}
	end := s.limit
	if end == noLimit {
		end = first
		for _, e := range s.entries {
			if e.valid && e.seq >= end && e.seq < max(v.newest(), first+2*uint64(len(s.entries))) {
				end = e.seq + 1
			}
		}
		end = max(end, min(first+uint64(len(s.entries)), v.newest()))
	}
	if s.segment.sealed {
		v.sealedEnd = end
	}
	if v.flawless(s, next, end) {
		v.report.Records += len(s.entries)
		for _, e := range s.entries {
			v.count(e.hash)
		}
		v.takePurges(s, func(int) bool { return true })
	} else {
		v.dissect(s, next, first, end)
	}
	if s.segment.sealed {
		v.checkSeal(s, next, end)
	}
	v.tail = entry{}
	if n := len(s.entries); n > 0 {
		v.tail = s.entries[n-1]
	}
	return nil
}

// flawless is the quick way: every line in its place, chained, and as the tiles
// have it.
func (v *verification) flawless(s, next *scan, end uint64) bool {
	if s.err != nil || v.broken || v.edge.size != s.segment.first || uint64(len(s.entries)) != end-s.segment.first {
		return false
	}
	prev := v.last
	for i, e := range s.entries {
		if e.fault != "" || e.seq != s.segment.first+uint64(i) || e.prev != prev {
			return false
		}
		prev = e.hash
	}
	if next != nil && len(next.entries) > 0 && len(s.entries) > 0 && next.entries[0].valid && next.entries[0].prev != prev {
		return false
	}
	return !s.segment.sealed || v.proof.agrees(s.entries)
}

// known gives what records [from,to) must be, by tiles; nil where they do not
// tell.
func (v *verification) known(from, to uint64) []*tlog.Hash {
	return v.proof.leaves(from, to)
}

// dissect names what is wrong in a segment.
func (v *verification) dissect(s, next *scan, first, end uint64) {
	must := v.known(first, end)
	v.vouch(s, next, first, must)
	at := v.assign(s, first, end, must)
	state := make([]byte, end-first) // what was found of each record
	const intact, damaged = 1, 2
	var problems []Problem
	report := func(kind string, seq uint64, e *entry, detail string) {
		problems = append(problems, Problem{Kind: kind, Seq: int64(seq), Count: 1, Segment: s.segment.name, Offset: e.off, Detail: detail})
	}
	highest := uint64(0)
	for i := range s.entries {
		e, seq := &s.entries[i], at[i].seq
		inside := seq >= first && seq < end
		switch {
		case at[i].intact && !inside:
			report(kindReordered, seq, e, fmt.Sprintf("record %d is not of this segment", seq))
		case at[i].intact && state[seq-first] == intact:
			report(kindDuplicate, seq, e, fmt.Sprintf("record %d is there again", seq))
		case at[i].intact:
			state[seq-first] = intact
			v.report.Records++
			if seq < highest {
				report(kindReordered, seq, e, fmt.Sprintf("record %d stands behind record %d", seq, highest))
			}
			highest = max(highest, seq)
			if !v.follows(e, seq, first, must) {
				report(kindDamaged, seq, e, fmt.Sprintf("record %d does not follow record %d: from it on the records are of another history", seq, seq-1))
			}
			if must[seq-first] == nil {
				must[seq-first] = &e.hash
			}
		case !inside || state[seq-first] == intact:
			report(kindInserted, seq, e, "the line is no record of the log"+because(e))
		default:
			state[seq-first] = damaged
			highest = max(highest, seq)
			report(kindDamaged, seq, e, fmt.Sprintf("record %d is changed%s", seq, because(e)))
			if must[seq-first] == nil {
				must[seq-first] = &e.hash
			}
		}
	}
	v.takePurges(s, func(i int) bool { return at[i].intact && at[i].seq >= first && at[i].seq < end })
	v.nameIDs(s, problems)
	v.report.Problems = append(v.report.Problems, problems...)
	for from := first; from < end; from++ {
		if state[from-first] != 0 {
			v.countKnown(must[from-first : from-first+1])
			continue
		}
		to := from + 1
		for to < end && state[to-first] == 0 {
			to++
		}
		v.missing(from, to, s.segment.name, must[from-first:to-first])
		from = to - 1
	}
}

// follows says whether a record's prev is the hash of what must be before it,
// as far as that is known. Records that vouch for each other may be spliced
// behind others, which they do not.
func (v *verification) follows(e *entry, seq, first uint64, must []*tlog.Hash) bool {
	switch {
	case seq == 0 || seq == first && (v.broken || v.edge.size != first):
		return true
	case seq == first:
		return e.prev == v.last
	}
	before := must[seq-first-1]
	return before == nil || e.prev == *before
}

func because(e *entry) string {
	if e.fault == "" {
		return ""
	}
	return ": " + e.fault
}

// vouch fills in, where tiles do not tell, what a record must be by the prev of
// the one after it. A prev that was itself changed vouches for nothing.
func (v *verification) vouch(s, next *scan, first uint64, must []*tlog.Hash) {
	bySeq := map[uint64]*entry{}
	entries := s.entries
	if next != nil && len(next.entries) > 0 && next.entries[0].valid {
		entries = append(slices.Clip(entries), next.entries[0])
	}
	for i := range entries {
		// Of two that say they are the same record, the one in its place.
		if e := &entries[i]; e.valid && (bySeq[e.seq] == nil || e.seq == first+uint64(i)) {
			bySeq[e.seq] = e
		}
	}
	for i := range must {
		seq := first + uint64(i)
		after, self := bySeq[seq+1], bySeq[seq]
		if must[i] != nil || after == nil {
			continue
		}
		if self != nil && self.hash != after.prev && v.prevWasChanged(s, after, self.hash, func(fixed tlog.Hash) bool {
			if next := bySeq[seq+2]; next != nil {
				return after.hash != next.prev && fixed == next.prev
			}
			return v.signedFor(append(slices.Clip(must[:i]), &self.hash, &fixed))
		}) {
			must[i] = &self.hash
			continue
		}
		must[i] = &after.prev
	}
}

// prevWasChanged says whether a record's only change is its prev: with the
// other prev its hash is the right one.
func (v *verification) prevWasChanged(s *scan, e *entry, prev tlog.Hash, right func(tlog.Hash) bool) bool {
	whole := false
	v.linesAt(s, map[int64]bool{e.off: true}, func(_ int64, line []byte) {
		h, ok := parseHead(line)
		if !ok || len(h.prev) != prevLen {
			return
		}
		base64.StdEncoding.Encode(h.prev, prev[:]) // h.prev is in line
		var hasher leafHasher
		whole = right(hasher.sum(line))
	})
	return whole
}

// signedFor says whether a checkpoint is signed for the log so far and these
// records.
func (v *verification) signedFor(more []*tlog.Hash) bool {
	tree := v.edge
	for _, h := range more {
		if h == nil {
			return false
		}
		tree.add(*h)
	}
	root := tree.root()
	return !v.broken && slices.ContainsFunc(v.signed, func(c signedFile) bool { return c.size == tree.size && c.root == root })
}

// placed is where a line belongs.
type placed struct {
	seq    uint64
	intact bool
}

// assign finds which record each line is, or was. Where nothing tells what a
// record must be, the first line counts that follows the record before.
func (v *verification) assign(s *scan, first, end uint64, must []*tlog.Hash) []placed {
	at := make([]placed, len(s.entries))
	for i := range s.entries {
		e := &s.entries[i]
		if e.fault != "" {
			continue
		}
		if e.seq < first || e.seq >= end {
			known := v.known(e.seq, e.seq+1)[0]
			at[i] = placed{e.seq, known != nil && *known == e.hash}
			continue
		}
		n := e.seq - first
		if must[n] == nil {
			before := &v.last
			if n > 0 {
				before = must[n-1]
			}
			if before == nil || *before == e.prev {
				must[n] = &e.hash
			}
		}
		at[i] = placed{e.seq, must[n] != nil && *must[n] == e.hash}
	}
	for i := range at {
		if at[i].intact {
			continue
		}
		switch {
		case i+1 < len(at) && at[i+1].intact && at[i+1].seq > first:
			at[i].seq = at[i+1].seq - 1
		case i > 0:
			at[i].seq = at[i-1].seq + 1
		default:
			at[i].seq = first
		}
	}
	return at
}

// nameIDs puts the ids of the records concerned into problems.
func (v *verification) nameIDs(s *scan, problems []Problem) {
	want := map[int64]bool{}
	for _, p := range problems {
		want[p.Offset] = true
	}
	v.linesAt(s, want, func(off int64, line []byte) {
		id := gjson.GetBytes(line, "id").String()
		if len(id) > 64 {
			return
		}
		for i := range problems {
			if problems[i].Offset == off {
				problems[i].ID = id
			}
		}
	})
}

// linesAt reads some of a segment's lines again.
func (v *verification) linesAt(s *scan, want map[int64]bool, fn func(int64, []byte)) {
	f, err := openSegmentFile(v.src, s.segment)
	if err != nil {
		return
	}
	defer f.Close()
	lines := newLineReader(f)
	lines.lenient = true
	for left := len(want); left > 0; {
		line, off, err := lines.next()
		if err != nil {
			return
		}
		if want[off] {
			fn(off, line)
			left--
		}
	}
}
