package spool

import (
	"context"
	"fmt"

	"github.com/caddyrec/caddyrec/storage"
)

var _ storage.Retainer = (*Spool)(nil)

// Hold implements [storage.Retainer] for what the store behind has.
func (s *Spool) Hold(ctx context.Context, name string) error {
	return s.arrived("holding", name, func(behind storage.Retainer) error { return behind.Hold(ctx, name) })
}

// Release implements [storage.Retainer] for what the store behind has.
func (s *Spool) Release(ctx context.Context, name string) error {
	return s.arrived("releasing", name, func(behind storage.Retainer) error { return behind.Release(ctx, name) })
}

// Delete implements [storage.Retainer] for what the store behind has. What
// waits is retained until it has arrived.
func (s *Spool) Delete(ctx context.Context, name string) error {
	return s.arrived("deleting", name, func(behind storage.Retainer) error { return behind.Delete(ctx, name) })
}

func (s *Spool) arrived(doing, name string, do func(storage.Retainer) error) error {
	behind, ok := s.behind.(storage.Retainer)
	if !ok {
		return fmt.Errorf("%s object %s: the store behind the spool lets go of nothing", doing, name)
	}
	s.mu.Lock()
	_, waits := s.byName[name]
	s.mu.Unlock()
	if waits {
		return fmt.Errorf("%s object %s: it has not left the spool yet: %w", doing, name, storage.ErrRetained)
	}
	return do(behind)
}
