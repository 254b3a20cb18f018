package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Since gives fn the log's records from the newest segment on that begins
// before t, in order: all that are of t or later when it is called, but for
// clocks that were set back, and some that are older. What is older still is not
// read, however much it is. It may be called while the log is written, and ends
// with the first error, its own, fn's or ctx's.
//
// With a nil error nobody has changed, added or removed any of them: each is the
// one before the next by that one's hash, up to the newest, which this process
// knows. Before that nothing is proven, so what fn was given counts only then.
func (l *Log) Since(ctx context.Context, t time.Time, fn func(Line) error) error {
	src := l.wholeSource(ctx)
	end := l.endNow()
	if end.seq == 0 {
		return nil
	}
	from, whole, err := beginsBefore(src, t)
	for again := 0; errors.Is(err, fs.ErrNotExist) && again < 3; again++ { // sealed since it was listed
		from, whole, err = beginsBefore(src, t)
	}
	if err == nil && !whole {
		err = l.purgedBefore(ctx, from)
	}
	if err != nil {
		return fmt.Errorf("ledger %s: looking for the records since %s: %w", l.opts.Log, t.UTC().Format(time.RFC3339), err)
	}
	if from >= end.seq {
		return nil // it was begun since
	}
	c := chained{from: from, next: from}
	err = walk(src, from, func(line Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.take(line); err != nil {
			return err
		}
		if err := fn(line); err != nil || c.next < end.seq {
			return err
		}
		return errEnough
	})
	if err == errEnough {
		err = nil
	}
	if err == nil && (c.next != end.seq || c.last != end.hash) {
		err = fmt.Errorf("record %d is changed, or missing: see what caddy rec verify says", end.seq-1)
	}
	return err
}

// logEnd is where a log ends: the seq after its last record, and the leaf hash of
// that.
type logEnd struct {
	seq  uint64
	hash tlog.Hash
}

func (l *Log) endNow() logEnd {
	l.mu.Lock()
	defer l.mu.Unlock()
	return logEnd{l.tree.size, l.last}
}

// purgedBefore says what is wrong if the record before seq is not there, though
// the log's own records do not tell of its purge.
func (l *Log) purgedBefore(ctx context.Context, seq uint64) error {
	if err := l.learn(ctx); err != nil {
		return err
	}
	if !l.onRecord.hasPurged(seq - 1) {
		return fmt.Errorf("the records before %d are missing: see what caddy rec verify says", seq)
	}
	return nil
}

// chained holds records against each other, from one on.
type chained struct {
	from, next uint64
	last       tlog.Hash // leaf hash of the one before next
	hasher     leafHasher
}

func (c *chained) take(line Line) error {
	h, ok := parseHead(line.Raw)
	if !ok || h.seq != c.next || c.next > c.from && !h.follows(c.next, c.last) {
		return fmt.Errorf("segment %s: record %d does not follow the one before: see what caddy rec verify says", line.Segment, line.Seq)
	}
	c.last, c.next = c.hasher.sum(line.Raw), c.next+1
	return nil
}

// beginsBefore is the first seq of the newest segment that begins before t, or
// of the first one that is there. Whole says that nothing of t or later is older.
func beginsBefore(src source, t time.Time) (first uint64, whole bool, err error) {
	all, err := plan(src)
	if err != nil {
		return 0, false, err
	}
	for _, s := range slices.Backward(all) {
		first = s.first
		if s.sealed && !sealedHour(s.name).Before(t) {
			continue // not worth being opened
		}
		at, err := beginning(src, s)
		if err != nil {
			return 0, false, fmt.Errorf("opening segment %s: %w", s.name, err)
		}
		if at.Unix() > 0 && at.Before(t) {
			return first, true, nil
		}
	}
	return first, first == 0, nil
}

// beginning is the time of a segment's first record; 1970 or before when it has
// none, or that tells none.
func beginning(src source, s segment) (time.Time, error) {
	f, err := openSegmentFile(src, s)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	line, _, err := newLineReader(f).next()
	if err == io.EOF || err == errTail || err == errLong {
		return time.Time{}, nil
	}
	return recordTime(line), err
}

// wholeSource is all of a log: what is written once in its store, the rest in
// its folder.
func (l *Log) wholeSource(ctx context.Context) source {
	once := l.storeSource()
	once.ctx = ctx
	return wholeSource{once: once, folder: fsSource{l.disk.files()}}
}

type wholeSource struct{ once, folder source }

func (s wholeSource) of(name string) source {
	if name == openFolderName || strings.HasPrefix(name, openFolderName+"/") {
		return s.folder
	}
	return s.once
}

func (s wholeSource) open(name string) (io.ReadCloser, error) { return s.of(name).open(name) }

func (s wholeSource) list(folder string) ([]string, error) { return s.of(folder).list(folder) }
