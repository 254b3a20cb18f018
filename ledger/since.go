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
)

// Since gives fn the log's records from the newest segment on that begins
// before t, in order, as [Walk] does: all that are of t or later, but for
// clocks that were set back, and some that are older. What is older still is
// not read, however much it is. It may be called while the log is written, and
// ends with the first error, its own, fn's or ctx's.
func (l *Log) Since(ctx context.Context, t time.Time, fn func(Line) error) error {
	src := l.wholeSource(ctx)
	from, err := beginsBefore(src, t)
	for again := 0; errors.Is(err, fs.ErrNotExist) && again < 3; again++ { // sealed since it was listed
		from, err = beginsBefore(src, t)
	}
	if err != nil {
		return fmt.Errorf("ledger %s: looking for the records since %s: %w", l.opts.Log, t.UTC().Format(time.RFC3339), err)
	}
	return walk(src, from, func(line Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(line)
	})
}

// beginsBefore is the first seq of the newest segment that begins before t, or
// of the log's first one.
func beginsBefore(src source, t time.Time) (first uint64, err error) {
	all, err := plan(src)
	if err != nil {
		return 0, err
	}
	for _, s := range slices.Backward(all) {
		first = s.first
		if s.sealed && !sealedHour(s.name).Before(t) {
			continue // not worth being opened
		}
		at, err := beginning(src, s)
		if err != nil {
			return 0, fmt.Errorf("opening segment %s: %w", s.name, err)
		}
		if at.Unix() > 0 && at.Before(t) {
			break
		}
	}
	return first, nil
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
