package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/caddyrec/caddyrec/storage"
)

var _ storage.Retainer = (*Store)(nil)

// held is where a file of an object's name keeps that object from being
// deleted. No name can reach it.
const held = ".held"

// Hold implements [storage.Retainer]. On a local disk only this package heeds
// it.
func (s *Store) Hold(ctx context.Context, name string) error {
	s.retaining.Lock()
	defer s.retaining.Unlock()
	if err := s.there(ctx, name); err != nil {
		return fmt.Errorf("holding object %s: %w", name, err)
	}
	mark := path.Join(held, name)
	if err := s.makeFolder(path.Dir(mark)); err != nil {
		return fmt.Errorf("holding object %s: %w", name, err)
	}
	f, err := s.root.OpenFile(mark, os.O_CREATE|os.O_WRONLY, fileMode)
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = s.syncFolder(path.Dir(mark))
	}
	if err != nil {
		return fmt.Errorf("holding object %s: %w", name, err)
	}
	return nil
}

// Release implements [storage.Retainer].
func (s *Store) Release(ctx context.Context, name string) error {
	s.retaining.Lock() // against a hold whose folder would go
	defer s.retaining.Unlock()
	if err := s.there(ctx, name); err != nil {
		return fmt.Errorf("releasing object %s: %w", name, err)
	}
	mark := path.Join(held, name)
	err := s.root.Remove(mark)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.removeEmpty(path.Dir(mark))
	}
	if err != nil {
		return fmt.Errorf("releasing object %s: %w", name, err)
	}
	return nil
}

// Delete implements [storage.Retainer]. A local store retains only what is
// held: how long the rest stays is for the caller to know. Folders go with the
// last object in them.
func (s *Store) Delete(ctx context.Context, name string) error {
	s.retaining.Lock() // against a hold that comes between the look and the end
	defer s.retaining.Unlock()
	if err := s.there(ctx, name); err != nil {
		return fmt.Errorf("deleting object %s: %w", name, err)
	}
	switch _, err := s.root.Lstat(path.Join(held, name)); {
	case err == nil:
		return fmt.Errorf("deleting object %s: %w", name, storage.ErrRetained)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("deleting object %s: %w", name, err)
	}
	err := s.unprotect(name)
	if err == nil {
		err = s.root.Remove(name)
	}
	if err == nil {
		err = s.removeEmpty(path.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("deleting object %s: %w", name, err)
	}
	return nil
}

// there says whether name is an object.
func (s *Store) there(ctx context.Context, name string) error {
	if err := s.checkName(ctx, name); err != nil {
		return err
	}
	exists, err := s.exists(name)
	if exists {
		return nil
	}
	if err == nil {
		err = storage.ErrNotExist
	}
	return err
}
