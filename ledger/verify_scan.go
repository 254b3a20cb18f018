package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// entry is a line as it was found.
type entry struct {
	seq   uint64 // what it says it is
	hash  tlog.Hash
	prev  tlog.Hash // what it says the record before hashes to
	off   int64
	valid bool   // it has the head of a record of this log
	fault string // what is wrong with the line by itself
}

// scan is a segment as it was found.
type scan struct {
	segment segment
	limit   uint64 // where the next segment begins
	entries []entry
	bytes   int64
	purges  []purgeStatement
	first   time.Time
	last    time.Time
	err     error // why it ends early
}

// readSegments scans the segments, some at once, and judges them in order.
func (v *verification) readSegments() error {
	sizes, total := v.fileSizes()
	scans := make([]chan *scan, len(v.segments))
	for i := range scans {
		scans[i] = make(chan *scan, 1)
	}
	room := make(chan struct{}, runtime.GOMAXPROCS(0)+1)
	stop := make(chan struct{})
	var workers sync.WaitGroup
	defer workers.Wait()
	defer close(stop)
	workers.Go(func() {
		for i := range v.segments {
			select {
			case <-stop:
				return
			case room <- struct{}{}:
			}
			workers.Go(func() { scans[i] <- v.scan(i) })
		}
	})
	var done int64
	var next *scan
	for i := range v.segments {
		cur := next
		if cur == nil {
			cur = <-scans[i]
		}
		if next = nil; i+1 < len(scans) {
			<-room // the one ahead may be scanned meanwhile
			next = <-scans[i+1]
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if err := v.judge(cur, next); err != nil {
			return err
		}
		if done += sizes[i]; v.opts.Progress != nil {
			v.opts.Progress(done, total)
		}
	}
	return nil
}

func (v *verification) fileSizes() (sizes []int64, total int64) {
	for _, s := range v.segments {
		var size int64
		if info, err := fs.Stat(v.src.FS, s.name); err == nil {
			size = info.Size()
		}
		sizes, total = append(sizes, size), total+size
	}
	return sizes, total
}

// scan reads one segment.
func (v *verification) scan(i int) *scan {
	s := &scan{segment: v.segments[i], limit: noLimit}
	if i+1 < len(v.segments) {
		s.limit = v.segments[i+1].first
	}
	f, err := openSegmentFile(v.src, s.segment)
	if errors.Is(err, fs.ErrNotExist) && !s.segment.sealed && s.nowSealed(v.src) {
		f, err = openSegmentFile(v.src, s.segment)
	}
	if err != nil {
		s.err = err
		return s
	}
	defer f.Close()
	lines := newLineReader(f)
	if seeker, ok := f.(io.Seeker); ok && !s.segment.sealed {
		// It may be being written: what comes after this look is not read, so
		// that no line is seen half old, half new.
		end, err := dataEnd(f)
		if err == nil {
			_, err = seeker.Seek(0, io.SeekStart)
		}
		if err != nil {
			s.err = err
			return s
		}
		lines = newLineReader(io.LimitReader(f, end))
	}
	lines.lenient = true
	var hasher leafHasher
	var last []byte
	for v.ctx.Err() == nil {
		if !s.segment.sealed && s.full() {
			break // what lies behind was written, but never acknowledged
		}
		line, off, err := lines.next()
		if err == io.EOF || err == errTail && !s.segment.sealed {
			break
		}
		if err != nil {
			s.err = fmt.Errorf("at byte %d: %w", off, err)
			break
		}
		e := v.look(line)
		e.off, e.hash = off, hasher.sum(line)
		if len(s.entries) == 0 {
			s.first = recordTime(line)
		}
		if g, ok := purgeIn(line); ok {
			s.purges = append(s.purges, purgeStatement{len(s.entries), g})
		}
		s.entries = append(s.entries, e)
		s.bytes += int64(len(line)) + 1
		last = append(last[:0], line...)
	}
	s.last = recordTime(last)
	return s
}

// look judges a line by itself.
func (v *verification) look(line []byte) entry {
	var e entry
	h, ok := parseHead(line)
	if ok {
		e.seq = h.seq
		if len(h.prev) > 0 {
			e.prev, ok = h.prevHash()
		}
	}
	e.valid = ok && string(h.log) == v.report.Log
	switch _, err := jsonscan.Check(line, jsonscan.Limits{}); {
	case err != nil:
		e.fault = "it is no strict JSON"
	case !ok:
		e.fault = "it does not begin as records do"
	case !e.valid:
		e.fault = "it is of another log"
	}
	return e
}

// full says whether the segment has as many lines as there are records to where
// the next one begins.
func (s *scan) full() bool {
	return uint64(len(s.entries)) == s.limit-s.segment.first
}

// nowSealed finds the segment in its sealed place.
func (s *scan) nowSealed(src source) bool {
	sealed, err := segments(src, sealedFolder)
	i := slices.IndexFunc(sealed, func(c segment) bool { return c.first == s.segment.first })
	if err != nil || i < 0 {
		return false
	}
	s.segment = sealed[i]
	return true
}
