package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/caddyrec/caddyrec/storage"
)

var _ storage.Batcher = (*Store)(nil)

// batchFiles is how many files are open at once.
const batchFiles = 128

// CreateAll implements [storage.Batcher]: many objects at once are written, then
// all synced, then all named; in the end all their folders are synced.
func (s *Store) CreateAll(ctx context.Context, objects []storage.Object) error {
	folders := map[string]bool{}
	for some := range slices.Chunk(objects, batchFiles) {
		if err := s.createSome(ctx, some, folders); err != nil {
			return err
		}
	}
	for dir := range folders {
		if err := s.syncFolder(dir); err != nil {
			return fmt.Errorf("creating objects in %s: they are there, but may not outlive a power cut: %w", dir, err)
		}
	}
	return nil
}

// createSome creates objects, and adds the folders that are still to be synced.
func (s *Store) createSome(ctx context.Context, objects []storage.Object, folders map[string]bool) error {
	pending := make([]written, 0, len(objects))
	defer func() {
		for _, w := range pending {
			w.file.Close()
			s.root.Remove(w.temp)
		}
	}()
	for _, o := range objects {
		if err := s.checkName(ctx, o.Name); err != nil {
			return err
		}
		if exists, err := s.exists(o.Name); exists {
			if err := storage.Same(ctx, s, o); err != nil {
				return err
			}
			// Whoever made it may not have got to syncing its folder.
			folders[path.Dir(o.Name)] = true
			continue
		} else if err != nil {
			return err
		}
		if err := s.makeFolder(path.Dir(o.Name)); err != nil {
			return fmt.Errorf("creating object %s: %w", o.Name, err)
		}
		temp, file, err := s.openTemp(ctx, bytes.NewReader(o.Data))
		if err != nil {
			return fmt.Errorf("creating object %s: %w", o.Name, err)
		}
		pending = append(pending, written{o, temp, file})
		startWriting(file)
	}
	for _, w := range pending {
		if err := w.file.Sync(); err != nil {
			return fmt.Errorf("creating object %s: %w", w.Name, err)
		}
	}
	for _, w := range pending {
		if err := s.link(w.temp, w.Name); errors.Is(err, fs.ErrExist) {
			if err := storage.Same(ctx, s, w.Object); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		s.root.Remove(w.temp)
		if err := s.protect(w.Name); err != nil {
			return fmt.Errorf("creating object %s: it is there, but not immutable: %w", w.Name, err)
		}
		folders[path.Dir(w.Name)] = true
	}
	return nil
}

// written is an object that has no name yet.
type written struct {
	storage.Object
	temp string
	file *os.File
}
