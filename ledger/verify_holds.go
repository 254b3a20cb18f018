package ledger

import (
	"fmt"
	"slices"
)

// statedHold is one that an intact record tells of.
type statedHold struct {
	retention
	seq uint64 // of the record
}

// keeps says whether the hold is of a segment that was purged. A bound that is
// zero is none.
func (h *statedHold) keeps(p *statedPurge) bool {
	return (h.until.IsZero() || p.from.Before(h.until)) && (h.from.IsZero() || !p.until.Before(h.from))
}

// checkHolds reports purges that contradict the log itself: a gateway purges
// nothing that a hold on record keeps, so somebody has made it blind to that.
func (v *verification) checkHolds() {
	newest, gaps := v.newest(), v.purgedGaps()
	for i := range v.purged {
		p := &v.purged[i]
		if p.seq >= newest {
			continue // anybody may have written it
		}
		for j := range v.holds {
			if h := &v.holds[j]; h.seq < p.seq && h.keeps(p) && !v.over(h, p.seq, gaps) {
				v.add(Problem{Kind: kindHold, Seq: int64(p.First), Count: int64(p.End - p.First), Offset: -1,
					Detail: fmt.Sprintf("record %d says that they were purged, while the hold %s of record %d kept them", p.seq, h.hold, h.seq)})
				break
			}
		}
	}
}

// over says whether a hold was released before record seq. The record of that
// may itself have been purged: then the release's object is taken for it.
func (v *verification) over(h *statedHold, seq uint64, gaps []gap) bool {
	if slices.ContainsFunc(v.released[h.hold], func(at uint64) bool { return h.seq < at && at < seq }) {
		return true
	}
	if !slices.ContainsFunc(gaps, func(g gap) bool { return h.seq < g.First && g.First < seq }) {
		return false
	}
	_, err := readSmall(v.src.open(holdFolder + "/" + h.hold + endedSuffix))
	return err == nil
}
