package cli

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Old records are in sealed segments, whose names tell their first record and
// the hour of it. So what is new can be found without reading what is old.
// These are hints only: whoever uses one looks further back when it fails.

// skew is how much older than a record's neighbours its time may be: it was
// taken before the record was committed.
const skew = 10 * time.Minute

// since is a seq before which all records are older than t.
func (s *source) since(t time.Time) uint64 {
	var from uint64
	for _, seg := range s.sealed() {
		// Its first record is of that hour.
		if seg.hour.Add(time.Hour).Before(t.Add(-skew)) {
			from = max(from, seg.first)
		}
	}
	return from
}

// sealedSegment is what a sealed segment's name tells.
type sealedSegment struct {
	first uint64
	hour  time.Time
}

func (s *source) sealed() (all []sealedSegment) {
	_ = fs.WalkDir(s.FS, "sealed", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return nil // a hint: what cannot be listed gives none
		}
		digits, ok := strings.CutSuffix(path.Base(name), ".ndjson.gz")
		first, numErr := strconv.ParseUint(digits, 10, 63)
		hour, hourErr := time.Parse("sealed/dt=2006-01-02/hour=15", path.Dir(name))
		if ok && numErr == nil && hourErr == nil {
			all = append(all, sealedSegment{first, hour})
		}
		return nil
	})
	return all
}

// segmentStarts are the first records of all segments, the newest first.
func (s *source) segmentStarts() []uint64 {
	var all []uint64
	for _, seg := range s.sealed() {
		all = append(all, seg.first)
	}
	names, _ := fs.Glob(s.FS, "open/*.ndjson")
	for _, name := range names {
		if first, err := strconv.ParseUint(strings.TrimSuffix(path.Base(name), ".ndjson"), 10, 63); err == nil {
			all = append(all, first)
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return slices.Compact(all)
}

// lastSegments is a seq from which on there are likely n records: the
// beginning of a segment n before the newest's.
func (s *source) lastSegments(n int) uint64 {
	starts := s.segmentStarts()
	for i, first := range starts {
		if i > 0 && starts[0]-first >= uint64(n) {
			return first
		}
	}
	return 0
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
