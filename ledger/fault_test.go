package ledger

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// once makes a hook that fails the first time and then lets the disk do it.
func once(err error, doFirst bool) func(func() error) error {
	var failed sync.Once
	return func(do func() error) (result error) {
		failed.Do(func() {
			if doFirst {
				do()
			}
			result = err
		})
		if result != nil {
			return result
		}
		return do()
	}
}

func TestAFaultAcknowledgesNothingAndTheLogGoesOnInANewSegment(t *testing.T) {
	eio := syscall.EIO
	for name, c := range map[string]struct {
		break_ func(*faulty)
		reason string
	}{
		"write error": {func(f *faulty) {
			f.write = failOnce(func(func([]byte) (int, error), []byte) (int, error) { return 0, eio })
		}, reasonUnavailable},
		"write reported as failed but done": {func(f *faulty) {
			f.write = failOnce(func(do func([]byte) (int, error), b []byte) (int, error) { do(b); return 0, eio })
		}, reasonUnavailable},
		"short write": {func(f *faulty) {
			f.write = failOnce(func(do func([]byte) (int, error), b []byte) (int, error) { return do(b[:len(b)/2]) })
		}, reasonUnavailable},
		"sync fails once":                       {func(f *faulty) { f.sync_ = once(eio, false) }, reasonUnavailable},
		"sync reported as failed but done":      {func(f *faulty) { f.sync_ = once(eio, true) }, reasonUnavailable},
		"disk full when the sync writes back":   {func(f *faulty) { f.sync_ = once(syscall.ENOSPC, true) }, reasonFull},
		"quota full when the sync writes back":  {func(f *faulty) { f.sync_ = once(syscall.EDQUOT, true) }, reasonFull},
		"and the unacknowledged tail cannot go": {func(f *faulty) { f.sync_ = once(eio, true); f.trunc = always(eio) }, reasonUnavailable},
	} {
		for _, before := range []int{0, 1, 3} {
			t.Run(name, func(t *testing.T) {
				p := newPlace(t)
				d := p.faulty()
				l := p.open(func(o *Options) { o.disk = d })
				want := []string{"a", "b", "c"}[:before]
				commit(t, l, want...)
				d.set(c.break_)
				_, err := l.Commit(t.Context(), fields("lost"))
				if got := reasonOf(err); got != c.reason {
					t.Fatalf("reason is %q, want %q", got, c.reason)
				}
				r, err := l.Commit(t.Context(), fields("after"))
				if err != nil || r.Seq != uint64(before) {
					t.Fatalf("the next commit got seq %d and %v, want seq %d", r.Seq, err, before)
				}
				want = append(want, "after")
				hasTexts(t, p.read(), want...)
				d.set(func(f *faulty) { f.trunc = nil })
				closeLog(t, l)
				hasTexts(t, p.read(), want...)
				p.verified()
				closeLog(t, p.open())
				hasTexts(t, p.read(), want...)
				p.verified()
				if got := p.problemsSoFar(); len(got) != 1 || !strings.Contains(got[0].Error(), "given up") {
					t.Errorf("problems: %v, want the segment's end alone", got)
				}
			})
		}
	}
}

func failOnce(how func(func([]byte) (int, error), []byte) (int, error)) func(func([]byte) (int, error), []byte) (int, error) {
	var failed bool
	return func(do func([]byte) (int, error), b []byte) (int, error) {
		if failed {
			return do(b)
		}
		failed = true
		return how(do, b)
	}
}

func always(err error) func(func() error) error { return func(func() error) error { return err } }

func TestAFaultIsNeverTriedAgainOnTheSameFile(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	l := p.open(func(o *Options) { o.disk = d })
	commit(t, l, "a")
	syncs := 0
	d.set(func(f *faulty) { f.sync_ = func(func() error) error { syncs++; return syscall.EIO } })
	l.Commit(t.Context(), fields("b"))
	d.set(func(f *faulty) {
		f.sync_ = nil
		f.create_ = always(syscall.EIO) // there is no other file either
	})
	for range 3 {
		if _, err := l.Commit(t.Context(), fields("c")); reasonOf(err) != reasonUnavailable {
			t.Errorf("got %v, want %s", err, reasonUnavailable)
		}
	}
	if syncs != 1 {
		t.Errorf("the file was synced %d times after its fault, want 1 with it", syncs)
	}
	d.set(func(f *faulty) { f.create_ = nil })
	commit(t, l, "d")
	closeLog(t, l)
	hasTexts(t, p.read(), "a", "d")
	p.verified()
}

