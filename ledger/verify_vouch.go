package ledger

import (
	"encoding/base64"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

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
