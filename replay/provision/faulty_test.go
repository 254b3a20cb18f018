package provision

import (
	"context"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/storage"
)

// faulty is a store that fails as it is told.
type faulty struct {
	storage.Store

	mu     sync.Mutex
	list   error
	create func(name string) error
}

func (f *faulty) set(list error, create func(name string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.create = list, create
}

func (f *faulty) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.list; err != nil {
		return func(yield func(string, error) bool) { yield("", err) }
	}
	return f.Store.List(ctx, prefix)
}

func (f *faulty) Create(ctx context.Context, name string, r io.Reader) error {
	f.mu.Lock()
	create := f.create
	f.mu.Unlock()
	if create != nil {
		if err := create(name); err != nil {
			return err
		}
	}
	return f.Store.Create(ctx, name, r)
}

// failsAt fails where a name has this in it.
func failsAt(part string) func(string) error {
	return func(name string) error {
		if strings.Contains(name, part) {
			return errAway
		}
		return nil
	}
}
