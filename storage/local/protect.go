package local

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// ErrNotImmutable says that objects cannot be made immutable here: this system
// or file system knows no such flag, or the process may not set it.
var ErrNotImmutable = errors.New("objects cannot be made immutable")

// Protect makes the store set the file system's immutable flag (chattr +i) on
// each object that it creates from now on, so that not even its owner can
// change, rename or remove it before somebody with CAP_LINUX_IMMUTABLE, which
// root has, takes the flag off. It tries that first; an error, which is
// [ErrNotImmutable], says why not, and objects stay as they are without it:
// mode 0440.
func (s *Store) Protect() error {
	name := path.Join(scratch, rand.Text())
	f, err := s.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotImmutable, err)
	}
	defer s.root.Remove(name)
	defer f.Close()
	if err := setImmutable(f, true); err != nil {
		return fmt.Errorf("%w: %w", ErrNotImmutable, err)
	}
	if err := setImmutable(f, false); err != nil {
		return fmt.Errorf("%w: %w", ErrNotImmutable, err)
	}
	s.mu.Lock()
	s.immutable = true
	s.mu.Unlock()
	return nil
}

// Protection says how objects are protected that the store creates.
func (s *Store) Protection() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.immutable {
		return fmt.Sprintf("mode %04o, immutable", fileMode)
	}
	return fmt.Sprintf("mode %04o", fileMode)
}

// protect makes an object immutable, if the store does that. It comes when the
// file has no other name any more: an immutable one cannot be unlinked.
func (s *Store) protect(name string) error {
	s.mu.Lock()
	on := s.immutable
	s.mu.Unlock()
	if !on {
		return nil
	}
	f, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return setImmutable(f, true)
}

// unprotect takes the flag off an object that is to be deleted. One that has
// none is left alone, also where nobody may set it.
func (s *Store) unprotect(name string) error {
	f, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if is, _ := Immutable(f); !is {
		return nil
	}
	return setImmutable(f, false)
}

// Immutable says whether a file has the immutable flag, and whether that can be
// told at all.
func Immutable(f fs.File) (is, known bool) {
	file, ok := f.(*os.File)
	if !ok {
		return false, false
	}
	return isImmutable(file)
}
