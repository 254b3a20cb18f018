package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/caddyrec/caddyrec/ledger"
)

// Old records are in sealed segments, whose names tell their first record and
// the hour of it. So what is new can be found without reading what is old.
// These are hints only: whoever uses one looks further back when it fails.

// skew is how much older than a record's neighbours its time may be: it was
// taken before the record was committed.
const skew = 10 * time.Minute

// since is a seq before which all records are older than t.
func (s *source) since(t time.Time) uint64 { return s.stretches(t, time.Time{})[0].from }

// stretch is a part of a log: the records from one on, and before another.
type stretch struct{ from, to uint64 }

// toTheEnd is where a stretch to the end of a log ends.
const toTheEnd uint64 = math.MaxUint64

// stretches are where the records of a time may be, in order, one for a segment.
// Zero times are no bounds. The last segment is always among them. Where a clock
// was set by more than skew in a segment, and right again before the next one,
// what that has of another time is not among them.
func (s *source) stretches(since, until time.Time) (all []stretch) {
	segments := s.segments()
	if len(segments) > 0 && segments[0].first > 0 {
		segments = append([]segment{{}}, segments...) // who reads there misses what is missing
	}
	for i, seg := range segments {
		part, next := stretch{seg.first, toTheEnd}, segment{}
		if i+1 < len(segments) {
			next = segments[i+1]
			part.to = next.first
		}
		if part.to == toTheEnd || seg.mayHave(next, since, until) {
			all = append(all, part)
		}
	}
	if len(all) == 0 {
		all = []stretch{{0, toTheEnd}}
	}
	return all
}

// mayHave says whether a segment, before the next one, may have records between
// two times.
func (seg segment) mayHave(next segment, since, until time.Time) bool {
	if !next.hour.IsZero() && next.hour.Before(seg.hour) {
		return true // the clock was set back in it
	}
	// Its first record is of its hour, and its last one as old as the next's first.
	tooNew := !until.IsZero() && !seg.hour.IsZero() && !seg.hour.Add(-skew).Before(until)
	tooOld := !since.IsZero() && !next.hour.IsZero() && next.hour.Add(time.Hour).Before(since.Add(-skew))
	return !tooNew && !tooOld
}

// toTheEndFrom gives fn the records from one on. That the log ends before its
// newest checkpoint does is an error: there were more.
func (s *source) toTheEndFrom(from uint64, fn func(ledger.Line) error) error {
	signed, _ := s.signedSize() // before it is read, or it could be of later records
	next := from
	err := ledger.Walk(s, from, func(line ledger.Line) error {
		next = line.Seq + 1
		return fn(line)
	})
	if err == nil && next < signed {
		return fmt.Errorf("the log ends before record %d, and its newest checkpoint says that there are %d", next, signed)
	}
	return err
}

// walk gives fn the records of stretches, which ascend.
func (s *source) walk(parts []stretch, fn func(ledger.Line) error) error {
	for len(parts) > 0 {
		whole := parts[0]
		for parts = parts[1:]; len(parts) > 0 && parts[0].from == whole.to; parts = parts[1:] {
			whole.to = parts[0].to
		}
		err := s.toTheEndFrom(whole.from, func(line ledger.Line) error {
			if line.Seq >= whole.to {
				return errPartEnds // the records before were purged
			}
			if err := fn(line); err != nil {
				return err
			}
			if line.Seq+1 == whole.to {
				return errPartEnds
			}
			return nil
		})
		if err != nil && err != errPartEnds {
			return err
		}
	}
	return nil
}

// behind are the stretches after the one that record seq is, or should be, in.
func behind(parts []stretch, seq uint64) []stretch {
	for i, part := range parts {
		if seq < part.to {
			return parts[i+1:]
		}
	}
	return nil
}

// mostFaults is how many segments that cannot be read a listing passes over:
// each has all names looked through once more.
const mostFaults = 32

// walkOn is walk, and goes on behind what cannot be read, with the first error.
// After mostFaults it gives up, and the error says from where on.
func (s *source) walkOn(parts []stretch, fn func(ledger.Line) error) (first error) {
	for faults := 0; len(parts) > 0; faults++ {
		at := parts[0].from
		if faults == mostFaults {
			return errors.Join(first, fmt.Errorf("%d segments cannot be read: the listing gave up, and did not look at the one of record %d and those behind it", faults, at))
		}
		err := s.walk(parts, func(line ledger.Line) error {
			at = line.Seq + 1
			return fn(line)
		})
		if err == nil {
			break
		}
		first, parts = cmp.Or(first, err), behind(parts, at)
	}
	return first
}

var errPartEnds = errors.New("the stretch ends")

// segment is what a segment's name tells.
type segment struct {
	first uint64
	hour  time.Time // of its first record; zero: it is open, and tells none
}

func (s *source) sealed() (all []segment) {
	_ = fs.WalkDir(s.FS, "sealed", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return nil // a hint: what cannot be listed gives none
		}
		digits, ok := strings.CutSuffix(path.Base(name), ".ndjson.gz")
		first, numErr := strconv.ParseUint(digits, 10, 63)
		hour, hourErr := time.Parse("sealed/dt=2006-01-02/hour=15", path.Dir(name))
		if ok && numErr == nil && hourErr == nil {
			all = append(all, segment{first, hour})
		}
		return nil
	})
	return all
}

// segments are all segments, in the order of their records.
func (s *source) segments() []segment {
	all := s.sealed()
	names, _ := fs.Glob(s.FS, "open/*.ndjson")
	for _, name := range names {
		if first, err := strconv.ParseUint(strings.TrimSuffix(path.Base(name), ".ndjson"), 10, 63); err == nil {
			all = append(all, segment{first: first})
		}
	}
	// One that is in both lists is open only until it is removed.
	slices.SortStableFunc(all, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	return slices.CompactFunc(all, func(a, b segment) bool { return a.first == b.first })
}

// parseID reads a record's, an exchange's or an approval's id as people have
// it: also as the urn that an error answer names.
func parseID(text string) (string, error) {
	id := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(text), "urn:uuid:"))
	if len(id) != 36 || uuid.Validate(id) != nil {
		return "", fmt.Errorf("%q is no id: ids look like 019a6f3e-7c00-7000-8000-000000000000", text)
	}
	return id, nil
}

// timeOf is when an id was made (RFC 9562 section 5.7); zero if it does not
// tell.
func timeOf(id string) time.Time {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}
	}
	sec, nsec := u.Time().UnixTime()
	return time.Unix(sec, nsec)
}