func TestTheLogStaysShutWhenAcknowledgedRecordsDoNotReadBack(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	l := p.open(func(o *Options) { o.disk = d })
	commit(t, l, "a", "b")
	d.set(func(f *faulty) { f.sync_ = once(syscall.EIO, false) })
	l.Commit(t.Context(), fields("c"))
	file := p.only("open/*.ndjson")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := []byte(strings.Replace(string(good), `"text":"a"`, `"text":"x"`, 1))
	if err := os.WriteFile(file, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Commit(t.Context(), fields("d")); reasonOf(err) != reasonUnavailable || !strings.Contains(err.Error(), "changed") {
		t.Errorf("got %v, want a refusal that says what is wrong", err)
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	commit(t, l, "e")
	closeLog(t, l)
	hasTexts(t, p.read(), "a", "b", "e")
	p.verified()
}

func TestAFullDiskIsSaidAndServiceResumesWithSpace(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	var begun atomic.Bool // there is space for the segment's first step alone
	d.extend = func(do func() error) error {
		if begun.Swap(true) {
			return syscall.ENOSPC
		}
		return do()
	}
	l := p.open(func(o *Options) { o.disk = d })
	d.set(func(f *faulty) { f.create_ = always(syscall.ENOSPC) })
	big := strings.Repeat("x", (firstStep-closingSpace)/4)
	var want []string
	for { // what was reserved can still be used
		_, err := l.Commit(t.Context(), fields(big))
		if err != nil {
			if reasonOf(err) != reasonFull {
				t.Fatalf("got %v, want %s", err, reasonFull)
			}
			break
		}
		want = append(want, big)
	}
	if len(want) != 3 {
		t.Errorf("%d records of a quarter of what the first step gives had a place, want 3", len(want))
	}
	commit(t, l, "small") // has a place yet
	d.set(func(f *faulty) { f.extend, f.create_ = nil, nil })
	commit(t, l, big, "after")
	closeLog(t, l)
	hasTexts(t, p.read(), append(want, "small", big, "after")...)
	p.verified()
	p.noProblems()
}

func TestWhileFailingThereIsOneAttemptASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		d := p.faulty()
		l := p.open(func(o *Options) { o.disk, o.retry = d, 0 })
		attempts := 0
		d.set(func(f *faulty) {
			f.sync_ = always(syscall.EIO)
			f.create_ = func(func() error) error { attempts++; return syscall.EIO }
		})
		start := time.Now()
		for time.Since(start) < 5*time.Second {
			if _, err := l.Commit(t.Context(), fields("x")); reasonOf(err) != reasonUnavailable {
				t.Fatalf("got %v, want %s", err, reasonUnavailable)
			}
			time.Sleep(10 * time.Millisecond) // the bubble's clock
		}
		if attempts < 5 || attempts > 6 {
			t.Errorf("%d attempts in 5 seconds", attempts)
		}
		d.set(func(f *faulty) { f.sync_, f.create_ = nil, nil })
		time.Sleep(time.Second)
		commit(t, l, "after")
		closeLog(t, l)
		hasTexts(t, p.read(), "after")
	})
}

func TestAHangingSyncBoundsEveryCallerAndLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		d := p.faulty()
		l := p.open(func(o *Options) { o.disk = d })
		commit(t, l, "a")
		release := make(chan struct{})
		d.set(func(f *faulty) { f.sync_ = func(do func() error) error { <-release; return do() } })
		before := runtime.NumGoroutine()
		var inFlight, queued int
		for i := range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			start := time.Now()
			_, err := l.Commit(ctx, fields("hang"))
			cancel()
			if reasonOf(err) != reasonTimeout || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 50*time.Millisecond {
				t.Fatalf("commit %d: %v after %v", i, err, time.Since(start))
			}
			if strings.Contains(err.Error(), "may yet be in the log") {
				inFlight++
			} else {
				queued++
			}
		}
		if inFlight != 1 || queued != 199 {
			t.Errorf("%d may be in the log and %d are not, want 1 and 199", inFlight, queued)
		}
		if l.queue.records != 0 || l.queue.bytes != 0 || l.queue.first != nil {
			t.Errorf("%d records of %d bytes are left in the queue", l.queue.records, l.queue.bytes)
		}
		if after := runtime.NumGoroutine(); after > before {
			t.Errorf("%d goroutines, %d before", after, before)
		}
		start := time.Now()
		if err := l.Close(); err == nil || !strings.Contains(err.Error(), "has not answered") || time.Since(start) != closeWithin {
			t.Errorf("close: %v after %v", err, time.Since(start))
		}
		if _, err := Open(p.options()); err == nil || !strings.Contains(err.Error(), "another process") {
			t.Errorf("the log could be opened beside a write under way: %v", err)
		}
		close(release)
		<-l.closed
		hasTexts(t, p.read(), "a", "hang")
		p.verified()
	})
}

func TestACheckpointThatCannotBeWrittenIsReportedOnceAndMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		d := p.faulty()
		l := p.open(func(o *Options) { o.disk, o.CheckpointEvery = d, time.Second })
		d.set(func(f *faulty) { f.replac = always(syscall.EIO) })
		commit(t, l, "a")
		time.Sleep(5500 * time.Millisecond)
		if got := p.problemsSoFar(); len(got) != 1 || !errors.Is(got[0], syscall.EIO) {
			t.Errorf("problems: %v, want one", got)
		}
		d.set(func(f *faulty) { f.replac = nil })
		time.Sleep(time.Second)
		if p.verified().Checkpoints != 1 {
			t.Error("there is no checkpoint")
		}
		closeLog(t, l)
	})
}
