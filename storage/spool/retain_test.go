package spool

import (
	"errors"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
)

func TestWhatWaitsIsRetainedAndWhatHasArrivedIsTheBucketsToKeep(t *testing.T) {
	b := newBench(t)
	b.away()
	b.create("a/b", "x")
	for what, err := range map[string]error{"hold": b.Hold(t.Context(), "a/b"), "release": b.Release(t.Context(), "a/b"), "delete": b.Delete(t.Context(), "a/b")} {
		if !errors.Is(err, storage.ErrRetained) {
			t.Errorf("%s of what waits: %v", what, err)
		}
	}
	b.back()
	b.empty()
	if err := b.Hold(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(t.Context(), "a/b"); !errors.Is(err, storage.ErrRetained) {
		t.Errorf("deleting what is held: %v", err)
	}
	if err := b.Release(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Open(t.Context(), "a/b"); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("after it was deleted: %v", err)
	}
}
