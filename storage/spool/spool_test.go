package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
	"github.com/caddyrec/caddyrec/storage/storagetest"
)

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return newBench(t).Spool })
}

func TestCreatesDoNotWaitForTheBucketAndAreUploadedInOrder(t *testing.T) {
	b := newBench(t)
	b.away()
	b.create("first", "1")
	var tiles []storage.Object
	var want []string
	for i := range 20 {
		tiles = append(tiles, storage.Object{Name: fmt.Sprintf("tile/%02d", i), Data: []byte{byte(i)}})
		want = append(want, tiles[i].Name)
	}
	if err := storage.CreateAll(t.Context(), b.Spool, tiles); err != nil {
		t.Fatal(err)
	}
	b.create("checkpoint", "c")
	b.create("sealed", strings.Repeat("s", 100<<10))
	if got := b.read("checkpoint"); got != "c" {
		t.Errorf("read back %q", got)
	}
	if err := b.Create(t.Context(), "sealed", strings.NewReader("other")); !errors.Is(err, storage.ErrExist) {
		t.Errorf("creating again: got %v, want ErrExist", err)
	}
	if names := b.bucket.Names(); len(names) != 0 {
		t.Fatalf("the bucket has %q", names)
	}
	b.log.wait(t, "cannot be uploaded")
	before := len(b.inserted())
	b.back()
	b.empty()
	b.log.wait(t, "can be reached again")
	order := slices.DeleteFunc(b.inserted()[before:], func(name string) bool { return name == "first" })
	if len(order) != 22 || order[20] != "checkpoint" || order[21] != "sealed" {
		t.Fatalf("uploaded in the order %q", order)
	}
	slices.Sort(order[:20])
	if !slices.Equal(order[:20], want) {
		t.Errorf("uploaded %q", order)
	}
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder still has %q", files)
	}
	if got := b.read("sealed"); len(got) != 100<<10 {
		t.Errorf("from the bucket came %d bytes", len(got))
	}
	for _, says := range []string{"cannot be uploaded", "can be reached again"} {
		if n := strings.Count(b.log.String(), says); n != 1 {
			t.Errorf("the log says %d times %q: %s", n, says, b.log)
		}
	}
}

func TestListIsOfBothAndInOrder(t *testing.T) {
	b := newBench(t)
	b.create("b", "x")
	b.create("d/e", "x")
	b.empty()
	b.bucket.Fail(func(c gcstest.Call) gcstest.Fault {
		if c.Op == "insert" {
			return 503
		}
		return gcstest.None
	})
	b.create("a", "x")
	b.create("d/c", "x")
	b.create("f", "x")
	var got []string
	for name, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if want := []string{"a", "b", "d/c", "d/e", "f"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAtItsLimitItDeniesUntilThereIsRoom(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limit = 100 })
	b.away()
	b.create("larger than the limit, but alone"[:6], strings.Repeat("x", 200))
	if err := b.Full(); !errors.Is(err, ErrFull) {
		t.Errorf("full: %v", err)
	}
	err := b.Create(t.Context(), "b", strings.NewReader("x"))
	if !errors.Is(err, ErrFull) || errors.Is(err, storage.ErrExist) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if err := storage.CreateAll(t.Context(), b.Spool, []storage.Object{{Name: "c"}, {Name: "d", Data: []byte("x")}}); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if files := b.files(); len(files) != 1 {
		t.Errorf("the folder has %q", files)
	}
	b.back()
	b.empty()
	if err := b.Full(); err != nil {
		t.Errorf("with room: %v", err)
	}
	b.create("b", "x")
}

func TestAtItsLimitItSoundsTheAlarmAndGoesOn(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Limit = 100; o.OnFull = Alarm })
	b.away()
	for i := range 5 {
		b.create(fmt.Sprint(i), strings.Repeat("x", 60))
	}
	if err := b.Full(); err != nil {
		t.Errorf("full: %v", err)
	}
	if n := strings.Count(b.log.String(), "over its limit"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
}

// Two spools over one folder: two logs of one machine, or two configurations
// during a reload.
func TestTwoOverOneFolderUploadEachObjectOnce(t *testing.T) {
	b := newBench(t)
	other, err := Open(b.behind(), b.opts)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i, s := range []*Spool{b.Spool, other} {
		all.Go(func() {
			for n := range 30 {
				if err := s.Create(t.Context(), fmt.Sprintf("log%d/%02d", i, n), strings.NewReader(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	b.empty()
	if names := b.bucket.Names(); len(names) != 60 {
		t.Errorf("the bucket has %d objects, want 60", len(names))
	}
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder has %q", files)
	}
}

func TestAStallOfTheBucketHoldsNoCreateUpForLong(t *testing.T) {
	b := newBench(t)
	b.bucket.Fail(func(gcstest.Call) gcstest.Fault { return gcstest.Stall })
	for i := range 20 {
		b.create(fmt.Sprint(i), "x")
	}
	// Each wait is bounded by opts.check: what counts is who waits at all.
	waited := map[string]bool{}
	for _, c := range b.bucket.Calls() {
		if c.Op == "media" {
			waited[c.Name] = true
		}
	}
	if len(waited) != 1 || !waited["0"] {
		t.Errorf("the bucket was asked for %v of 20 names", slices.Sorted(maps.Keys(waited)))
	}
	b.bucket.Stop() // the stalled upload is not waited for
}

func TestACanceledCreateLeavesNothing(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- b.Create(ctx, "a", pr) }()
	pw.Write([]byte("half"))
	cancel()
	pw.Close()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if files := b.files(); len(files) != 0 {
		t.Errorf("the folder has %q", files)
	}
}

func TestOptionsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, o := range []Options{{Limit: 1, OnFull: Deny}, {Dir: t.TempDir(), OnFull: Deny}, {Dir: t.TempDir(), Limit: 1}, {Dir: t.TempDir(), Limit: 1, OnFull: "ask"}} {
		if s, err := Open(nil, o); err == nil {
			s.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}
