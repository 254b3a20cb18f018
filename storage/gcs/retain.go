package gcs

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	gcs "cloud.google.com/go/storage"

	"github.com/caddyrec/caddyrec/storage"
)

// Hold implements [storage.Retainer], with a temporary hold.
func (s *Store) Hold(ctx context.Context, name string) error {
	return s.setHold(ctx, "holding object", name, true)
}

// Release implements [storage.Retainer].
func (s *Store) Release(ctx context.Context, name string) error {
	return s.setHold(ctx, "releasing object", name, false)
}

func (s *Store) setHold(ctx context.Context, doing, name string, hold bool) error {
	return s.change(ctx, doing, name, func(ctx context.Context, o *gcs.ObjectHandle, attrs *gcs.ObjectAttrs) error {
		if attrs.TemporaryHold == hold {
			return nil
		}
		_, err := o.Update(ctx, gcs.ObjectAttrsToUpdate{TemporaryHold: hold})
		return err
	})
}

// Delete implements [storage.Retainer]. An object that somebody holds in the
// meantime stays.
func (s *Store) Delete(ctx context.Context, name string) error {
	return s.change(ctx, "deleting object", name, func(ctx context.Context, o *gcs.ObjectHandle, _ *gcs.ObjectAttrs) error {
		err := o.Delete(ctx)
		if errors.Is(err, gcs.ErrObjectNotExist) {
			return nil // it was there just now: an attempt before did it, and its answer was lost
		}
		return err
	})
}

// changes is how often a change is tried anew that somebody else's came before.
const changes = 5

// change does something to an object as it is now; when that has changed it
// looks again.
func (s *Store) change(ctx context.Context, doing, name string, do func(context.Context, *gcs.ObjectHandle, *gcs.ObjectAttrs) error) error {
	if err := storage.CheckName(name); err != nil {
		return err
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	for try := 1; ; try++ {
		attrs, err := s.object(name).Attrs(ctx)
		if err == nil {
			as := gcs.Conditions{GenerationMatch: attrs.Generation, MetagenerationMatch: attrs.Metageneration}
			err = do(ctx, s.object(name).If(as), attrs)
		}
		if status(err) == http.StatusPreconditionFailed && try < changes {
			continue
		}
		if errors.Is(err, gcs.ErrObjectNotExist) {
			return fmt.Errorf("%w: %s", storage.ErrNotExist, name)
		}
		if err != nil {
			return s.explain(ctx, doing, name, err)
		}
		return nil
	}
}
