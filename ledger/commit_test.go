package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var noEnd = context.Background()

func TestConcurrentCommitsAreAllThereOnceAndInEachCallersOrder(t *testing.T) {
	const callers, each = 32, 50
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 30_000 })
	var mu sync.Mutex
	bySeq := map[uint64]string{}
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			last := -1
			for i := range each {
				text := fmt.Sprintf("%d/%d", c, i)
				r, err := l.Commit(noEnd, fields(text))
				if err != nil {
					t.Error(err)
					return
				}
				if int(r.Seq) <= last {
					t.Errorf("caller %d: seq %d after %d", c, r.Seq, last)
				}
				last = int(r.Seq)
				mu.Lock()
				bySeq[r.Seq] = text
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	want := make([]string, callers*each)
	for i := range want {
		want[i] = bySeq[uint64(i)]
	}
	hasTexts(t, p.read(), want...) // while it is open
	closeLog(t, l)
	hasTexts(t, p.read(), want...)
	if r := p.verified(); r.Records != len(want) || r.Segments < 5 {
		t.Errorf("%d records in %d segments", r.Records, r.Segments)
	}
	p.noProblems()
}

func TestFieldsThatAreNoRecordAreRefused(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	for name, bad := range map[string]string{
		"nothing": "", "empty object": "{}", "array": `["a"]`, "half": `{"a":1`, "newline": "{\"a\":\n1}", "NUL": "{\"a\":\"\x00\"}",
		"leading space": ` {"a":1}`, "trailing newline": "{\"a\":1}\n",
	} {
		if _, err := l.Commit(noEnd, []byte(bad)); reasonOf(err) != reasonUnavailable {
			t.Errorf("%s: got %v, want %s", name, err, reasonUnavailable)
		}
	}
	if _, err := l.Commit(noEnd, bytes.Replace(fields(""), []byte(`""`), append(append([]byte{'"'}, make([]byte, maxLine)...), '"'), 1)); reasonOf(err) != reasonUnavailable {
		t.Error("a record past the bound was not refused")
	}
	commit(t, l, "good")
	closeLog(t, l)
	hasTexts(t, p.read(), "good")
}

func TestARecordLargerThanABatchIsCommitted(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	large := strings.Repeat("y", 2*batchBytes)
	commit(t, l, "a", large, "b")
	closeLog(t, l)
	hasTexts(t, p.read(), "a", large, "b")
	p.verified()
}

func TestAClosedLogTakesNoMore(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a")
	closeLog(t, l)
	if _, err := l.Commit(noEnd, fields("b")); reasonOf(err) != reasonClosed {
		t.Errorf("got %v, want %s", err, reasonClosed)
	}
	closeLog(t, l) // again is nothing
	hasTexts(t, p.read(), "a")
}

func TestCloseMakesDurableWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		d := p.faulty()
		l := p.open(func(o *Options) { o.disk = d })
		release := make(chan struct{})
		d.set(func(f *faulty) { f.sync_ = func(do func() error) error { <-release; return do() } })
		results := make(chan error, 3)
		for i := range 3 {
			go func() {
				_, err := l.Commit(noEnd, fields(fmt.Sprint(i)))
				results <- err
			}()
			synctest.Wait()
		}
		closed := make(chan error)
		go func() { closed <- l.Close() }()
		synctest.Wait()
		close(release)
		for range 3 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		hasTexts(t, p.read(), "0", "1", "2")
	})
}

func TestAFullQueueWaitsForRoomOrTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		d := p.faulty()
		l := p.open(func(o *Options) { o.disk = d })
		l.queue.maxBytes = 1 << 20
		release := make(chan struct{})
		d.set(func(f *faulty) { f.sync_ = func(do func() error) error { <-release; return do() } })
		results := make(chan error, 8)
		big := strings.Repeat("z", l.queue.maxBytes/2)
		for range 4 { // one in flight, one and a half in the queue, the rest outside
			go func() {
				_, err := l.Commit(noEnd, fields(big))
				results <- err
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(noEnd, time.Second)
		defer cancel()
		if _, err := l.Commit(ctx, fields("late")); reasonOf(err) != reasonTimeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %s", err, reasonTimeout)
		}
		close(release)
		for range 4 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		closeLog(t, l)
		if got := len(p.read()); got != 4 {
			t.Errorf("%d records, want 4", got)
		}
	})
}

func TestFieldsMayBeReusedOnceCommitReturns(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			buf := make([]byte, 0, 256)
			for i := range 200 {
				buf = append(buf[:0], fields("same")...)
				ctx, cancel := context.WithTimeout(noEnd, time.Duration(i)*time.Microsecond)
				l.Commit(ctx, buf)
				cancel()
				clear(buf[:cap(buf)]) // the race detector, or a NUL in the log, would tell
			}
		})
	}
	wg.Wait()
	closeLog(t, l)
	p.verified()
}

func TestCommitAllocatesNextToNothing(t *testing.T) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Hour })
	f := fields("x")
	l.Commit(noEnd, f)
	if n := testing.AllocsPerRun(200, func() { l.Commit(noEnd, f) }); n > 1 {
		t.Errorf("%v allocations a commit, want at most 1", n)
	}
}
