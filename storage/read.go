package storage

import (
	"context"
	"fmt"
	"io"
)

// Read reads an object of up to most bytes, whole. A larger one is an error.
func Read(ctx context.Context, s Store, name string, most int64) ([]byte, error) {
	r, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}
