package spool

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWhatWaitsIsUploadedAfterARestartInOrder(t *testing.T) {
	b := newBench(t)
	b.away()
	for i := range 12 {
		b.create(fmt.Sprintf("o/%02d", 11-i), "x")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.log.String(), "objects=12") {
		t.Errorf("the log does not tell what is left: %s", b.log)
	}
	before := len(b.inserted())
	b.back()
	b.open()
	b.empty()
	// The bucket may note the last request of the spool that was closed later.
	got := slices.Compact(b.inserted()[before:])
	slices.Reverse(got)
	if len(got) != 12 || !slices.IsSorted(got) {
		t.Errorf("uploaded backwards in the order %q", got)
	}
}

func TestAnObjectThatWasUploadedBeforeACrashIsDone(t *testing.T) {
	b := newBench(t)
	b.away()
	b.create("a", strings.Repeat("same", 50_000))
	b.create("b", "")
	b.bucket.Put("a", []byte(strings.Repeat("same", 50_000)), nil)
	b.bucket.Put("b", nil, nil)
	b.back()
	b.empty()
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder has %q", files)
	}
}

func TestAConflictIsKeptAndStandsInNoOthersWay(t *testing.T) {
	for name, theirs := range map[string]string{"other bytes": "theirs", "less": "min", "more": "mine and more", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.away()
			b.create("a", "mine")
			b.create("b", "next")
			b.bucket.Put("a", []byte(theirs), nil)
			b.back()
			b.empty()
			if o, _ := b.bucket.Object("b"); string(o.Data) != "next" {
				t.Errorf("the next object is %q", o.Data)
			}
			if o, _ := b.bucket.Object("a"); string(o.Data) != theirs {
				t.Errorf("the other object is now %q", o.Data)
			}
			files := b.files()
			if len(files) != 1 || !strings.HasSuffix(files[0], conflictSuffix) {
				t.Fatalf("the folder has %q", files)
			}
			kept, err := os.ReadFile(filepath.Join(b.opts.Dir, files[0]))
			if err != nil || !bytes.HasSuffix(kept, []byte("\nmine")) {
				t.Errorf("what was kept: %q %v", kept, err)
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			b.open()
			if n := strings.Count(b.log.String(), "set aside"); n != 2 {
				t.Errorf("it was logged %d times, want at once and at the next start: %s", n, b.log)
			}
		})
	}
}

func TestWhatTheDiskDamagedIsNotUploadedAndStandsInNoOthersWay(t *testing.T) {
	for name, damage := range map[string]func(file string, data []byte) error{
		"a changed bit": func(file string, data []byte) error {
			data[len(data)-1] ^= 1
			return os.WriteFile(file, data, 0o600)
		},
		"cut short":      func(file string, data []byte) error { return os.WriteFile(file, data[:len(data)-1], 0o600) },
		"a torn head":    func(file string, data []byte) error { return os.WriteFile(file, data[:10], 0o600) },
		"a damaged head": func(file string, data []byte) error { data[0] = 'x'; return os.WriteFile(file, data, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.away()
			b.create("a", "mine")
			b.create("b", "next")
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(b.opts.Dir, b.files()[0])
			data, err := os.ReadFile(file)
			if err == nil {
				os.Remove(file)
				err = damage(file, data)
			}
			if err != nil {
				t.Fatal(err)
			}
			b.open()
			if r, err := b.Spool.Open(t.Context(), "a"); err == nil {
				if text, err := io.ReadAll(r); err == nil {
					t.Errorf("read %q", text)
				}
				r.Close()
			}
			b.back()
			b.empty()
			if names := b.bucket.Names(); !slices.Equal(names, []string{"b"}) {
				t.Errorf("the bucket has %q", names)
			}
			if files := b.files(); len(files) != 1 || !strings.HasSuffix(files[0], damagedSuffix) {
				t.Errorf("the folder has %q", files)
			}
		})
	}
}

func TestWhatACrashLeftHalfWrittenIsNoObject(t *testing.T) {
	b := newBench(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{"FRESH", "STALE"} {
		file := filepath.Join(b.opts.Dir, tempPrefix+name)
		if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if name == "STALE" {
			os.Chtimes(file, long, long)
		}
	}
	b.open()
	if n := b.Backlog().Objects; n != 0 {
		t.Errorf("%d wait", n)
	}
	if files := b.files(); !slices.Equal(files, []string{tempPrefix + "FRESH"}) {
		t.Errorf("the folder has %q", files)
	}
}
