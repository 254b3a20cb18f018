package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/record"
)

// purgedFolder has a write-once object for each segment that was purged, or is
// about to be, so that readers know a gap from a loss.
const purgedFolder = "purged"

// gap is where records were purged.
type gap struct {
	First uint64 `json:"first"`
	End   uint64 `json:"end"`
}

func (g gap) has(seq uint64) bool { return g.First <= seq && seq < g.End }

// joined puts gaps in order, and those together that touch.
func joined(all []gap) []gap {
	slices.SortFunc(all, func(a, b gap) int { return cmp.Compare(a.First, b.First) })
	apart := all[:0]
	for _, g := range all {
		if n := len(apart); n > 0 && g.First <= apart[n-1].End {
			apart[n-1].End = max(apart[n-1].End, g.End)
			continue
		}
		apart = append(apart, g)
	}
	return apart
}

// extents are gaps as records have them.
func extents(all []gap) (list []record.Extent) {
	for _, g := range all {
		list = append(list, record.Extent{First: int64(g.First), Records: int64(g.End - g.First)})
	}
	return list
}

func purgedName(first uint64) string { return fmt.Sprintf("%s/%012d.json", purgedFolder, first) }

// gaps lists where records were purged, or are about to be, in order.
func gaps(src source) ([]gap, error) {
	names, err := src.list(purgedFolder)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", purgedFolder, err)
	}
	var all []gap
	for _, name := range names {
		digits, ok := strings.CutSuffix(strings.TrimPrefix(name, purgedFolder+"/"), ".json")
		if _, err := strconv.ParseUint(digits, 10, 63); err != nil || !ok {
			continue
		}
		text, err := readSmall(src.open(name))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		var g gap
		if err := json.Unmarshal(text, &g); err != nil || g.End <= g.First || purgedName(g.First) != name {
			return nil, fmt.Errorf("%s is damaged", name)
		}
		all = append(all, g)
	}
	return all, nil
}

// PurgedError says that a record was removed by retention. It wraps
// [fs.ErrNotExist].
type PurgedError struct {
	// First and Last are the first and the last record that went with it.
	First, Last uint64
}

func (e *PurgedError) Error() string {
	return fmt.Sprintf("records %d to %d were purged", e.First, e.Last)
}

// Unwrap returns [fs.ErrNotExist].
func (*PurgedError) Unwrap() error { return fs.ErrNotExist }

// purgedAt tells of the purge of a record that is not there.
func purgedAt(src source, seq uint64) error {
	all, err := gaps(src)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.has(seq) {
			return &PurgedError{g.First, g.End - 1}
		}
	}
	return fmt.Errorf("it is missing: %w", fs.ErrNotExist)
}
