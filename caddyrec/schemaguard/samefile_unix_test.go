//go:build unix

package schemaguard

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAFileOfTheSameSizeAndTimeIsAnotherFileNevertheless(t *testing.T) {
	d := newDesk(t, "one")
	name := filepath.Join(d.dir, "main")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	d.write("main", "two")
	if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	d.files.look()
	d.files.look()
	d.says("two")
}
