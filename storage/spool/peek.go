package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/storage"
)

// Peek is a view, for reading only, of a store and of what waits for it in a
// spool's folder, while another process uploads that.
type Peek struct {
	behind storage.Store
	dir    string
}

var _ storage.Store = (*Peek)(nil)

// NewPeek is the view of a store with the spool in dir, which need not be there.
func NewPeek(behind storage.Store, dir string) *Peek { return &Peek{behind, dir} }

// Backlog tells what waits at the moment.
func (p *Peek) Backlog() (b storage.Backlog, err error) {
	err = p.each(func(file fs.DirEntry, h head) {
		b.Objects++
		b.Bytes += h.Size
		if info, err := file.Info(); err == nil && (b.Oldest.IsZero() || info.ModTime().Before(b.Oldest)) {
			b.Oldest = info.ModTime()
		}
	}, func(fs.DirEntry) { b.Aside++ })
	return b, err
}

// each gives the objects that wait. Those that leave meanwhile it passes over.
func (p *Peek) each(waits func(fs.DirEntry, head), aside func(fs.DirEntry)) error {
	files, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the spool: %w", err)
	}
	for _, file := range files {
		switch name := file.Name(); {
		case strings.HasSuffix(name, objectSuffix):
			h, err := readHead(filepath.Join(p.dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return fmt.Errorf("reading %s in the spool: %w", name, err)
			}
			waits(file, h)
		case strings.HasSuffix(name, damagedSuffix) || strings.HasSuffix(name, conflictSuffix):
			aside(file)
		}
	}
	return nil
}

func readHead(file string) (h head, err error) {
	f, err := os.Open(file)
	if err != nil {
		return h, err
	}
	defer f.Close()
	return parseHead(f)
}

// files are the files that wait, by the names of their objects.
func (p *Peek) files() (map[string]string, error) {
	all := map[string]string{}
	err := p.each(func(file fs.DirEntry, h head) { all[h.Name] = file.Name() }, func(fs.DirEntry) {})
	return all, err
}

// Create implements [storage.Store]. It is refused.
func (p *Peek) Create(_ context.Context, name string, _ io.Reader) error {
	return fmt.Errorf("creating object %s: %w: the spool is another process's", name, errors.ErrUnsupported)
}

// Open implements [storage.Store].
func (p *Peek) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := p.behind.Open(ctx, name)
	if !errors.Is(err, storage.ErrNotExist) {
		return r, err
	}
	files, wrong := p.files()
	if wrong != nil {
		return nil, wrong
	}
	if file, ok := files[name]; ok {
		r, wrong := openWaiting(name, filepath.Join(p.dir, file))
		if !errors.Is(wrong, fs.ErrNotExist) {
			return r, wrong
		}
		return p.behind.Open(ctx, name) // it has just left
	}
	return nil, err
}

func openWaiting(name, file string) (io.ReadCloser, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	h, err := parseHead(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("opening object %s in the spool: %w", name, err)
	}
	e := &entry{head: h}
	return &reader{name: name, file: f, data: e.data(f), want: h.CRC}, nil
}

// List implements [storage.Store].
func (p *Peek) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		files, err := p.files() // first: what leaves meanwhile is in both
		if err != nil {
			yield("", err)
			return
		}
		maps.DeleteFunc(files, func(name, _ string) bool { return !strings.HasPrefix(name, prefix) })
		merge(slices.Sorted(maps.Keys(files)), p.behind.List(ctx, prefix), yield)
	}
}
