// Package local is a [storage.Store] in a folder of this machine.
//
// It promises what the interface does, against other processes on the machine
// and against a power cut too: an object is written to a temporary file, synced,
// and then linked to its name, which the file system does for one caller only;
// then the folder is synced. What a crash leaves behind lies in a folder of
// its own that no name reaches.
//
// The folder must be on a file system with hard links (every usual one but
// FAT), and network file systems must keep link(2) atomic.
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/caddyrec/caddyrec/storage"
)

// Objects may be read by the group, so that an auditor need not be the
// gateway's own user, and written by nobody.
const (
	fileMode = 0o440
	dirMode  = 0o750
)

// scratch is where objects are written before they get their names. No name
// can reach it: CheckName refuses elements that begin with a dot.
const scratch = ".tmp"

// Store is a folder of write-once objects. Make one with [Open].
type Store struct {
	dir  string
	root *os.Root

	retaining sync.Mutex // held while an object is held, or deleted
	making    sync.Mutex // held while folders are made or removed, so that synced is right

	mu        sync.Mutex
	synced    map[string]bool // folders known to be durable
	immutable bool            // objects get that flag
}

var _ storage.Store = (*Store)(nil)

// Root is the store's folder, as an absolute path.
func (s *Store) Root() string { return s.dir }

// Close gives back the handle on the folder. Objects stay.
func (s *Store) Close() error { return s.root.Close() }

// Create implements [storage.Store].
func (s *Store) Create(ctx context.Context, name string, r io.Reader) error {
	if err := s.checkName(ctx, name); err != nil {
		return err
	}
	if exists, err := s.exists(name); err != nil || exists {
		return err
	}
	if err := s.makeFolder(path.Dir(name)); err != nil {
		return fmt.Errorf("creating object %s: %w", name, err)
	}
	temp, err := s.writeTemp(ctx, r)
	if err != nil {
		return fmt.Errorf("creating object %s: %w", name, err)
	}
	err = s.link(temp, name)
	s.root.Remove(temp)
	if err != nil {
		return err
	}
	if err := s.protect(name); err != nil {
		return fmt.Errorf("creating object %s: it is there, but not immutable: %w", name, err)
	}
	if err := s.syncFolder(path.Dir(name)); err != nil {
		return fmt.Errorf("creating object %s: it is there, but may not outlive a power cut: %w", name, err)
	}
	return nil
}

// checkName says whether an object may be created under name, and ctx is not
// over.
func (s *Store) checkName(ctx context.Context, name string) error {
	if err := storage.CheckName(name); err != nil {
		return err
	}
	if name == marker {
		return fmt.Errorf("storage: name %q is the store's own", name)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("creating object %s: %w", name, err)
	}
	return nil
}

// relinks is how often a folder is made anew that others remove.
const relinks = 5

// link gives a written file its name, if nobody has it.
func (s *Store) link(temp, name string) error {
	err := s.root.Link(temp, name)
	for range relinks {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		// Somebody removed the folder since: the last object in it went.
		if err = s.makeFolderAnew(path.Dir(name)); err == nil {
			err = s.root.Link(temp, name)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		if exists, err := s.exists(name); err != nil || exists {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("creating object %s: %w", name, err)
	}
	return nil
}

// exists says with ErrExist that name is an object; anything else under that
// name is an error of its own.
func (s *Store) exists(name string) (bool, error) {
	info, err := s.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("creating object %s: %w", name, err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("creating object %s: the store has a %s of that name", name, kind(info.Mode()))
	}
	return true, fmt.Errorf("%w: %s", storage.ErrExist, name)
}

func kind(m fs.FileMode) string {
	if m.IsDir() {
		return "folder"
	}
	return "thing that is no file"
}

// writeTemp writes a synced file that has no name yet.
func (s *Store) writeTemp(ctx context.Context, r io.Reader) (name string, err error) {
	name, f, err := s.openTemp(ctx, r)
	if err != nil {
		return "", err
	}
	err = f.Sync()
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		s.root.Remove(name)
		return "", err
	}
	return name, nil
}

// openTemp writes a file that has no name yet, and leaves it open to be synced.
func (s *Store) openTemp(ctx context.Context, r io.Reader) (name string, f *os.File, err error) {
	name = path.Join(scratch, rand.Text())
	f, err = s.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return "", nil, err
	}
	if _, err := io.Copy(f, storage.ReadWithin(ctx, r)); err != nil {
		f.Close()
		s.root.Remove(name)
		return "", nil, err
	}
	return name, f, nil
}

// Open implements [storage.Store].
func (s *Store) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := storage.CheckName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("opening object %s: %w", name, err)
	}
	if name == marker {
		return nil, fmt.Errorf("%w: %s", storage.ErrNotExist, name)
	}
	// Looked at before it is opened: opening a pipe would wait for ever.
	info, err := s.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() || notFolder(err) {
		return nil, fmt.Errorf("%w: %s", storage.ErrNotExist, name)
	}
	if err != nil {
		return nil, fmt.Errorf("opening object %s: %w", name, err)
	}
	f, err := s.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening object %s: %w", name, err)
	}
	return f, nil
}
