package ledger

import "fmt"

// mostProblems bounds the list: whoever can write files can make millions.
const mostProblems = 1000

// add adds a problem while there is room.
func (v *verification) add(p Problem) {
	if v.full() {
		v.more++
		return
	}
	v.listed++
	v.report.Problems = append(v.report.Problems, p)
}

func (v *verification) full() bool { return v.listed >= mostProblems }

// addGap adds a problem that may turn out to be none, see excusePurged: there
// is room for it until then. There is one for each segment at most.
func (v *verification) addGap(p Problem) { v.report.Problems = append(v.report.Problems, p) }

// endList closes the list with how many more there are.
func (v *verification) endList() {
	if n := len(v.report.Problems); n > mostProblems {
		v.report.Problems = v.report.Problems[:mostProblems]
		v.more += n - mostProblems
	}
	if v.more > 0 {
		v.report.Problems = append(v.report.Problems, Problem{Kind: kindMore, Seq: -1, Count: int64(v.more), Offset: -1,
			Detail: fmt.Sprintf("%d more problems are not listed", v.more)})
	}
}

// aboutFile adds a problem that is not about records.
func (v *verification) aboutFile(kind, file, format string, args ...any) {
	v.add(Problem{Kind: kind, Seq: -1, Segment: file, Offset: -1, Detail: fmt.Sprintf(format, args...)})
}

// lacking is the problem that records [from,to) are missing.
func lacking(from, to uint64, segment string) Problem {
	return Problem{Kind: kindMissing, Seq: int64(from), Count: int64(to - from), Segment: segment, Offset: -1,
		Detail: areGone(from, to)}
}

// areGone says that records [from,to) are.
func areGone(from, to uint64) string {
	if to == from+1 {
		return fmt.Sprintf("record %d is gone", from)
	}
	return fmt.Sprintf("records %d to %d are gone", from, to-1)
}
