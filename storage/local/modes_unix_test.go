//go:build unix

package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestObjectsCannotBeWrittenAndFoldersNotEntered(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Create(t.Context(), "a/b", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"a/b": 0o440, "a": 0o750, marker: 0o440} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&^want != 0 {
			t.Errorf("%s has mode %o, want at most %o", name, got, want)
		}
	}
}

func TestWithoutTheRightObjectsAreReadOnlyStill(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Create(t.Context(), "a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if is, _ := Immutable(f); is || s.Protection() != "mode 0440" {
		t.Errorf("immutable %v, %q", is, s.Protection())
	}
}
