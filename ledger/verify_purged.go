package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/record"
)

// purgeStatement is a record, the entry of that index in its scan, that says
// what is purged.
type purgeStatement struct {
	entry int
	gap   gap
}

// statedGap is one that an intact record tells of.
type statedGap struct {
	gap
	seq uint64 // of the record
}

var purgeType = []byte(`"type":"` + string(record.RetentionPurged) + `"`)

// purgeIn reads what a line says is purged. The type stands near the beginning
// of a line that the gateway wrote.
func purgeIn(line []byte) (gap, bool) {
	if !bytes.Contains(line[:min(len(line), 512)], purgeType) || gjson.GetBytes(line, "type").Str != string(record.RetentionPurged) {
		return gap{}, false
	}
	first, records := gjson.GetBytes(line, "retention.first"), gjson.GetBytes(line, "retention.records")
	g := gap{first.Uint(), first.Uint() + records.Uint()}
	return g, g.End > g.First
}

// takePurges keeps what the intact records of a segment say.
func (v *verification) takePurges(s *scan, intact func(int) bool) {
	for _, p := range s.purges {
		if e := s.entries[p.entry]; intact(p.entry) && e.seq >= p.gap.End {
			v.purged = append(v.purged, statedGap{p.gap, e.seq})
		}
	}
}

// excusePurged takes out of the problems that records are missing those of
// which the log itself says that they were purged. Nobody can say so without
// the key: what is not signed for yet does not count.
func (v *verification) excusePurged() {
	newest := v.newest()
	stated := slices.DeleteFunc(slices.Clone(v.purged), func(g statedGap) bool { return g.seq >= newest })
	slices.SortFunc(stated, func(a, b statedGap) int { return cmp.Compare(a.First, b.First) })
	var rest []Problem
	for _, p := range v.report.Problems {
		if p.Kind != kindMissing || p.Seq < 0 || p.Count <= 0 {
			rest = append(rest, p)
			continue
		}
		from, to := uint64(p.Seq), uint64(p.Seq)+uint64(p.Count)
		uncovered := func(until uint64) {
			if until <= from {
				return
			}
			part := p
			if part.Seq, part.Count = int64(from), int64(until-from); part != p {
				part.Detail = fmt.Sprintf("records %d to %d are gone", from, until-1)
			}
			rest = append(rest, part)
		}
		for _, g := range stated {
			if g.End <= from || g.First >= to {
				continue
			}
			uncovered(g.First)
			from = max(from, g.First)
			v.report.Purged += int64(min(g.End, to) - from)
			from = min(g.End, to)
		}
		uncovered(to)
	}
	if rest == nil {
		rest = []Problem{}
	}
	v.report.Problems = rest
}
