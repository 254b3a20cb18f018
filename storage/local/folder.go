package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

// marker is the file that says a folder is a caddyrec store.
const marker = "caddyrec.json"

// format is the layout this package writes and the newest it reads.
const format = 1

// staleAfter is when a temporary file is certainly no longer being written.
const staleAfter = 24 * time.Hour

type markerFile struct {
	Format int       `json:"format"`
	Made   time.Time `json:"made"`
}

// Open takes the store in dir, or makes one there when the folder is empty or
// absent. It refuses a folder that holds something else, so that a mistyped
// path never mixes records with other people's files, and a store that a newer
// caddyrec made.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return nil, errors.New("storage: no folder given for the local store")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", err)
	}
	if err := makeRoot(dir); err != nil {
		return nil, fmt.Errorf("making store folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		if info, e := os.Stat(dir); e == nil && !info.IsDir() { // OpenRoot's own error for that has no value
			err = &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil, fmt.Errorf("opening store folder: %w", err)
	}
	s := &Store{dir: dir, root: root, synced: map[string]bool{}}
	if err := s.take(); err != nil {
		root.Close()
		return nil, err
	}
	s.sweep()
	return s, nil
}

// makeRoot makes the store's folder, and those above it, and syncs the parent
// of each new one: an object is not durable in a folder that is not.
func makeRoot(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeRoot(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	root, err := os.OpenRoot(parent)
	if err != nil {
		return err
	}
	defer root.Close()
	return syncDir(root, ".")
}

// take reads the marker, or puts one into an empty folder.
func (s *Store) take() error {
	text, err := s.root.ReadFile(marker)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.mark(); err != nil {
			return err
		}
		text, err = s.root.ReadFile(marker)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Join(s.dir, marker), err)
	}
	var m markerFile
	if err := json.Unmarshal(text, &m); err != nil || m.Format < 1 {
		return fmt.Errorf("%s is damaged: restore it, or choose an empty folder for the store", filepath.Join(s.dir, marker))
	}
	if m.Format > format {
		return fmt.Errorf("store %s has format %d, this caddyrec reads up to %d: use the caddyrec that made it, or a newer one", s.dir, m.Format, format)
	}
	return s.makeScratch()
}

func (s *Store) mark() error {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("reading store folder %s: %w", s.dir, err)
	}
	for _, e := range entries {
		switch e.Name() {
		case marker, scratch, "lost+found": // another process is marking it, or a fresh file system
		default:
			return fmt.Errorf("folder %s is not empty and not a caddyrec store (it has %q but no %s): choose an empty folder, or remove what is in it", s.dir, e.Name(), marker)
		}
	}
	if err := s.makeScratch(); err != nil {
		return err
	}
	text, err := json.Marshal(markerFile{Format: format, Made: time.Now().UTC()})
	if err != nil {
		return err
	}
	err = s.placeMarker(append(text, '\n'))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("marking store folder %s: %w", s.dir, err)
	}
	return syncDir(s.root, ".")
}

// placeMarker writes the marker as objects are written: whole or not at all.
func (s *Store) placeMarker(text []byte) error {
	temp, err := s.writeTemp(context.Background(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer s.root.Remove(temp)
	return s.root.Link(temp, marker)
}

func (s *Store) makeScratch() error {
	if err := s.root.Mkdir(scratch, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making %s: %w", filepath.Join(s.dir, scratch), err)
	}
	return nil
}

// makeFolder makes the folder of a name, and those above it, and makes sure
// that they outlive a power cut.
func (s *Store) makeFolder(dir string) error {
	if s.known(dir) {
		return nil
	}
	s.making.Lock()
	defer s.making.Unlock()
	return s.makeFolders(dir)
}

// makeFolders is makeFolder for who holds making.
func (s *Store) makeFolders(dir string) error {
	if s.known(dir) {
		return nil
	}
	parent := path.Dir(dir)
	if err := s.makeFolders(parent); err != nil {
		return err
	}
	if err := s.root.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Synced even if it was there: who made it may not have got to that yet.
	if err := s.syncFolder(parent); err != nil {
		return err
	}
	s.mu.Lock()
	s.synced[dir] = true
	s.mu.Unlock()
	return nil
}

func (s *Store) makeFolderAnew(dir string) error {
	s.mu.Lock()
	clear(s.synced)
	s.mu.Unlock()
	return s.makeFolder(dir)
}

func (s *Store) known(dir string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return dir == "." || s.synced[dir]
}

// removeEmpty removes a folder in which nothing is left, and those above it,
// and makes sure that what went stays gone after a power cut.
func (s *Store) removeEmpty(dir string) error {
	s.making.Lock()
	defer s.making.Unlock()
	for ; dir != "."; dir = path.Dir(dir) {
		s.mu.Lock()
		was := s.synced[dir]
		delete(s.synced, dir) // before it goes, so that nobody relies on it
		s.mu.Unlock()
		if err := s.root.Remove(dir); err != nil { // something is left in it
			if was {
				s.mu.Lock()
				s.synced[dir] = true
				s.mu.Unlock()
			}
			break
		}
	}
	return s.syncFolder(dir)
}

func (s *Store) syncFolder(dir string) error { return syncDir(s.root, dir) }

// sweep removes what crashes left, once it is too old to be in use.
func (s *Store) sweep() {
	entries, err := fs.ReadDir(s.root.FS(), scratch)
	if err != nil {
		return // nothing depends on it
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			s.root.Remove(path.Join(scratch, e.Name()))
		}
	}
}

// notFolder says that a name goes through an object as if it were a folder.
func notFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
