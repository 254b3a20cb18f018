package spool

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

func TestWhatWaitsIsReadAndCountedBesideTheProcessThatUploadsIt(t *testing.T) {
	b := newBench(t)
	b.bucket.Put("a/0", []byte("there"), nil)
	b.bucket.Fail(func(c gcstest.Call) gcstest.Fault {
		if c.Op == "insert" {
			return http.StatusServiceUnavailable
		}
		return gcstest.None
	})
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
