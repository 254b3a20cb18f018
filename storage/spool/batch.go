package spool

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/caddyrec/caddyrec/storage"
)

// CreateAll implements [storage.Batcher]: all objects are written, then all
// synced, then all linked, then the folder synced.
func (s *Spool) CreateAll(ctx context.Context, objects []storage.Object) error {
	names := make([]string, len(objects))
	for i, o := range objects {
		if err := storage.CheckName(o.Name); err != nil {
			return err
		}
		names[i] = o.Name
	}
	w := s.watch(names...)
	defer s.unwatch(w)
	for {
		missing, err := s.missing(ctx, objects)
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("spooling objects: %w", err)
		}
		if again, err := s.createAll(ctx, w, missing); !again {
			return err
		}
	}
}

func (s *Spool) createAll(ctx context.Context, w *watch, objects []storage.Object) (again bool, err error) {
	files := make([]*written, 0, len(objects))
	defer func() {
		for _, f := range files {
			f.discard()
		}
	}()
	for _, o := range objects {
		f, err := s.write(ctx, o.Name, bytes.NewReader(o.Data))
		if err != nil {
			return false, fmt.Errorf("spooling object %s: %w", o.Name, err)
		}
		files = append(files, f)
	}
	for _, f := range files {
		if err := f.sync(); err != nil {
			return false, fmt.Errorf("spooling object %s: %w", f.Name, err)
		}
	}
	if len(files) == 0 {
		return false, nil
	}
	return s.place(w, files...)
}

// missing are the objects that are neither in the spool nor in the store
// behind. One that is there with other bytes is an error.
func (s *Spool) missing(ctx context.Context, objects []storage.Object) (missing []storage.Object, err error) {
	there := make([]bool, len(objects))
	errs := make([]error, len(objects))
	turns := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, o := range objects {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			if there[i] = s.waits(o.Name) != nil || s.isBehind(ctx, o.Name); there[i] {
				errs[i] = storage.Same(ctx, s, o)
			}
		})
	}
	all.Wait()
	for i, o := range objects {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if !there[i] {
			missing = append(missing, o)
		}
	}
	return missing, nil
}
