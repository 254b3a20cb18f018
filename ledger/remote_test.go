package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

func TestARecordIsAcknowledgedWhenItsBatchIsInTheBucket(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	for i := range 3 {
		commit(t, l, fmt.Sprint(i))
		if n := len(p.lying()); n != i+1 {
			t.Fatalf("after %d acknowledged records the bucket has %d", i+1, n)
		}
	}
	hasTexts(t, p.read(), "0", "1", "2")
	p.verified()
	closeLog(t, l)
	l = p.open()
	commit(t, l, "3")
	closeLog(t, l)
	hasTexts(t, p.read(), "0", "1", "2", "3")
	hasTexts(t, p.lying(), "0", "1", "2", "3")
	p.verified()
	p.noProblems()
}

// Each fault meets each of the first requests of a batch once.
func TestWhateverHappensOnTheWayABatchIsInTheBucketOnceAndInItsPlace(t *testing.T) {
	for name, fault := range map[string]gcstest.Fault{
		"lost answer": gcstest.LostAck, "stall": gcstest.Stall, "broken": gcstest.Break, "503": http.StatusServiceUnavailable, "429": http.StatusTooManyRequests, "403": http.StatusForbidden,
	} {
		t.Run(name, func(t *testing.T) {
			p := newFarPlace(t, gcs.Retention{})
			l := p.open()
			commit(t, l, "0")
			for i := 1; i < 4; i++ {
				left := i // more than one attempt of the store's own has, too
				p.bucket.Fail(func(c gcstest.Call) gcstest.Fault {
					if c.Op != "insert" || !strings.Contains(c.Name, "/open/") || left == 0 {
						return gcstest.None
					}
					left--
					return fault
				})
				commit(t, l, fmt.Sprint(i))
			}
			p.bucket.Fail(nil)
			closeLog(t, l)
			hasTexts(t, p.lying(), "0", "1", "2", "3")
			hasTexts(t, p.read(), "0", "1", "2", "3")
			p.verified()
		})
	}
}

// The answer is lost, and then the bucket is away for longer than the store
// itself tries.
func TestABatchWhoseAnswerWasLostIsFoundWhenTheBucketIsBack(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	over := make(chan struct{}) // when the store's own attempts are
	l := p.open(func(o *Options) {
		var once sync.Once
		keep := o.OnProblem
		o.OnProblem = func(err error) {
			keep(err)
			once.Do(func() { close(over) })
		}
	})
	commit(t, l, "0")
	var calls atomic.Int64
	var back atomic.Bool
	p.bucket.Fail(func(c gcstest.Call) gcstest.Fault {
		switch {
		case back.Load() || !strings.Contains(c.Name, "/open/"):
			return gcstest.None
		case calls.Add(1) == 1:
			return gcstest.LostAck
		}
		return http.StatusServiceUnavailable
	})
	_, err := l.CommitWithin(50*time.Millisecond, fields("1"), false)
	if reasonOf(err) != reasonTimeout {
		t.Fatalf("got %v, want %s", err, reasonTimeout)
	}
	<-over
	p.problemsSoFar()
	back.Store(true)
	commit(t, l, "2")
	closeLog(t, l)
	hasTexts(t, p.lying(), "0", "1", "2") // 1 may be there, though nobody was told so
	p.verified()
}

