package ledger

import (
	"fmt"

	"github.com/tidwall/gjson"
	"golang.org/x/mod/sumdb/tlog"
)

// judge holds a segment against its chain, its neighbours and the tiles, and
// adds what its records must be to the tree.
func (v *verification) judge(s, next *scan) {
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
		v.missing(v.edge.size, first, s.segment.name)
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
		v.takeRetention(s, func(int) bool { return true })
		v.checkIndex(s, end)
	} else {
		v.dissect(s, next, first, end)
	}
	if s.segment.sealed {
		v.checkSeal(s, next, end)
	}
	v.tail, v.tailIn = entry{}, s.segment
	if n := len(s.entries); n > 0 {
		v.tail = s.entries[n-1]
	}
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

// mostClaimed bounds how far a segment's records may be apart. A gigabyte has
// fewer.
const mostClaimed = 1 << 24

// window is where the records of a segment end that are looked at one by one:
// those that its lines are, or claim to be, and the one behind. Up to end there
// may be any number more.
func (v *verification) window(s *scan, first, end uint64) uint64 {
	n := uint64(len(s.entries))
	reach := max(v.newest(), first+2*n)
	to := first + n + 1
	for i := range s.entries {
		if e := &s.entries[i]; e.valid && e.seq >= to && e.seq < reach && e.seq-first < mostClaimed {
			to = e.seq + 1
		}
	}
	return min(end, to)
}

// dissect names what is wrong in a segment.
func (v *verification) dissect(s, next *scan, first, limit uint64) {
	end := v.window(s, first, limit)
	must := v.proof.leaves(first, end)
	v.vouch(s, next, first, must)
	at := v.assign(s, first, end, must)
	state := make([]byte, end-first) // what was found of each record
	const intact, damaged = 1, 2
	var problems []Problem
	report := func(kind string, seq uint64, e *entry, detail string) {
		if v.listed+len(problems) >= mostProblems {
			v.more++
			return
		}
		problems = append(problems, Problem{Kind: kind, Seq: int64(seq), Count: 1, Segment: s.segment.name, Offset: e.off, Detail: detail})
	}
	highest := uint64(0)
	for i := range s.entries {
		if v.ctx.Err() != nil {
			return
		}
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
	v.takeRetention(s, func(i int) bool { return at[i].intact && at[i].seq >= first && at[i].seq < end })
	v.nameIDs(s, problems)
	for _, p := range problems {
		v.add(p)
	}
	for from := first; from < end; {
		to := from + 1
		switch {
		case state[from-first] == 0:
			for to < end && state[to-first] == 0 {
				to++
			}
			if to < end {
				v.add(lacking(from, to, s.segment.name))
			} else {
				v.addGap(lacking(from, limit, s.segment.name))
			}
		case to == end && end < limit:
			v.addGap(lacking(end, limit, s.segment.name))
		}
		v.countKnown(must[from-first : to-first])
		from = to
	}
	v.countGap(end, limit)
}

func because(e *entry) string {
	if e.fault == "" {
		return ""
	}
	return ": " + e.fault
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
		if e.fault != "" || v.ctx.Err() != nil {
			continue
		}
		if e.seq < first || e.seq >= end {
			known := v.proof.leaf(e.seq)
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
	at := map[int64][]int{}
	for i, p := range problems {
		want[p.Offset] = true
		at[p.Offset] = append(at[p.Offset], i)
	}
	v.linesAt(s, want, func(off int64, line []byte) {
		id := gjson.GetBytes(line, "id").String()
		if len(id) > 64 {
			return
		}
		for _, i := range at[off] {
			problems[i].ID = id
		}
	})
}

// linesAt reads some of a segment's lines again.
func (v *verification) linesAt(s *scan, want map[int64]bool, fn func(int64, []byte)) {
	if len(want) == 0 {
		return
	}
	f, err := openSegmentFile(v.src, s.segment)
	if err != nil {
		return
	}
	defer f.Close()
	lines := newLineReader(&bounded{f, mostUnpacked})
	lines.lenient = true
	for left := len(want); left > 0 && v.ctx.Err() == nil; {
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
