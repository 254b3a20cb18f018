package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Object is a small object to create.
type Object struct {
	Name string
	Data []byte
}

// Batcher is a [Store] that makes many small objects durable at less cost than
// one after the other: for a folder, in a few syncs instead of two for each.
type Batcher interface {
	Store
	// CreateAll does what the function [CreateAll] says.
	CreateAll(ctx context.Context, objects []Object) error
}

// CreateAll creates objects of different names, and returns once all are
// durable. One that is there already with the same bytes is as good as
// created; another of its name is an error that is [ErrExist]. After an error
// any of them may be there, each whole or not at all: it may be done again.
func CreateAll(ctx context.Context, s Store, objects []Object) error {
	if b, ok := s.(Batcher); ok {
		return b.CreateAll(ctx, objects)
	}
	for _, o := range objects {
		err := s.Create(ctx, o.Name, bytes.NewReader(o.Data))
		if errors.Is(err, ErrExist) {
			err = Same(ctx, s, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Same returns an error that is [ErrExist] unless the object of o's name has
// o's bytes.
func Same(ctx context.Context, s Store, o Object) error {
	r, err := s.Open(ctx, o.Name)
	if err != nil {
		return fmt.Errorf("reading %s, which is there already: %w", o.Name, err)
	}
	defer r.Close()
	there, err := io.ReadAll(io.LimitReader(r, int64(len(o.Data))+1))
	if err != nil {
		return fmt.Errorf("reading %s, which is there already: %w", o.Name, err)
	}
	if !bytes.Equal(there, o.Data) {
		return fmt.Errorf("%w, and it is another: %s", ErrExist, o.Name)
	}
	return nil
}
