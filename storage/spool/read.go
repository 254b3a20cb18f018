package spool

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/storage"
)

// Open implements [storage.Store]: from the spool while the object waits there,
// then from the store behind.
func (s *Spool) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := storage.CheckName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("opening object %s: %w", name, err)
	}
	if e := s.waits(name); e != nil {
		f, err := s.root.Open(e.file)
		if err == nil {
			return &reader{name: name, file: f, data: e.data(f), want: e.CRC}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) { // it has just left
			return nil, fmt.Errorf("opening object %s: %w", name, err)
		}
	}
	return s.behind.Open(ctx, name)
}

// reader reads an object that waits, and checks it.
type reader struct {
	name string
	file *os.File
	data *io.SectionReader
	crc  uint32
	want uint32
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.data.Read(p)
	r.crc = crc32.Update(r.crc, castagnoli, p[:n])
	if err == io.EOF && r.crc != r.want {
		return n, fmt.Errorf("reading object %s in the spool: it is damaged: it has the CRC32C %08x, not %08x", r.name, r.crc, r.want)
	}
	return n, err
}

func (r *reader) Close() error { return r.file.Close() }

// List implements [storage.Store]: what waits, and what the store behind has.
func (s *Spool) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := storage.CheckPrefix(prefix); err != nil {
			yield("", err)
			return
		}
		// Before the store behind is asked: what leaves meanwhile is in both.
		merge(s.waiting(prefix), s.behind.List(ctx, prefix), yield)
	}
}

// merge yields two ordered lists as one.
func merge(waiting []string, behind iter.Seq2[string, error], yield func(string, error) bool) {
	for name, err := range behind {
		if err != nil {
			yield("", err)
			return
		}
		for len(waiting) > 0 && waiting[0] < name {
			if !yield(waiting[0], nil) {
				return
			}
			waiting = waiting[1:]
		}
		if len(waiting) > 0 && waiting[0] == name {
			waiting = waiting[1:]
		}
		if !yield(name, nil) {
			return
		}
	}
	for _, name := range waiting {
		if !yield(name, nil) {
			return
		}
	}
}

// waiting are the names that wait and begin with prefix, in order.
func (s *Spool) waiting(prefix string) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.byName {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
