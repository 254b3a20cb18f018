package local

import (
	"errors"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
)

func TestWhatIsHeldIsNotDeleted(t *testing.T) {
	for name, s := range map[string]*Store{"plain": open(t, t.TempDir()), "immutable, where that can be": immutableIfPossible(t)} {
		t.Run(name, func(t *testing.T) {
			if err := s.Create(t.Context(), "a/b", strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := s.Hold(t.Context(), "a/b"); err != nil {
					t.Fatal(err)
				}
				if err := s.Delete(t.Context(), "a/b"); !errors.Is(err, storage.ErrRetained) {
					t.Errorf("deleting what is held: %v", err)
				}
			}
			for name, err := range s.List(t.Context(), "") {
				if err != nil || name != "a/b" {
					t.Errorf("the store lists %q, %v", name, err)
				}
			}
			for range 2 {
				if err := s.Release(t.Context(), "a/b"); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Delete(t.Context(), "a/b"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Open(t.Context(), "a/b"); !errors.Is(err, storage.ErrNotExist) {
				t.Errorf("after it was deleted: %v", err)
			}
			for what, err := range map[string]error{
				"hold": s.Hold(t.Context(), "a/b"), "release": s.Release(t.Context(), "a/b"), "delete": s.Delete(t.Context(), "a/b"),
			} {
				if !errors.Is(err, storage.ErrNotExist) {
					t.Errorf("%s of what is gone: %v", what, err)
				}
			}
			if err := s.Delete(t.Context(), "../x"); err == nil || errors.Is(err, storage.ErrNotExist) {
				t.Errorf("deleting a bad name: %v", err)
			}
		})
	}
}

func immutableIfPossible(t *testing.T) *Store {
	t.Helper()
	s := open(t, t.TempDir())
	if err := s.Protect(); err != nil && !errors.Is(err, ErrNotImmutable) {
		t.Fatal(err)
	}
	return s
}
