package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
)

// Line is a record as it stands in the log.
type Line struct {
	// Seq is the record's index.
	Seq uint64
	// Raw is the record's line, without the newline. It is valid until the
	// function it was given to returns.
	Raw []byte
	// Segment is the name of its segment, below the log's folder.
	Segment string
}

// Walk gives fn the records of a log from seq from on, in order: those in
// sealed segments, then those in open ones. Fsys is the log's own folder. It
// needs no lock and no key, and works while the log is written; it proves
// nothing, which is what [Verify] is for. It ends with the first error, its
// own or fn's; at a gap in the log the error wraps [fs.ErrNotExist], unless the
// records there were purged.
func Walk(fsys fs.FS, from uint64, fn func(Line) error) error {
	return walk(fsSource{fsys}, from, fn)
}

func walk(src source, from uint64, fn func(Line) error) error {
	w := walker{src: src, next: from, fn: fn}
	for {
		err := w.round()
		var fault *callbackError
		if errors.As(err, &fault) {
			return fault.err
		}
		// A segment that was sealed since it was listed is elsewhere now.
		if errors.Is(err, fs.ErrNotExist) && w.moved() {
			continue
		}
		return err
	}
}

// noLimit is where the last segment ends.
const noLimit uint64 = math.MaxUint64

// callbackError marks an error as the callback's own.
type callbackError struct{ err error }

func (e *callbackError) Error() string { return e.err.Error() }

// gapError tells of records that should be there.
type gapError string

func (e gapError) Error() string { return string(e) }

func (gapError) Is(target error) bool { return target == fs.ErrNotExist }

// walker reads segments in order. Next is the seq it wants next.
type walker struct {
	src     source
	next    uint64
	fn      func(Line) error
	before  uint64  // next when the round before this one began
	retried int     // rounds without a record
	current segment // where the last record came from
	offset  int64   // after it, where current is open
}

// moved says whether another round may find more: when the one before gave
// something, or has not been repeated too often.
func (w *walker) moved() bool {
	if w.next != w.before {
		w.before, w.retried = w.next, 0
		return true
	}
	w.retried++
	return w.retried < 3
}

// plan lists the segments to read, each with the seq it must end at.
func plan(src source) ([]segment, error) {
	// The open ones first: what is sealed between is then in both lists.
	open, err := segments(src, openFolderName)
	if err != nil {
		return nil, err
	}
	sealed, err := segments(src, sealedFolder)
	if err != nil {
		return nil, err
	}
	// An open segment that is sealed too is only not yet removed.
	all := sealed
	for _, s := range open {
		if len(sealed) == 0 || s.first > sealed[len(sealed)-1].first {
			all = append(all, s)
		}
	}
	return all, nil
}

func (w *walker) round() error {
	all, err := plan(w.src)
	if err != nil {
		return err
	}
	for i, s := range all {
		limit := noLimit
		if i+1 < len(all) {
			limit = all[i+1].first
		}
		if limit <= w.next || s.first == limit {
			continue
		}
		if err := w.skip(s.first); err != nil {
			return err
		}
		if s.first > w.next {
			return gapError(fmt.Sprintf("%s before segment %s", areGone(w.next, s.first), s.name))
		}
		if err := w.read(s, limit); err != nil {
			return err
		}
		if limit != noLimit {
			if err := w.skip(limit); err != nil {
				return err
			}
		}
		if limit != noLimit && w.next < limit {
			return gapError(fmt.Sprintf("segment %s ends before record %d, and the next one begins with record %d by its name", s.name, w.next, limit))
		}
	}
	return nil
}

// skip goes on at seq when all records before it were purged.
func (w *walker) skip(seq uint64) error {
	if seq <= w.next {
		return nil
	}
	all, err := gaps(w.src)
	if err != nil {
		return err
	}
	to := w.next
	for _, g := range all {
		if g.First <= to && to < g.End {
			to = g.End
		}
	}
	if to >= seq {
		w.next = seq
	}
	return nil
}

// read gives the lines of a segment from w.next to limit.
func (w *walker) read(s segment, limit uint64) error {
	f, err := openSegmentFile(w.src, s)
	if err != nil {
		return fmt.Errorf("opening segment %s: %w", s.name, err)
	}
	defer f.Close()
	lines := newLineReader(f)
	if seeker, ok := f.(io.Seeker); ok && s == w.current {
		if _, err := seeker.Seek(w.offset, io.SeekStart); err != nil {
			return fmt.Errorf("reading segment %s: %w", s.name, err)
		}
		lines.off = w.offset
	}
	for w.next < limit { // what lies behind was never acknowledged
		line, off, err := lines.next()
		if err == io.EOF || err == errTail && !s.sealed {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading segment %s at byte %d: %w", s.name, off, err)
		}
		h, ok := parseHead(line)
		if !ok {
			return fmt.Errorf("segment %s at byte %d: no record", s.name, off)
		}
		if h.seq >= w.next {
			if h.seq > w.next {
				return fmt.Errorf("segment %s at byte %d: record %d where %d should be", s.name, off, h.seq, w.next)
			}
			if err := w.fn(Line{Seq: h.seq, Raw: line, Segment: s.name}); err != nil {
				return &callbackError{err}
			}
			w.next = h.seq + 1
		}
		w.current, w.offset = s, lines.off
	}
	return nil
}
