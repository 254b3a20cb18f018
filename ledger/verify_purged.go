package ledger

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/record"
)

// retentionStatement is a record, the entry of that index in its scan, that says
// what is kept or purged.
type retentionStatement struct {
	entry int
	retention
}

// retention is what such a record says.
type retention struct {
	kind        record.Type
	gap                // of records that are purged
	earlier     []gap  // of those that were before, by records that go with them
	hold        string // its id
	from, until time.Time
}

// statedPurge is one that an intact record tells of.
type statedPurge struct {
	retention
	seq uint64 // of the record
}

var retentionType = []byte(`"type":"retention.`)

// retentionIn reads what a line says is kept or purged; nil if it is about
// something else. The type stands near the beginning of a line that the gateway
// wrote.
func retentionIn(line []byte) *retention {
	if !bytes.Contains(beginningOf(line), retentionType) {
		return nil
	}
	r := &retention{kind: record.Type(gjson.GetBytes(line, "type").Str)}
	what := gjson.GetBytes(line, "retention")
	at := func(field string) time.Time {
		t, _ := time.Parse(time.RFC3339Nano, what.Get(field).Str)
		return t
	}
	r.from, r.until, r.hold = at("from"), at("until"), what.Get("hold").Str
	switch first := what.Get("first").Uint(); {
	case r.kind == record.RetentionPurged:
		r.gap = gap{first, first + what.Get("records").Uint()}
		if r.End <= r.First {
			return nil
		}
		what.Get("earlier").ForEach(func(_, e gjson.Result) bool {
			first := e.Get("first").Uint()
			if g := (gap{first, first + e.Get("records").Uint()}); g.First < g.End && g.End <= r.First {
				r.earlier = append(r.earlier, g)
			}
			return true
		})
	case r.kind != record.RetentionHeld && r.kind != record.RetentionReleased || r.hold == "":
		return nil
	}
	return r
}

// takeRetention keeps what the intact records of a segment say.
func (v *verification) takeRetention(s *scan, intact func(int) bool) {
	for _, r := range s.retention {
		e := s.entries[r.entry]
		if !intact(r.entry) {
			continue
		}
		switch r.kind {
		case record.RetentionPurged:
			if e.seq >= r.End {
				v.purged = append(v.purged, statedPurge{r.retention, e.seq})
			}
		case record.RetentionHeld:
			v.holds = append(v.holds, statedHold{retention: r.retention, seq: e.seq})
		case record.RetentionReleased:
			v.released[r.hold] = append(v.released[r.hold], e.seq)
		}
	}
}

// excusePurged takes out of the problems that records are missing those of
// which the log itself says that they were purged. Nobody can say so without
// the key: what is not signed for yet does not count.
func (v *verification) excusePurged() {
	stated := v.purgedGaps()
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
				part.Detail = areGone(from, until)
			}
			rest = append(rest, part)
		}
		at, _ := slices.BinarySearchFunc(stated, from, func(g gap, from uint64) int { return cmp.Compare(g.End, from+1) })
		for _, g := range stated[at:] {
			if g.First >= to {
				break
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

// purgedGaps is where records that are signed for say that others were purged,
// in order and each once.
func (v *verification) purgedGaps() (all []gap) {
	newest := v.newest()
	for _, p := range v.purged {
		if p.seq < newest {
			all = append(append(all, p.gap), p.earlier...)
		}
	}
	return joined(all)
}
