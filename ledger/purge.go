package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// purgedFolder has a write-once object for each segment that was purged, or is
// about to be, so that readers know a gap from a loss.
const purgedFolder = "purged"

// Purge says what may go.
type Purge struct {
	// Before: only segments all of whose records are older go.
	Before time.Time
	// Why is the rule or reason, By who asked, as far as they said: both go
	// into the record.
	Why, By string
	// DryRun changes nothing and only tells what would be done.
	DryRun bool
}

// Purged is what became of one segment that is old enough.
type Purged struct {
	// Segment is its name below the log's folder, First the seq of its first
	// record, Records how many it has, From and Until their first and last
	// times.
	Segment string    `json:"segment"`
	First   uint64    `json:"first"`
	Records uint64    `json:"records"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	// Kept says why it stays, if it does: "hold <id>", "retained by the store",
	// or what is wrong with it.
	Kept string `json:"kept,omitempty"`
}

// Purge removes sealed segments, oldest first. Whole segments go, none that a
// legal hold keeps or that is damaged, which is evidence, and never the newest.
// For each a record is durable before it is removed; tiles and checkpoints
// stay, so that proofs of the rest stay valid. It may be ended and run again at
// any point. What was done before an error is returned with it.
func (l *Log) Purge(ctx context.Context, p Purge) ([]Purged, error) {
	keeper, ok := l.opts.Store.(storage.Retainer)
	if !ok {
		return nil, errors.New("purging: this store cannot remove anything")
	}
	if err := checkWords(p.Why, p.By); err != nil {
		return nil, err
	}
	src := l.storeSource()
	src.ctx = ctx
	sealed, err := segments(src, sealedFolder)
	if err != nil {
		return nil, fmt.Errorf("purging: %w", err)
	}
	holes, err := gaps(src)
	if err != nil {
		return nil, fmt.Errorf("purging: %w", err)
	}
	var done []Purged
	for i, s := range sealed {
		if i+1 == len(sealed) || !l.isSealed(sealed[i+1].first) {
			break
		}
		if sealedHour(s.name).After(p.Before) {
			continue // not worth being read
		}
		end := sealed[i+1].first
		for _, g := range holes {
			if g.First > s.first {
				end = min(end, g.First)
			}
		}
		what := Purged{Segment: s.name, First: s.first, Records: end - s.first}
		if !l.examine(src, s, end, &what) {
			done = append(done, what)
			continue
		}
		if !what.Until.Before(p.Before) {
			continue
		}
		err := l.purge(ctx, keeper, p, &what)
		done = append(done, what)
		if err != nil {
			return done, fmt.Errorf("purging %s: %w", s.name, err)
		}
	}
	return done, nil
}

// isSealed says whether all records before seq are, and no seal is under way
// that might still read them.
func (l *Log) isSealed(seq uint64) bool {
	l.sealer.mu.Lock()
	defer l.sealer.mu.Unlock()
	return len(l.sealer.pending) == 0 || l.sealer.pending[0].first >= seq
}

// examine reads a segment, to know its times and that it is whole.
func (l *Log) examine(src source, s segment, end uint64, what *Purged) bool {
	f, err := openSegmentFile(src, s)
	if err != nil {
		what.Kept = "it cannot be read: " + err.Error()
		return false
	}
	defer f.Close()
	lines := newLineReader(f)
	next := s.first
	for {
		line, _, err := lines.next()
		if err == io.EOF {
			break
		}
		h, ok := parseHead(line)
		if err != nil || !ok || h.seq != next {
			what.Kept = fmt.Sprintf("it is damaged at record %d: run `caddy rec verify`", next)
			return false
		}
		at := recordTime(line)
		if next == s.first {
			what.From = at
		}
		if at.After(what.Until) { // clocks are set back, too
			what.Until = at
		}
		next++
	}
	if next != end {
		what.Kept = fmt.Sprintf("it ends at record %d, not at %d: run `caddy rec verify`", next, end)
		return false
	}
	return true
}

// purge removes one segment, unless a hold keeps it.
func (l *Log) purge(ctx context.Context, keeper storage.Retainer, p Purge, what *Purged) error {
	// A hold that is placed meanwhile waits, and then finds the segment gone; a
	// hold that was placed before is seen here.
	l.retention.Lock()
	defer l.retention.Unlock()
	all, err := holds(l.storeSource())
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.covers(what.From, what.Until) {
			what.Kept = "hold " + h.ID
			return nil
		}
	}
	if p.DryRun {
		return nil
	}
	marker := purgedName(what.First)
	if r, err := l.opts.Store.Open(ctx, l.prefix+marker); err == nil {
		r.Close() // begun by a process that did not get to its end
	} else if !errors.Is(err, storage.ErrNotExist) {
		return err
	} else if err := l.tellPurge(ctx, marker, p, what); err != nil {
		return err
	}
	err = keeper.Delete(ctx, l.prefix+what.Segment)
	switch {
	case errors.Is(err, storage.ErrRetained):
		what.Kept = "retained by the store"
	case err != nil && !errors.Is(err, storage.ErrNotExist):
		return err
	}
	return nil
}

func (l *Log) tellPurge(ctx context.Context, marker string, p Purge, what *Purged) error {
	err := l.tellRetention(ctx, record.RetentionPurged, record.Retention{
		Segment: what.Segment, First: int64(what.First), Records: int64(what.Records),
		From: bound(what.From), Until: bound(what.Until), Why: p.Why, By: p.By,
	})
	if err != nil {
		return err
	}
	return l.createJSON(ctx, marker, gap{what.First, what.First + what.Records})
}

// gap is where records were purged.
type gap struct {
	First uint64 `json:"first"`
	End   uint64 `json:"end"`
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

// sealedHour is the hour in a sealed segment's name: that of its first record.
func sealedHour(name string) time.Time {
	var date string
	var hour int
	if _, err := fmt.Sscanf(strings.TrimPrefix(name, sealedFolder+"/"), "dt=%10s/hour=%02d/", &date, &hour); err != nil {
		return time.Time{}
	}
	t, _ := time.Parse(time.DateOnly, date)
	return t.Add(time.Duration(hour) * time.Hour)
}

// SealedUntil is the hour in which the newest sealed segment begins, by its
// records' times; zero when nothing is sealed.
func (l *Log) SealedUntil(ctx context.Context) (time.Time, error) {
	src := l.storeSource()
	src.ctx = ctx
	sealed, err := segments(src, sealedFolder)
	if err != nil || len(sealed) == 0 {
		return time.Time{}, err
	}
	return sealedHour(sealed[len(sealed)-1].name), nil
}
