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
	"sync"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// Peek is a view, for reading only, of a store and of what waits for it in a
// spool's folder, while another process uploads that. Its methods may be called
// at once by any number of goroutines.
type Peek struct {
	behind storage.Store
	dir    string

	mu    sync.Mutex
	files map[string]peeked // that waited when the folder was looked at last
	names map[string]string // of them, by the names of their objects
}

// peeked is a file that waits. A file's name may be another one's later.
type peeked struct {
	head
	size int64
	time time.Time
}

var _ storage.Store = (*Peek)(nil)

// NewPeek is the view of a store with the spool in dir, which need not be there.
func NewPeek(behind storage.Store, dir string) *Peek { return &Peek{behind: behind, dir: dir} }

// Backlog tells what waits at the moment.
func (p *Peek) Backlog() (b storage.Backlog, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.Aside, _, err = p.look()
	for _, f := range p.files {
		b.Objects++
		b.Bytes += f.Size
		if b.Oldest.IsZero() || f.time.Before(b.Oldest) {
			b.Oldest = f.time
		}
	}
	return b, err
}

// look looks at the folder. It reads the heads of the files only that are new
// there, and says how many files were set aside, and whether any came or left.
// The caller holds the lock.
func (p *Peek) look() (aside int, changed bool, err error) {
	all, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, false, fmt.Errorf("reading the spool: %w", err)
	}
	files, names := map[string]peeked{}, map[string]string{}
	for _, file := range all {
		switch name := file.Name(); {
		case strings.HasSuffix(name, objectSuffix):
			f, err := p.peek(file)
			if errors.Is(err, fs.ErrNotExist) {
				changed = true // it has just left
				continue
			}
			if err != nil {
				return 0, false, fmt.Errorf("reading %s in the spool: %w", name, err)
			}
			changed = changed || p.files[name] != f
			files[name], names[f.Name] = f, name
		case strings.HasSuffix(name, damagedSuffix) || strings.HasSuffix(name, conflictSuffix):
			aside++
		}
	}
	changed = changed || len(files) != len(p.files)
	p.files, p.names = files, names
	return aside, changed, nil
}

func (p *Peek) peek(file fs.DirEntry) (peeked, error) {
	info, err := file.Info()
	if err != nil {
		return peeked{}, err
	}
	if f, ok := p.files[file.Name()]; ok && f.size == info.Size() && f.time.Equal(info.ModTime()) {
		return f, nil
	}
	h, err := readHead(filepath.Join(p.dir, file.Name()))
	return peeked{h, info.Size(), info.ModTime()}, err
}

func readHead(file string) (h head, err error) {
	f, err := os.Open(file)
	if err != nil {
		return h, err
	}
	defer f.Close()
	return parseHead(f)
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
	file, changed, wrong := p.find(name)
	if wrong != nil {
		return nil, wrong
	}
	if file != "" {
		r, wrong := openWaiting(name, filepath.Join(p.dir, file))
		if !errors.Is(wrong, fs.ErrNotExist) {
			return r, wrong
		}
		changed = true
	}
	if changed { // it may be what has just left
		return p.behind.Open(ctx, name)
	}
	return nil, err
}

// find is the file that an object waits in, if it does. Where that is not known,
// it says whether the folder has changed since the last look.
func (p *Peek) find(name string) (file string, changed bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if file := p.names[name]; file != "" {
		return file, false, nil
	}
	_, changed, err = p.look()
	return p.names[name], changed, err
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
	if h.Name != name { // it has left, and the file's name is another one's now
		f.Close()
		return nil, fs.ErrNotExist
	}
	e := &entry{head: h}
	return &reader{name: name, file: f, data: e.data(f), want: h.CRC}, nil
}

// List implements [storage.Store].
func (p *Peek) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		waiting, err := p.waiting(prefix) // first: what leaves meanwhile is in both
		if err != nil {
			yield("", err)
			return
		}
		merge(waiting, p.behind.List(ctx, prefix), yield)
	}
}

// waiting are the names with a prefix that wait, in order.
func (p *Peek) waiting(prefix string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _, err := p.look()
	names := slices.Collect(maps.Keys(p.names))
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	slices.Sort(names)
	return names, err
}
