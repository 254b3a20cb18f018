package frames

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// slowFS is a log whose sealed segment gives so many bytes, and the rest once
// it is let go.
type slowFS struct {
	fs.FS
	gives  int64
	let    chan struct{}
	opened atomic.Int32 // how often
}

func (s *slowFS) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil || !strings.HasPrefix(name, "sealed/") || !strings.HasSuffix(name, ".gz") {
		return f, err
	}
	s.opened.Add(1)
	return &slowFile{f, s, 0}, nil
}

type slowFile struct {
	fs.File
	of  *slowFS
	got int64
}

func (f *slowFile) Read(b []byte) (int, error) {
	if f.got >= f.of.gives {
		<-f.of.let
	}
	n, err := f.File.Read(b[:min(len(b), 4096)])
	f.got += int64(n)
	return n, err
}

// cold is a log with a sealed segment, in which s1 has a frame in each so many
// records; nothing of it is in memory.
func cold(t *testing.T, records, each int) (*slowFS, *Library) {
	t.Helper()
	w := newWorld(t, func(o *ledger.Options) { o.SealBytes = int64(records) * 1000 })
	for i := range records {
		r := record.New(record.ExchangeType)
		r.Session = &record.Session{ID: "other", Key: "sid"}
		if i%each == 0 {
			r.Session.ID = "s1"
		}
		body := ""
		for range 30 { // of what hardly packs
			body += rand.Text()
		}
		r.Exchange, r.Response = fmt.Sprint("x", i), &record.Response{Status: 200, Body: &record.Body{Content: &body}}
		if _, err := w.log.Commit(t.Context(), r.AppendFields(nil)); err != nil {
			t.Fatal(err)
		}
	}
	w.untilSealed()
	files := &slowFS{FS: os.DirFS(w.dir), let: make(chan struct{})}
	reader, err := ledger.NewReader(files, "")
	if err != nil {
		t.Fatal(err)
	}
	return files, NewLibrary(reader)
}

func TestAFrameIsGivenAsSoonAsItIsMet(t *testing.T) {
	files, l := cold(t, 1000, 100)
	files.gives = 300_000
	r, err := l.Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		if f, err := r.Frame(t.Context(), n); err != nil || f.Number != n || f.Seq != uint64(100*n) {
			t.Fatalf("frame %d while the rest is still to come: %+v, %v", n, f.Frame, err)
		}
	}
	// Who waits for the rest minds its own time.
	late, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if _, err := r.Frame(late, 9); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(files.let)
	if all := watch(t, r); len(all) != 10 || all[9].Seq != 900 {
		t.Errorf("got %s", outline(all))
	}
}

func TestASegmentIsUnpackedOnceForManyPages(t *testing.T) {
	files, l := cold(t, 700, 1)
	close(files.let)
	r, err := l.Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	if all := watch(t, r); len(all) != 700 || all[699].Seq != 699 {
		t.Errorf("%d frames", len(all))
	}
	if n := files.opened.Load(); n > 2 { // once more for what is in the open one
		t.Errorf("the segment was unpacked %d times", n)
	}
}

func TestAReadingThatFailsIsBegunAnewByWhoStillWaits(t *testing.T) {
	files, l := cold(t, 300, 1)
	synctest.Test(t, func(t *testing.T) {
		files.let = make(chan struct{})
		r, err := l.Open(t.Context(), "s1")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		began, waiting := make(chan error), make(chan error)
		go func() {
			_, err := r.Frame(ctx, 100)
			began <- err
		}()
		synctest.Wait()
		go func() {
			_, err := r.Frame(t.Context(), 100)
			waiting <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-began; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		close(files.let)
		if err := <-waiting; err != nil {
			t.Errorf("who still waits: %v", err)
		}
		synctest.Wait() // for what is read ahead
	})
}

func TestWhoWaitsForAnothersReadingMindsItsOwnTime(t *testing.T) {
	w := newWorld(t)
	w.story()
	r, err := w.library().Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	r.reading = &reading{page: &page{}} // a store that takes its time with a page
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Frame(over, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	r.reading = nil
	want := watch(t, r)
	r.still()
	r.reading = &reading{page: &page{}}
	if got := watch(t, r); outline(got) != outline(want) { // of what is in memory nobody waits for it
		t.Errorf("got\n%s", outline(got))
	}
}

func TestWhatWasPurgedIsNotShownFromMemory(t *testing.T) {
	w := newWorld(t, func(o *ledger.Options) { o.SealBytes = 16 << 10 })
	for i := range 200 {
		w.add(record.ExchangeType, "s1", fmt.Sprint("x", i), float64(i))
	}
	l := w.library()
	r, err := l.Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	watch(t, r)
	w.untilSealed()
	done, err := w.log.Purge(t.Context(), ledger.Purge{Before: time.Now(), Why: "policy", By: "test"})
	if err != nil || len(done) == 0 {
		t.Fatalf("%v, %v", done, err)
	}
	l.Purged()
	last := done[len(done)-1]
	for n, f := range watch(t, r) {
		if purged := f.Seq < last.First+last.Records; purged != (f.Kind == Purge) || purged && f.Record != nil {
			t.Fatalf("frame %d, of record %d, is shown as %s: %s", n, f.Seq, f.Kind, f.JSON)
		}
	}
}
