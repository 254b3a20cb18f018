package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// atOnce is how many objects of one group are uploaded at once.
const atOnce = 8

// maxPause is the longest between two attempts.
const maxPause = time.Minute

// upload brings what waits to the store behind, group after group, until ctx
// ends.
func (s *Spool) upload(ctx context.Context) {
	defer close(s.done)
	pause := s.opts.pause
	told := time.Time{}
	for {
		group := s.first()
		if group == nil {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			}
			continue
		}
		err := s.uploadGroup(ctx, group)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			if !told.IsZero() {
				told = time.Time{}
				s.log.Info("the store can be reached again: uploads go on")
			}
			pause = s.opts.pause
			continue
		}
		if time.Since(told) > 10*time.Minute {
			told = time.Now()
			left := s.Backlog()
			s.log.Error("objects cannot be uploaded: they wait in the spool, and it is tried again", "objects", left.Objects, "bytes", left.Bytes, "limit", s.opts.Limit, "error", err)
		}
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
		pause = min(2*pause, maxPause)
	}
}

// first is what may be uploaded next.
func (s *Spool) first() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.pending) && n < atOnce && s.pending[n].group == s.pending[0].group {
		n++
	}
	return slices.Clone(s.pending[:n])
}

func (s *Spool) uploadGroup(ctx context.Context, group []*entry) error {
	errs := make([]error, len(group))
	var all sync.WaitGroup
	for i, e := range group {
		all.Go(func() { errs[i] = s.uploadOne(ctx, e) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// errConflict is an object whose name something else has in the store behind.
var errConflict = errors.New("the store has another object of that name: whoever made it, this one is kept here")

// errDamaged is an object that this disk has changed.
var errDamaged = errors.New("the disk has not kept it as it was written")

// uploadOne brings one object to the store behind. An error is one that may
// pass: the object stays where it is.
func (s *Spool) uploadOne(ctx context.Context, e *entry) error {
	err := s.send(ctx, e)
	switch {
	case errors.Is(err, errDamaged):
		s.setAside(e.file, damagedSuffix, e.Name, err)
	case errors.Is(err, errConflict):
		s.setAside(e.file, conflictSuffix, e.Name, err)
	case errors.Is(err, errGone): // another process of this machine has uploaded it
	case err != nil:
		return s.failed(err)
	default:
		if err := s.root.Remove(e.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s.failed(fmt.Errorf("removing %s, which is uploaded: %w", e.file, err))
		}
	}
	s.leave(e)
	return nil
}

// errGone is a file that is no longer there.
var errGone = errors.New("the file is gone")

// send returns nil once the store behind has the object.
func (s *Spool) send(ctx context.Context, e *entry) error {
	f, err := s.root.Open(e.file)
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := e.check(f); err != nil {
		return err
	}
	err = s.behind.Create(ctx, e.Name, e.data(f))
	if errors.Is(err, storage.ErrExist) {
		same, err := s.isSame(ctx, e, f)
		if err == nil && !same {
			err = errConflict
		}
		return err
	}
	return err
}

func (e *entry) data(f *os.File) *io.SectionReader { return io.NewSectionReader(f, headSize, e.Size) }

// check says whether a file's bytes are those that were written.
func (e *entry) check(f *os.File) error {
	sum := crc32.New(castagnoli)
	if n, err := io.Copy(sum, e.data(f)); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	} else if n != e.Size || sum.Sum32() != e.CRC {
		return fmt.Errorf("%w: it has %d bytes with CRC32C %08x, %d with %08x were written", errDamaged, n, sum.Sum32(), e.Size, e.CRC)
	}
	return nil
}

// isSame says whether the object of e's name in the store behind has e's bytes,
// as when the process ended between upload and removal.
func (s *Spool) isSame(ctx context.Context, e *entry, f *os.File) (bool, error) {
	r, err := s.behind.Open(ctx, e.Name)
	if err != nil {
		return false, err
	}
	defer r.Close()
	ours, theirs := make([]byte, 64<<10), make([]byte, 64<<10)
	for data := e.data(f); ; {
		n, err := io.ReadFull(data, ours)
		m, theirErr := io.ReadFull(r, theirs)
		if theirErr != nil && theirErr != io.EOF && theirErr != io.ErrUnexpectedEOF {
			return false, theirErr
		}
		if !bytes.Equal(ours[:n], theirs[:m]) {
			return false, nil
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// leave takes an entry out: its file is gone, or set aside.
func (s *Spool) leave(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.pending, e); i >= 0 {
		s.pending = slices.Delete(s.pending, i, i+1)
		delete(s.byName, e.Name)
		s.bytes -= e.Size
	}
	for w := range s.watches {
		w.left = w.left || slices.Contains(w.names, e.Name)
	}
	s.away, s.refused = false, false
	s.moved()
}

func (s *Spool) failed(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = true
	s.moved()
	return err
}

// moved tells who waits for the uploads. The caller holds the lock.
func (s *Spool) moved() {
	close(s.progress)
	s.progress = make(chan struct{})
}
