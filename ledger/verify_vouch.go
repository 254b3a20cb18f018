package ledger

import (
	"cmp"
	"encoding/base64"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// vouch fills in, where tiles do not tell, what a record must be by the prev of
// the one after it. A prev that was itself changed vouches for nothing.
func (v *verification) vouch(s, next *scan, first uint64, must []*tlog.Hash) {
	claims := make([]*entry, len(must)+2) // what says to be each record, and the two behind
	claim := func(e *entry, inPlace bool) {
		// Of two that say they are the same record, the one in its place.
		if n := e.seq - first; e.valid && e.seq >= first && n < uint64(len(claims)) && (claims[n] == nil || inPlace) {
			claims[n] = e
		}
	}
	for i := range s.entries {
		claim(&s.entries[i], s.entries[i].seq == first+uint64(i))
	}
	if next != nil && len(next.entries) > 0 {
		claim(&next.entries[0], next.entries[0].seq == first+uint64(len(s.entries)))
	}
	fixed := v.withPrev(s, next, first, must, claims)
	for i := range must {
		self, after := claims[i], claims[i+1]
		if must[i] != nil || after == nil {
			continue
		}
		if hash, ok := fixed[after]; ok {
			// With the other prev its hash is the right one: only that was changed.
			if behind := claims[i+2]; behind != nil && hash == behind.prev || behind == nil && v.signedFor(append(slices.Clip(must[:i]), &self.hash, &hash)) {
				must[i] = &self.hash
				continue
			}
		}
		must[i] = &after.prev
	}
}

// withPrev gives the hashes that records would have if their
// prev were the hash of what stands before them, where that would explain
// something. The segment is read once for all of them.
func (v *verification) withPrev(s, next *scan, first uint64, must []*tlog.Hash, claims []*entry) map[*entry]tlog.Hash {
	want := map[int64]bool{}
	at := map[int64]int{} // by offset, the record before
	for i := range must {
		self, after, behind := claims[i], claims[i+1], claims[i+2]
		switch {
		case must[i] != nil, self == nil, after == nil, self.hash == after.prev:
		case next != nil && len(next.entries) > 0 && after == &next.entries[0]: // in another file
		case behind != nil && after.hash != behind.prev, behind == nil && v.isSigned(first+uint64(i)+2):
			want[after.off], at[after.off] = true, i
		}
	}
	fixed := map[*entry]tlog.Hash{}
	var hasher leafHasher
	v.linesAt(s, want, func(off int64, line []byte) {
		if h, ok := parseHead(line); ok && len(h.prev) == prevLen {
			base64.StdEncoding.Encode(h.prev, claims[at[off]].hash[:]) // h.prev is in line
			fixed[claims[at[off]+1]] = hasher.sum(line)
		}
	})
	return fixed
}

// isSigned says whether a checkpoint is signed for so many records.
func (v *verification) isSigned(size uint64) bool {
	_, ok := slices.BinarySearchFunc(v.signed, size, func(c signedFile, size uint64) int { return cmp.Compare(c.size, size) })
	return ok
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
