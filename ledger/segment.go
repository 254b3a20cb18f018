package ledger

import (
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// openFolderName is where segments are while they are written.
const openFolderName = "open"

// A segment's file is made longer ahead of its records, a first small step and
// then larger ones. The last of it is kept for records that close something, so
// that they find a place on a full disk.
const (
	closingSpace = 1 << 20
	firstStep    = closingSpace + 256<<10
	growStep     = 4 << 20
)

func openName(first uint64) string { return fmt.Sprintf("%s/%012d.ndjson", openFolderName, first) }

// openSegment is the segment being written. It belongs to the committer; only
// growing happens beside it.
type openSegment struct {
	name  string
	file  segmentFile
	first uint64    // seq of its first record
	prev  tlog.Hash // leaf hash of the record before the first
	end   uint64    // seq after the last acknowledged record
	size  int64     // bytes of acknowledged records
	since time.Time // of the first record
	keys  []string  // data keys that its acknowledged records carry

	mu      sync.Mutex
	alloc   int64         // bytes that are zero-filled and durable
	growing chan struct{} // closed when the growth under way ends; nil when there is none
	wary    bool          // growing ahead failed: only grow when it must be
}

// beginSegment makes the segment that record first will begin. A file of that
// name holds nothing acknowledged, since record first is not: it is left from
// an attempt that failed, and goes.
func beginSegment(d disk, first uint64, prev tlog.Hash) (*openSegment, error) {
	name := openName(first)
	d.remove(name)
	file, err := d.create(name)
	if err != nil {
		return nil, fmt.Errorf("making segment %s: %w", name, err)
	}
	s := &openSegment{name: name, file: file, first: first, prev: prev, end: first}
	if err := file.extend(0, firstStep); err != nil {
		file.Close()
		d.remove(name)
		return nil, fmt.Errorf("reserving space for segment %s: %w", name, err)
	}
	s.alloc = firstStep
	s.growAhead()
	return s, nil
}

// write makes a batch durable behind the acknowledged bytes.
func (s *openSegment) write(batch []byte) error {
	n, err := s.file.WriteAt(batch, s.size)
	if err == nil && n < len(batch) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", s.name, err)
	}
	if err := s.file.syncData(); err != nil {
		return fmt.Errorf("syncing %s: %w", s.name, err)
	}
	return nil
}

// reserve sees to it that n more bytes have a place, which is not the one kept
// for closing unless that is what they do. An error has touched no record.
func (s *openSegment) reserve(n int, closing bool) error {
	end := s.size + int64(n)
	if !closing {
		end += closingSpace
	}
	s.mu.Lock()
	for s.alloc < end && s.growing != nil {
		done := s.growing
		s.mu.Unlock()
		<-done
		s.mu.Lock()
	}
	from := s.alloc
	s.mu.Unlock()
	if from >= end {
		return nil
	}
	to := roundUp(end, growStep)
	err := s.file.extend(from, to)
	if tight := roundUp(end, pageSize); err != nil && noSpace(err) && tight < to {
		to = tight
		err = s.file.extend(from, to)
	}
	if err != nil {
		return fmt.Errorf("reserving space for %s: %w", s.name, err)
	}
	s.mu.Lock()
	s.alloc, s.wary = to, false
	s.mu.Unlock()
	return nil
}

// growAhead starts the next step in the background when the segment is about to
// need it.
func (s *openSegment) growAhead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.growing != nil || s.wary || s.alloc-s.size >= growStep/2 {
		return
	}
	done := make(chan struct{})
	s.growing = done
	from, to := s.alloc, roundUp(s.alloc+1, growStep)
	go func() {
		err := s.file.extend(from, to)
		s.mu.Lock()
		if err == nil {
			s.alloc = to
		} else {
			s.wary = true // the commit that needs the space reports it
		}
		s.growing = nil
		s.mu.Unlock()
		close(done)
	}()
}

// settle waits for growth under way.
func (s *openSegment) settle() {
	s.mu.Lock()
	done := s.growing
	s.mu.Unlock()
	if done != nil {
		<-done
	}
}

func (s *openSegment) close() error {
	s.settle()
	return s.file.Close()
}

// verify reads the acknowledged records back, from the disk where the system
// lets it, and proves them by their chain: it ends at the hash last.
func (s *openSegment) verify(last tlog.Hash) error {
	s.file.forget()
	lines := newLineReader(io.NewSectionReader(s.file, 0, s.size))
	var hasher leafHasher
	seq, prev := s.first, s.prev
	for {
		line, off, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("reading %s back at byte %d: %w", s.name, off, err)
		}
		h, ok := parseHead(line)
		if !ok || !h.follows(seq, prev) {
			return fmt.Errorf("%s is changed at byte %d, in or before record %d", s.name, off, seq)
		}
		prev = hasher.sum(line)
		seq++
	}
	if seq != s.end || prev != last {
		return fmt.Errorf("%s has lost acknowledged records: it ends at %d, not at %d", s.name, seq, s.end)
	}
	return nil
}

func roundUp(n, step int64) int64 { return (n + step - 1) / step * step }
