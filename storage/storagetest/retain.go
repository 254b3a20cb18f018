package storagetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
)

// Retaining is two views of a store that lets go of objects: one that retains
// nothing, and one that retains what it creates until Advance was called.
type Retaining struct {
	Free, Locked storage.Retainer
	Advance      func()
}

// RunRetainer tests a kind of store that is a [storage.Retainer]. Each call of
// open gives a new, empty one.
func RunRetainer(t *testing.T, open func(t *testing.T) Retaining) {
	t.Run("what nobody keeps is deleted, and its name is free", func(t *testing.T) { deleted(t, open(t).Free) })
	t.Run("what is held stays until it is released", func(t *testing.T) { held(t, open(t).Free) })
	t.Run("what is retained stays until its time is over", func(t *testing.T) { retained(t, open(t)) })
	t.Run("a hold outlasts the retention", func(t *testing.T) { holdOutlasts(t, open(t)) })
	t.Run("what is not there can be neither held nor deleted", func(t *testing.T) {
		s := open(t).Free
		for what, err := range map[string]error{
			"hold": s.Hold(t.Context(), "a"), "release": s.Release(t.Context(), "a"), "delete": s.Delete(t.Context(), "a"),
		} {
			if !errors.Is(err, storage.ErrNotExist) {
				t.Errorf("%s: got %v, want ErrNotExist", what, err)
			}
		}
		for what, err := range map[string]error{
			"hold": s.Hold(t.Context(), "../a"), "release": s.Release(t.Context(), "../a"), "delete": s.Delete(t.Context(), "../a"),
		} {
			if err == nil || errors.Is(err, storage.ErrNotExist) {
				t.Errorf("%s of a bad name: got %v, want a refusal", what, err)
			}
		}
	})
}

func create(t *testing.T, s storage.Store, name string) {
	t.Helper()
	if err := s.Create(t.Context(), name, strings.NewReader(name)); err != nil {
		t.Fatal(err)
	}
}

func mustStay(t *testing.T, s storage.Retainer, name string) {
	t.Helper()
	if err := s.Delete(t.Context(), name); !errors.Is(err, storage.ErrRetained) {
		t.Errorf("deleting %s: got %v, want ErrRetained", name, err)
	}
	if got := read(t, s, name); string(got) != name {
		t.Errorf("%s holds %q", name, got)
	}
}

func deleted(t *testing.T, s storage.Retainer) {
	create(t, s, "a/b")
	create(t, s, "a/c")
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	gone(t, s, "a/b")
	if got := names(t, s, ""); len(got) != 1 || got[0] != "a/c" {
		t.Errorf("the store has %q", got)
	}
	create(t, s, "a/b")
}

func held(t *testing.T, s storage.Retainer) {
	create(t, s, "a")
	for range 2 {
		if err := s.Hold(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		mustStay(t, s, "a")
	}
	for range 2 {
		if err := s.Release(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func retained(t *testing.T, r Retaining) {
	create(t, r.Locked, "a")
	mustStay(t, r.Locked, "a")
	r.Advance()
	if err := r.Locked.Delete(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	gone(t, r.Locked, "a")
}

func holdOutlasts(t *testing.T, r Retaining) {
	create(t, r.Locked, "a")
	if err := r.Locked.Hold(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	r.Advance()
	mustStay(t, r.Locked, "a")
	if err := r.Locked.Release(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := r.Locked.Delete(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}
