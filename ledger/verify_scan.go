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
	first   time.Time
	last    time.Time
	err     error // why it ends early

	retention []retentionStatement
	index     *indexTable // of a sealed segment
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
	taken := 0
	take := func() *scan { // the next segment; nil after the last
		if taken == len(scans) {
			return nil
		}
		if taken > 0 {
			<-room // the one ahead may be scanned meanwhile
		}
		taken++
		return <-scans[taken-1]
	}
	var done int64
	read := func(s *scan) {
		if done += sizes[s.segment.name]; v.opts.Progress != nil {
			v.opts.Progress(done, total)
		}
	}
	// explained gives the next segment that may be one of the log.
	explained := func(before *scan) *scan {
		next := take()
		for ; next != nil && !v.explains(before, next); next = take() {
			v.aboutFile(kindInserted, next.segment.name, "by its name it begins at record %d, which nothing speaks of: no record in it or before it, no checkpoint and no tile", next.segment.first)
			read(next)
		}
		if before != nil && next != nil {
			before.limit = next.segment.first
		} else if before != nil {
			before.limit = noLimit
		}
		return next
	}
	for cur := explained(nil); cur != nil; {
		next := explained(cur)
		if err := v.ctx.Err(); err != nil {
			return err
		}
		v.judge(cur, next)
		read(cur)
		cur = next
	}
	return v.ctx.Err()
}

// explains says whether anything but its name says that a segment begins where
// it does.
func (v *verification) explains(before, s *scan) bool {
	first := s.segment.first
	reach := max(v.newest(), v.report.AnchorSize, v.farthest.end)
	if before != nil {
		reach = max(reach, before.segment.first+uint64(len(before.entries)))
	}
	return first <= reach || slices.ContainsFunc(s.entries, func(e entry) bool {
		return e.valid && e.seq >= first && e.seq-first < uint64(len(s.entries))
	})
}

// fileSizes are the sizes of the segments' files, or, where none is known, how
// many records are in each by where the next one begins, or by what is signed
// for.
func (v *verification) fileSizes() (sizes map[string]int64, total int64) {
	sizes = map[string]int64{}
	defer func() {
		if total > 0 {
			return
		}
		for i, s := range v.segments {
			end := max(v.newest(), s.first+1)
			if i+1 < len(v.segments) {
				end = v.segments[i+1].first
			}
			sizes[s.name] = int64(end - s.first)
			total += sizes[s.name]
		}
	}()
	for _, s := range v.segments {
		if info, err := fs.Lstat(v.src.FS, s.name); err == nil {
			sizes[s.name] = info.Size()
			total += info.Size()
		}
	}
	return sizes, total
}

// What a segment can be: so much is unpacked of one, and so many lines in it may
// not go on from the line before, as those of a log do. Few bytes of gzip can
// hold any number of lines. Segments are sealed at 1 GiB at most, and grow
// beyond that only while the next one cannot be made.
const (
	mostUnpacked = 4 << 30
	strayLines   = 10_000
	mostStrays   = 1 << 20
	shortestLine = 64 // bytes of a record, or less
)

// mayStray is how many such lines there may be in the first off bytes. So many
// records can be damaged.
func (s *scan) mayStray(off int64) uint64 {
	damaged := uint64(min(off/shortestLine, mostStrays))
	return strayLines + min(damaged, s.limit-s.segment.first)
}

// bounded reads what a segment can be.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("it is longer than %d GiB, which no segment is", mostUnpacked>>30)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// scan reads one segment.
func (v *verification) scan(i int) *scan {
	s := &scan{segment: v.segments[i], limit: noLimit}
	if s.segment.sealed {
		s.index = newIndexTable()
	}
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
	lines := newLineReader(&bounded{f, mostUnpacked})
	if seeker, ok := f.(io.Seeker); ok && !s.segment.sealed {
		// It may be being written: what comes after this look is not read, so
		// that no line is seen half old, half new.
		end, err := dataEnd(&bounded{f, mostUnpacked})
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
	mayTear := !s.segment.sealed && inBatches(v.src) == nil // a batch is there whole, or not at all
	var hasher leafHasher
	var last []byte
	strays := uint64(0)
	for v.ctx.Err() == nil {
		if !s.segment.sealed && s.full() {
			break // what lies behind was written, but never acknowledged
		}
		line, off, err := lines.next()
		if err == io.EOF || err == errTail && mayTear {
			break
		}
		if err != nil {
			s.err = fmt.Errorf("at byte %d: %w", off, err)
			break
		}
		if s.index != nil {
			s.index.add(s.segment.first+uint64(len(s.entries)), line)
		}
		e := v.look(line)
		e.off, e.hash = off, hasher.sum(line)
		if len(s.entries) == 0 {
			s.first = recordTime(line)
		}
		if r := retentionIn(line); r != nil {
			s.retention = append(s.retention, retentionStatement{len(s.entries), *r})
		}
		if n := len(s.entries); n > 0 && (e.fault != "" || e.seq != s.entries[n-1].seq+1 || e.prev != s.entries[n-1].hash) {
			if strays++; strays > s.mayStray(off) {
				s.err = fmt.Errorf("at byte %d: %d lines do not go on from the line before, and no more are read", off, strays)
				break
			}
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
