package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// rotateIfDue begins a new segment when the present one is large or old enough
// and hands that over to be sealed. When no new one can be made, the present
// one goes on.
func (l *Log) rotateIfDue() {
	c := &l.committer
	s := c.seg
	if s == nil || s.end == s.first || s.size < l.opts.SealBytes && time.Since(s.since) < l.opts.SealAfter {
		return
	}
	if now := time.Now(); now.Before(c.retryAt) {
		return
	}
	next, err := beginSegment(l.disk, s.end, c.prev)
	if err != nil {
		c.retryAt = time.Now().Add(l.opts.retry)
		l.problem(fmt.Errorf("the log goes on in %s: %w", s.name, err))
		return
	}
	c.seg = next
	l.handOver(s)
}

// sealIn is how long the committer may sleep before it looks at the segment's
// age again.
func (l *Log) sealIn() time.Duration {
	s := l.committer.seg
	if s == nil || s.end == s.first {
		return l.opts.SealAfter
	}
	return max(l.opts.SealAfter-time.Since(s.since), l.opts.retry)
}

// handOver gives a segment up to be sealed with what is acknowledged of it.
func (l *Log) handOver(s *openSegment) {
	if err := s.close(); err != nil {
		l.problem(fmt.Errorf("closing %s: %w", s.name, err)) // its records are synced
	}
	l.sealer.add(sealJob{name: s.name, first: s.first, end: s.end, size: s.size, root: l.tree.root()})
}

// poison gives up a segment after a fault: what its pages hold now is unknown,
// so nothing more is written or synced there. What was not acknowledged is cut
// off, so that nobody takes it for a record; should that fail too, the next
// segment's first seq says the same.
func (l *Log) poison(fault error) {
	c := &l.committer
	s := c.seg
	c.seg, c.poisoned = nil, s
	c.retryAt = time.Time{} // the first attempt in a new segment may come at once
	l.problem(fmt.Errorf("segment given up after record %d: %w", int64(s.end)-1, fault))
	s.settle()
	s.file.truncate(s.size)
}

// lookEvery is how soon it is noticed that somebody has moved, removed or
// shortened the open segment.
const lookEvery = time.Second

// lookAfterSegment goes on in a new segment when the present one is no longer
// where it should be, or as it should be.
func (l *Log) lookAfterSegment() {
	c := &l.committer
	if c.seg == nil {
		return
	}
	fault := c.seg.file.misplaced(c.seg.size)
	if fault == nil {
		return
	}
	l.poison(fault)
	if err := l.resume(); err != nil {
		c.failure, c.retryAt = commitError(err), time.Now().Add(l.opts.retry)
		l.problem(fmt.Errorf("nothing is recorded until this is over: %w", err))
	}
}

// putBack writes a segment that somebody has moved or removed anew, from the
// file that is still open. Another file in its place is kept as evidence.
func (l *Log) putBack(s *openSegment) error {
	aside := fmt.Sprintf("%s%s.%d", conflictFolder, s.name[len(openFolderName):], time.Now().UnixNano())
	if err := l.disk.rename(s.name, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("moving aside what is in the place of %s: %w", s.name, err)
	}
	again, err := l.disk.create(s.name)
	if err != nil {
		return fmt.Errorf("writing %s anew: %w", s.name, err)
	}
	block := make([]byte, 1<<20)
	for off := int64(0); off < s.size && err == nil; {
		n := min(int64(len(block)), s.size-off)
		if _, err = s.file.ReadAt(block[:n], off); err == nil {
			_, err = again.WriteAt(block[:n], off)
		}
		if err == nil {
			err = again.syncData()
		}
		off += n
	}
	if err != nil {
		again.Close()
		l.disk.remove(s.name)
		return fmt.Errorf("writing %s anew: %w", s.name, err)
	}
	again.truncate(s.size)
	s.file.Close()
	s.file = again
	return nil
}

// resume begins a new segment after a fault, once what was acknowledged of the
// old one has been read back.
func (l *Log) resume() error {
	c := &l.committer
	if s := c.poisoned; s != nil {
		if err := s.verify(c.prev); err != nil {
			return err
		}
		if s.end > s.first && s.file.misplaced(s.size) != nil {
			if err := l.putBack(s); err != nil {
				return err
			}
			if err := s.verify(c.prev); err != nil {
				return err
			}
		}
		c.poisoned = nil
		if s.end > s.first {
			l.handOver(s)
		} else {
			s.close()
		}
	}
	next, err := beginSegment(l.disk, l.tree.size, c.prev)
	if err != nil {
		return err
	}
	c.seg = next
	return nil
}
