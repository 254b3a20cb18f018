package ledger

import (
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
)

func TestOnAFullDiskWhatWasBegunCanStillBeClosed(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	l := p.open(func(o *Options) { o.disk = d })
	commit(t, l, "intent")
	l.committer.seg.settle()
	d.full()
	want := []string{"intent"}
	big := strings.Repeat("x", 100<<10)
	for { // what is free yet
		if _, err := l.Commit(t.Context(), fields(big)); err != nil {
			if reasonOf(err) != reasonFull {
				t.Fatalf("got %v, want %s", err, reasonFull)
			}
			break
		}
		want = append(want, big)
	}
	// Now only what closes has a place, at least closingSpace of it, whatever
	// else is asked for at the same time.
	var refused atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if _, err := l.Commit(t.Context(), fields(big)); reasonOf(err) == reasonFull {
					refused.Add(1)
				}
			}
		})
	}
	for size := 0; size+len(big)+500 < closingSpace; size += len(big) + 500 {
		if _, err := l.CommitClosing(t.Context(), fields(big)); err != nil {
			t.Fatalf("what closes has no place after %d bytes: %v", size, err)
		}
		want = append(want, big)
	}
	wg.Wait()
	if refused.Load() != 200 {
		t.Errorf("%d of 200 others were refused", refused.Load())
	}
	for { // and it has an end
		if _, err := l.CommitClosing(t.Context(), fields(big)); err != nil {
			if reasonOf(err) != reasonFull {
				t.Fatalf("got %v, want %s", err, reasonFull)
			}
			break
		}
		want = append(want, big)
	}
	d.space()
	commit(t, l, big, "after")
	closeLog(t, l)
	hasTexts(t, p.read(), append(want, big, "after")...)
	p.verified()
}

func TestInOneBatchOnlyWhatClosesGetsTheSpaceKeptForIt(t *testing.T) {
	p := newPlace(t)
	p.bubble(func(t *testing.T) {
		d := p.faulty()
		var extends atomic.Int64
		d.extend = func(do func() error) error { // a segment's beginning, and no more
			if extends.Add(1) > 1 {
				return syscall.ENOSPC
			}
			return do()
		}
		l := p.open(func(o *Options) { o.disk = d })
		big := strings.Repeat("x", firstStep-closingSpace-2000)
		commit(t, l, big)
		begun, release := make(chan struct{}), make(chan struct{})
		d.set(func(f *faulty) {
			f.sync_ = func(do func() error) error {
				d.set(func(f *faulty) { f.sync_ = nil })
				close(begun)
				<-release
				return do()
			}
		})
		var wg sync.WaitGroup
		wg.Go(func() { commit(t, l, "first") })
		<-begun // the rest waits, and is one batch
		other := strings.Repeat("y", 1000)
		texts := []string{"close 1", other, "close 2", other, "close 3"}
		errs := make([]error, len(texts))
		for i, text := range texts {
			wg.Go(func() {
				do := l.Commit
				if strings.HasPrefix(text, "close") {
					do = l.CommitClosing
				}
				_, errs[i] = do(t.Context(), fields(text))
			})
			synctest.Wait() // in this order
		}
		close(release)
		wg.Wait()
		for i, err := range errs {
			if closes := strings.HasPrefix(texts[i], "close"); closes && err != nil || !closes && reasonOf(err) != reasonFull {
				t.Errorf("record %d, %.9q: %v", i, texts[i], err)
			}
		}
		d.space()
		closeLog(t, l)
		hasTexts(t, p.read(), big, "first", "close 1", "close 2", "close 3")
		p.verified()
		p.noProblems()
	})
}

func TestASegmentBeginsWithTheSpaceThatIsKeptForClosing(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	l := p.open(func(o *Options) { o.disk, o.SealBytes = d, 1000 })
	l.committer.seg.settle()
	var steps atomic.Int64
	d.set(func(f *faulty) {
		f.extend = func(do func() error) error { // room for the next segment's beginning alone
			if steps.Add(1) > 1 {
				return syscall.ENOSPC
			}
			return do()
		}
	})
	first := strings.Repeat("x", 2000)
	commit(t, l, first) // is more than a segment takes
	last := strings.Repeat("y", closingSpace-1000)
	if _, err := l.CommitClosing(t.Context(), fields(last)); err != nil {
		t.Errorf("what closes has no place in a new segment: %v", err)
	}
	d.space()
	closeLog(t, l)
	hasTexts(t, p.read(), first, last)
	p.verified()
}
