package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
)

// threeParts is a log of 9 records in two sealed segments and an open one.
func threeParts(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	for i := range 3 {
		l := p.open()
		for j := range 3 {
			commit(t, l, fmt.Sprint(i*3+j))
		}
		closeLog(t, l)
		if i < 2 {
			restart(t, p)
		}
	}
	if len(p.sealedSegments()) != 2 || len(p.openSegments()) != 1 {
		t.Fatalf("sealed %q, open %q", p.sealedSegments(), p.openSegments())
	}
	return p
}

func TestWalkBeginsAnywhereAndEndsWithTheCallback(t *testing.T) {
	p := threeParts(t)
	for from := range uint64(12) {
		want := from
		err := Walk(os.DirFS(p.dir), from, func(l Line) error {
			if l.Seq != want || !strings.Contains(string(l.Raw), fmt.Sprintf(`"text":"%d"`, want)) {
				t.Errorf("from %d: record %d is %s", from, l.Seq, l.Raw)
			}
			if sealed := strings.HasPrefix(l.Segment, "sealed/"); sealed != (l.Seq < 6) {
				t.Errorf("record %d is in %s", l.Seq, l.Segment)
			}
			want++
			return nil
		})
		if err != nil || want != max(from, 9) {
			t.Errorf("from %d: came to %d, %v", from, want, err)
		}
	}
	enough := errors.New("enough")
	n := 0
	if err := Walk(os.DirFS(p.dir), 0, func(Line) error { n++; return enough }); err != enough || n != 1 {
		t.Errorf("%d records, then %v", n, err)
	}
}

func TestWalkSkipsSegmentsThatEndBeforeItBegins(t *testing.T) {
	p := threeParts(t)
	first := p.path(filepath.FromSlash(p.sealedSegments()[0]))
	write(t, first, []byte("not to be read"))
	if err := Walk(os.DirFS(p.dir), 3, func(Line) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := Walk(os.DirFS(p.dir), 2, func(Line) error { return nil }); err == nil {
		t.Error("the damaged segment was read")
	}
}

func TestWalkSaysWhereTheLogHasAGap(t *testing.T) {
	p := threeParts(t)
	if err := os.Remove(p.path(filepath.FromSlash(p.sealedSegments()[1]))); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := Walk(os.DirFS(p.dir), 0, func(Line) error { n++; return nil })
	if n != 3 || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "record 3") {
		t.Errorf("%d records, then %v", n, err)
	}
	if err := Walk(fstest.MapFS{}, 0, func(Line) error { return nil }); err != nil {
		t.Errorf("a log without a record: %v", err)
	}
}

func TestFollowGivesWhatIsThereAndWhatComesThroughRotationAndSeals(t *testing.T) {
	const total = 400
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 3000 })
	commit(t, l, "0", "1", "2")
	var writers sync.WaitGroup
	given := make(chan uint64)
	writers.Go(func() {
		for i := 3; i < total; i++ {
			commit(t, l, fmt.Sprint(i))
			if i%50 == 0 {
				for seq := range given { // some come while nothing is written
					if seq == uint64(i) {
						break
					}
				}
			}
		}
	})
	ctx, cancel := context.WithCancel(noEnd)
	defer cancel()
	next := uint64(1)
	err := Follow(ctx, p.dir, next, func(line Line) error {
		if line.Seq != next || !strings.Contains(string(line.Raw), fmt.Sprintf(`"text":"%d"`, next)) {
			return fmt.Errorf("record %d came where %d was due", line.Seq, next)
		}
		if next++; next == total {
			cancel()
			return nil
		}
		if line.Seq%50 == 0 {
			given <- line.Seq
		}
		return nil
	})
	if next != total || !errors.Is(err, context.Canceled) {
		t.Errorf("came to %d: %v", next, err)
	}
	writers.Wait()
	closeLog(t, l)
}

func TestFollowWaitsForALogThatIsNotThereYet(t *testing.T) {
	p := newPlace(t)
	got := make(chan string)
	ctx, cancel := context.WithCancel(noEnd)
	done := make(chan error, 1)
	go func() {
		done <- Follow(ctx, p.dir, 0, func(l Line) error { got <- string(l.Raw); return nil })
	}()
	l := p.open()
	commit(t, l, "a")
	hasTexts(t, []string{<-got}, "a")
	commit(t, l, "b")
	hasTexts(t, []string{<-got}, "b")
	cancel()
	if err := <-done; err != context.Canceled {
		t.Error(err)
	}
	closeLog(t, l)
}

func TestFollowGivesTheRecordThatTookTheSeqOfOneThatWasNeverAcknowledged(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	l := p.open(func(o *Options) { o.disk = d })
	commit(t, l, "a")
	got := make(chan string)
	ctx, cancel := context.WithCancel(noEnd)
	done := make(chan error, 1)
	go func() {
		done <- Follow(ctx, p.dir, 0, func(l Line) error { got <- string(l.Raw); return nil })
	}()
	hasTexts(t, []string{<-got}, "a")
	d.set(func(f *faulty) {
		f.trunc = always(syscall.EIO)
		f.sync_ = once(syscall.EIO, true)
	})
	if _, err := l.Commit(noEnd, fields("lost")); err == nil {
		t.Fatal("the fault was not seen")
	}
	hasTexts(t, []string{<-got}, "lost")
	commit(t, l, "b")
	hasTexts(t, []string{<-got}, "b")
	cancel()
	<-done
	closeLog(t, l)
	hasTexts(t, p.read(), "a", "b")
}