func TestRecordsOfManyAtOnceAreInTheBucketInOneSequence(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open(func(o *Options) { o.SealBytes = 4000 })
	var n atomic.Int64
	p.bucket.Fail(func(c gcstest.Call) gcstest.Fault {
		switch n.Add(1) % 7 {
		case 2:
			return gcstest.LostAck
		case 5:
			return http.StatusServiceUnavailable
		}
		return gcstest.None
	})
	var all sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]uint64{}
	for w := range 8 {
		all.Go(func() {
			for i := range 12 {
				text := fmt.Sprintf("%d-%d", w, i)
				if r, err := l.Commit(context.Background(), fields(text)); err == nil {
					mu.Lock()
					acknowledged[text] = r.Seq
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	p.bucket.Fail(nil)
	closeLog(t, l)
	if len(acknowledged) != 96 {
		t.Errorf("%d of 96 records were acknowledged", len(acknowledged))
	}
	for _, lines := range [][]string{p.lying(), p.read()} {
		if len(lines) != 96 {
			t.Errorf("the bucket has %d records, 96 were acknowledged", len(lines))
		}
		for text, seq := range acknowledged {
			if !strings.Contains(lines[seq], fmt.Sprintf("%q", text)) {
				t.Errorf("record %d is %s, acknowledged was %s", seq, lines[seq], text)
			}
		}
	}
	p.verified()
}

func TestOfTwoProcessesThatGoOnWithALogOneStops(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	first := p.open()
	commit(t, first, "0", "1")
	second := p.open() // nothing tells it of the other one yet
	commit(t, second, "2")
	_, err := first.Commit(t.Context(), fields("lost"))
	if !errors.Is(err, ErrOtherWriter) || reasonOf(err) != reasonUnavailable {
		t.Fatalf("got %v, want %v", err, ErrOtherWriter)
	}
	if _, err := first.Commit(t.Context(), fields("lost too")); !errors.Is(err, ErrOtherWriter) {
		t.Errorf("then: got %v", err)
	}
	if err := first.Close(); !errors.Is(err, ErrOtherWriter) {
		t.Errorf("closing: got %v", err)
	}
	commit(t, second, "3")
	closeLog(t, second)
	hasTexts(t, p.lying(), "0", "1", "2", "3")
	p.verified()
}

func TestABatchThatIsChangedOrMissingStopsTheNextStart(t *testing.T) {
	for name, spoil := range map[string]func(*farPlace){
		"changed": func(p *farPlace) {
			o, _ := p.bucket.Object(p.batches()[1])
			p.bucket.Put(p.batches()[1], bytes.Replace(o.Data, []byte(`"1"`), []byte(`"x"`), 1), nil)
		},
		"missing": func(p *farPlace) {
			if err := p.objects.Delete(context.Background(), strings.TrimPrefix(p.batches()[1], "prod/")); err != nil {
				p.t.Fatal(err)
			}
		},
		"the last one missing": func(p *farPlace) {
			if err := p.objects.Delete(context.Background(), strings.TrimPrefix(p.batches()[2], "prod/")); err != nil {
				p.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFarPlace(t, gcs.Retention{})
			l := p.open()
			commit(t, l, "0", "1", "2")
			closeLog(t, l)
			spoil(p)
			l, err := p.tryOpen()
			if err == nil {
				l.Close()
				t.Fatal("the log was opened")
			}
			var gone *lostError
			if !errors.As(err, &gone) {
				t.Errorf("got %v", err)
			}
			r, err := Verify(t.Context(), p.folder(), VerifyOptions{Key: p.keys.Verifier()})
			if err != nil || len(r.Problems) == 0 {
				t.Errorf("verify finds %v, %v", r.Problems, err)
			}
		})
	}
}

func TestClosingDoesNotWaitForEverForABucketThatIsAway(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	commit(t, l, "0")
	p.bucket.Stop()
	if _, err := l.CommitWithin(10*time.Millisecond, fields("1"), false); reasonOf(err) != reasonTimeout {
		t.Fatalf("got %v", err)
	}
	l.remote.giveUp() // as Close does after a while
	if err := l.Close(); err == nil {
		t.Error("nothing tells that the last batch may not be there")
	}
}

func TestANewRecordInABucketIsFollowed(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open(func(o *Options) { o.SealBytes = 300 }) // every two records
	commit(t, l, "0", "1", "2")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []uint64
	err := p.folder().Follow(ctx, 1, func(line Line) error {
		got = append(got, line.Seq)
		if line.Seq < 6 {
			commit(t, l, "more")
			return nil
		}
		return errEnough
	})
	if !errors.Is(err, errEnough) || fmt.Sprint(got) != "[1 2 3 4 5 6]" {
		t.Errorf("got %v, %v", got, err)
	}
	closeLog(t, l)
}

func TestVerifyingABucketTellsHowFarItIs(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	for i := range 5 {
		commit(t, l, fmt.Sprint(i))
	}
	closeLog(t, l)
	var last, of int64
	_, err := Verify(t.Context(), p.folder(), VerifyOptions{Key: p.keys.Verifier(), Progress: func(done, total int64) { last, of = done, total }})
	if err != nil || last != 5 || of != 5 {
		t.Errorf("%d of %d records, %v", last, of, err)
	}
}
