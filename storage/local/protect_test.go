package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/storagetest"
)

// protected is a store whose objects are immutable; they are released when the
// test ends, so that its folder can be removed.
func protected(t *testing.T) (s *Store, dir string) {
	t.Helper()
	dir = t.TempDir()
	s = open(t, dir)
	if err := s.Protect(); errors.Is(err, ErrNotImmutable) {
		if got := s.Protection(); got != "mode 0440" {
			t.Errorf("the store says that it has %q", got)
		}
		t.Skipf("not tested are immutable objects: they take root with CAP_LINUX_IMMUTABLE and a TMPDIR on ext4, xfs or btrfs: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		filepath.WalkDir(dir, func(name string, d os.DirEntry, _ error) error {
			if f, err := os.Open(name); err == nil && d.Type().IsRegular() {
				setImmutable(f, false)
				f.Close()
			}
			return nil
		})
	})
	return s, dir
}

func TestImmutableObjectsKeepTheStorePromisesToo(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		s, _ := protected(t)
		return s
	})
}

func TestAnImmutableObjectCannotBeChangedRenamedOrRemoved(t *testing.T) {
	s, dir := protected(t)
	if got := s.Protection(); got != "mode 0440, immutable" {
		t.Errorf("the store says that it has %q", got)
	}
	if err := s.Create(t.Context(), "a/one", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateAll(t.Context(), []storage.Object{{Name: "a/two", Data: []byte("y")}, {Name: "b", Data: []byte("z")}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/one", "a/two", "b"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		for what, err := range map[string]error{
			"removed": os.Remove(file), "renamed": os.Rename(file, file+"x"), "linked": os.Link(file, file+"y"),
			"given another mode": os.Chmod(file, 0o600), "written": os.WriteFile(file, nil, 0),
		} {
			if err == nil {
				t.Errorf("%s was %s", name, what)
			}
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if is, known := Immutable(f); !is || !known {
			t.Errorf("%s: %v %v", name, is, known)
		}
		f.Close()
	}
	if left, err := os.ReadDir(filepath.Join(dir, scratch)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
