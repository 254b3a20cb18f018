package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
)

func TestAFolderGoesWithItsLastObject(t *testing.T) {
	s := open(t, t.TempDir())
	there := func(dir string) bool {
		_, err := os.Stat(filepath.Join(s.Root(), filepath.FromSlash(dir)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return err == nil
	}
	names := []string{"sealed/dt=1/hour=06/a", "sealed/dt=1/hour=06/b", "sealed/dt=1/hour=07/c", "sealed/dt=2/hour=06/d"}
	for _, name := range names {
		if err := s.Create(t.Context(), name, strings.NewReader(name)); err != nil {
			t.Fatal(err)
		}
		if err := s.Hold(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range names[:3] {
		if err := s.Release(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		for _, base := range []string{"", held + "/"} {
			if there(base+"sealed/dt=1/hour=06") != (i < 1) || there(base+"sealed/dt=1") != (i < 2) || !there(base+"sealed/dt=2/hour=06") {
				t.Errorf("after %s the folders below %q are not those that are in use", name, base)
			}
		}
		if s.known("sealed/dt=1/hour=06") != (i < 1) || s.known("sealed/dt=1") != (i < 2) || !s.known("sealed/dt=2") {
			t.Errorf("after %s what is known of the folders is wrong", name)
		}
	}
	if err := s.CreateAll(t.Context(), []storage.Object{{Name: names[0], Data: []byte("x")}}); err != nil {
		t.Error(err)
	}
}

func TestObjectsAreCreatedWhileTheirFolderGoes(t *testing.T) {
	s := open(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 50 {
				name := fmt.Sprintf("a/b/%d-%d", i, n)
				if err := s.Create(t.Context(), name, strings.NewReader(name)); err != nil {
					t.Error(err)
				}
				if err := s.Delete(t.Context(), name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
