package ledger

import (
	"errors"
	"strconv"
	"strings"
)

var errIndexDamaged = errors.New("the index is damaged")

// mostSeqs bounds how many records one line of an index may name: more than a
// segment can hold.
const mostSeqs = 1 << 25

// parseSeqs reads a set of seqs. They must ascend.
func parseSeqs(text string) (seqs []uint64, err error) {
	next := uint64(0)
	for run := range strings.SplitSeq(text, ",") {
		from, to, isRun := strings.Cut(run, "-")
		first, err := strconv.ParseUint(from, 10, 63)
		last := first
		if err == nil && isRun {
			last, err = strconv.ParseUint(to, 10, 63)
		}
		if err != nil || first < next || last < first || last-first >= mostSeqs || len(seqs) >= mostSeqs {
			return nil, errIndexDamaged
		}
		for seq := first; seq <= last; seq++ {
			seqs = append(seqs, seq)
		}
		next = last + 1
	}
	return seqs, nil
}
