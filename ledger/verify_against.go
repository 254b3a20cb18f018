package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// anchors are checkpoints that were kept elsewhere. Each is held against the
// tree when that has its size; what contradicts them is one problem, not one
// for each second since.
type anchors struct {
	all      []checkpoint // by size
	next     int          // the first that is not yet reached
	held     uint64       // size of the last one that held
	broken   checkpoint   // the first one that did not
	breaches int          // how many did not
}

// readAnchors checks the signatures of the checkpoints given. Whoever collects
// checkpoints often has those of several logs in one file: the others tell
// nothing about this one.
func (v *verification) readAnchors() error {
	var others, bad int
	var fault error
	for _, signed := range v.opts.Against {
		if name, _, _ := bytes.Cut(signed, []byte("\n")); len(name) > 0 && string(name) != v.keys[0].Name() {
			others++
			continue
		}
		cp, err := v.openCheckpoint(signed)
		if err != nil {
			if bad++; fault == nil {
				fault = err
			}
			continue
		}
		v.anchors.all = append(v.anchors.all, cp)
		v.report.Anchors++
		v.report.AnchorSize = max(v.report.AnchorSize, cp.size)
	}
	if given := len(v.opts.Against); given > 0 && given == others {
		return fmt.Errorf("none of the checkpoints given to verify against is of log %s", v.report.Log)
	}
	if bad > 0 {
		v.add(Problem{Kind: kindSignature, Seq: -1, Offset: -1,
			Detail: fmt.Sprintf("%d of the checkpoints kept elsewhere cannot be held against the log: %v", bad, fault)})
	}
	slices.SortStableFunc(v.anchors.all, func(a, b checkpoint) int { return cmp.Compare(a.size, b.size) })
	v.holdAnchors()
	return nil
}

// holdAnchors holds the records so far against the anchors of that many.
func (v *verification) holdAnchors() {
	for a := &v.anchors; a.next < len(a.all) && a.all[a.next].size <= v.edge.size; a.next++ {
		c := a.all[a.next]
		switch {
		case c.root == v.edge.root():
			a.held = c.size
		case a.breaches == 0:
			a.broken = c
			fallthrough
		default:
			a.breaches++
		}
	}
}

// checkAnchors reports, after the last record, what contradicts the anchors.
func (v *verification) checkAnchors() {
	a, have := &v.anchors, v.edge.size
	report := func(from, to uint64, format string, args ...any) {
		v.add(Problem{Kind: kindCheckpoint, Seq: int64(from), Count: int64(to - from), Offset: -1, Detail: fmt.Sprintf(format, args...)})
	}
	if a.breaches > 0 {
		report(a.held, a.broken.size, "the log was rewritten, or rolled back and gone on with: %d of %d checkpoints kept elsewhere have another root, the first of them at %d records", a.breaches, v.report.Anchors, a.broken.size)
	}
	if v.report.Anchors == 0 {
		return
	}
	if largest := v.report.AnchorSize; largest > have {
		report(have, largest, "the log was rolled back: the checkpoint kept elsewhere is signed for %d records, the files hold %d", largest, have)
	}
	if a.next < len(a.all) && a.all[a.next].size <= have {
		report(a.held, have, "the checkpoints kept elsewhere from %d records on cannot be checked: records before are gone, and no tiles tell what they were", a.all[a.next].size)
	}
}
