package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

// stall makes the bucket one that takes nothing.
func (b *bench) stall() {
	b.bucket.Fail(func(c gcstest.Call) gcstest.Fault {
		if c.Op == "insert" {
			return http.StatusServiceUnavailable
		}
		return gcstest.None
	})
}

func TestWhatWaitsIsReadAndCountedBesideTheProcessThatUploadsIt(t *testing.T) {
	b := newBench(t)
	b.bucket.Put("a/0", []byte("there"), nil)
	b.stall()
	b.create("a/1", "one")
	b.create("b/2", "second")
	peek := NewPeek(b.behind(), b.opts.Dir)
	w, err := peek.Backlog()
	if err != nil || w.Objects != 2 || w.Bytes != 9 || w.Oldest.IsZero() || w.Aside != 0 {
		t.Errorf("waiting: %+v, %v", w, err)
	}
	look := func() {
		t.Helper()
		for name, want := range map[string]string{"a/0": "there", "a/1": "one", "b/2": "second"} {
			r, err := peek.Open(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			r.Close()
			if string(got) != want || err != nil {
				t.Errorf("%s reads %q, %v", name, got, err)
			}
		}
		for prefix, want := range map[string][]string{"": {"a/0", "a/1", "b/2"}, "a/": {"a/0", "a/1"}} {
			var got []string
			for name, err := range peek.List(t.Context(), prefix) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q lists %v, want %v", prefix, got, want)
			}
		}
	}
	look()
	if own := b.Backlog(); own.Objects != 2 || own.Bytes != 9 || own.Oldest.IsZero() || time.Since(own.Oldest) > time.Minute {
		t.Errorf("the spool itself tells %+v", own)
	}
	if _, err := peek.Open(t.Context(), "a/none"); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("an object that is nowhere: %v", err)
	}
	if err := peek.Create(t.Context(), "x", strings.NewReader("")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a reader's create: %v", err)
	}
	b.bucket.Fail(nil)
	b.Close()
	if own := b.Backlog(); own.Objects != 0 || !own.Oldest.IsZero() {
		t.Errorf("the spool itself tells %+v", own)
	}
	look() // all of it from the bucket now
	if w, err := peek.Backlog(); err != nil || fmt.Sprint(w) != fmt.Sprint(storage.Backlog{}) {
		t.Errorf("nothing waits any more, and it says %+v, %v", w, err)
	}
}

func TestASpoolThatIsNotThereHasNothing(t *testing.T) {
	b := newBench(t)
	if w, err := NewPeek(b.behind(), t.TempDir()+"/none").Backlog(); err != nil || w.Objects != 0 {
		t.Errorf("%+v, %v", w, err)
	}
}

// mar makes the heads of all files in a spool unreadable without a trace.
func (b *bench) mar() {
	b.t.Helper()
	for _, name := range b.files() {
		file := filepath.Join(b.opts.Dir, name)
		info, err := os.Stat(file)
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.Chmod(file, 0o600); err != nil {
			b.t.Fatal(err)
		}
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("marred"), 0); err != nil {
			b.t.Fatal(err)
		}
		f.Close()
		if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestToOpenWhatWaitsTheOtherFilesAreNotReadAgain(t *testing.T) {
	b := newBench(t)
	b.stall()
	for i := range 20 {
		b.create(fmt.Sprintf("a/%02d", i), "one")
	}
	peek := NewPeek(b.behind(), b.opts.Dir)
	if w, err := peek.Backlog(); err != nil || w.Objects != 20 {
		t.Fatalf("waiting: %+v, %v", w, err)
	}
	b.mar()
	for i := range 20 {
		b.create(fmt.Sprintf("b/%02d", i), "two")
		r, err := peek.Open(t.Context(), fmt.Sprintf("b/%02d", i))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); string(text) != "two" || err != nil {
			t.Errorf("it reads %q, %v", text, err)
		}
		r.Close()
	}
	if _, err := peek.Open(t.Context(), "a/00"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a marred one: %v", err)
	}
}

func TestAFileOfTheSpoolThatIsAnotherObjectsNowIsNotTakenForTheOld(t *testing.T) {
	b := newBench(t)
	b.away()
	b.create("a/1", "one")
	peek := NewPeek(b.behind(), b.opts.Dir)
	if _, err := peek.Backlog(); err != nil {
		t.Fatal(err)
	}
	before := b.files()
	b.back()
	b.empty()
	b.Close()
	b.stall()
	b.open()
	b.create("b/1", "another")
	if !slices.Equal(b.files(), before) {
		t.Fatalf("the files were %v and are %v: this proves nothing", before, b.files())
	}
	for name, want := range map[string]string{"a/1": "one", "b/1": "another"} {
		r, err := peek.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); string(text) != want || err != nil {
			t.Errorf("%s reads %q, %v", name, text, err)
		}
		r.Close()
	}
}

// leaving is a store to which an object gets just after it was not there.
type leaving struct {
	storage.Store
	leave func()
}

func (l *leaving) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := l.Store.Open(ctx, name)
	if err != nil && l.leave != nil {
		l.leave()
		l.leave = nil
	}
	return r, err
}

func TestAnObjectThatLeavesWhileItIsLookedForIsFound(t *testing.T) {
	b := newBench(t)
	b.stall()
	b.create("a/1", "one")
	behind := &leaving{Store: b.behind(), leave: func() {
		b.back()
		b.empty()
	}}
	peek := NewPeek(behind, b.opts.Dir)
	if _, err := peek.Backlog(); err != nil {
		t.Fatal(err)
	}
	r, err := peek.Open(t.Context(), "a/1")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text, err := io.ReadAll(r); string(text) != "one" || err != nil {
		t.Errorf("it reads %q, %v", text, err)
	}
}
