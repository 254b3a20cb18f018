package spool

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/caddyrec/caddyrec/storage"
)

// Create implements [storage.Store].
func (s *Spool) Create(ctx context.Context, name string, r io.Reader) error {
	if err := storage.CheckName(name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("spooling object %s: %w", name, err)
	}
	if s.waits(name) != nil {
		return fmt.Errorf("%w: %s", storage.ErrExist, name)
	}
	f, err := s.write(ctx, name, r)
	if err == nil {
		defer f.discard()
		err = f.sync()
	}
	if err != nil {
		return fmt.Errorf("spooling object %s: %w", name, err)
	}
	w := s.watch(name)
	defer s.unwatch(w)
	for {
		if s.isBehind(ctx, name) {
			return fmt.Errorf("%w: %s", storage.ErrExist, name)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("spooling object %s: %w", name, err)
		}
		if again, err := s.place(w, f); !again {
			return err
		}
	}
}

// place puts written files into the spool. It says to look again for their
// names in the store behind if one of them has left for it since w saw.
func (s *Spool) place(w *watch, files ...*written) (again bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var size int64
	for _, f := range files {
		if s.byName[f.Name] != nil {
			return false, fmt.Errorf("%w: %s", storage.ErrExist, f.Name)
		}
		size += f.Size
	}
	if w.left {
		w.left = false
		return true, nil
	}
	if len(s.pending) > 0 && s.bytes+size > s.opts.Limit {
		if err := s.atLimit(); err != nil {
			return false, fmt.Errorf("spooling object %s: %w", files[0].Name, err)
		}
	}
	defer s.nudge()
	group := s.next
	for _, f := range files {
		e, err := s.link(f, group)
		if err != nil { // those before are there, as good as any
			return false, fmt.Errorf("spooling object %s: %w", f.Name, err)
		}
		s.add(e)
	}
	if err := s.syncFolder(); err != nil {
		return false, fmt.Errorf("spooling objects: they are there, but may not outlive a power cut: %w", err)
	}
	return false, nil
}

// watch sees whether one of some names leaves the spool.
type watch struct {
	names []string
	left  bool // Spool.mu guards it
}

func (s *Spool) watch(names ...string) *watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &watch{names: names}
	s.watches[w] = true
	return w
}

func (s *Spool) unwatch(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, w)
}

// isBehind says whether a name is taken in the store behind, as far as that can
// be told now.
func (s *Spool) isBehind(ctx context.Context, name string) bool {
	s.mu.Lock()
	away := s.away
	s.mu.Unlock()
	if away {
		return false
	}
	bound, cancel := context.WithTimeout(ctx, s.opts.check)
	defer cancel()
	r, err := s.behind.Open(bound, name)
	if err == nil {
		r.Close()
		return true
	}
	if !errors.Is(err, storage.ErrNotExist) && ctx.Err() == nil {
		s.mu.Lock()
		s.away = true // until an upload goes through
		s.mu.Unlock()
	}
	return false
}
