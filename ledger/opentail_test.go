package ledger

import (
	"context"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a folder in which the first who opens a file of one kind waits.
type stuck struct {
	fs.FS
	kind    string
	taken   atomic.Bool
	waits   chan struct{} // closed when he does
	release chan struct{}
}

func (s *stuck) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, s.kind) && s.taken.CompareAndSwap(false, true) {
		close(s.waits)
		<-s.release
	}
	return s.FS.Open(name)
}

func newStuck(p *place, kind string) *stuck {
	return &stuck{FS: os.DirFS(p.dir), kind: kind, waits: make(chan struct{}), release: make(chan struct{})}
}

func TestAReaderThatTheStoreKeepsWaitingHoldsUpNoOther(t *testing.T) {
	p, _ := sessions(t)
	for _, kind := range []string{"open/0", latestCheckpoint, "checkpoints/", "tile/"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { readBesideStuck(t, p, kind) })
		})
	}
}

func readBesideStuck(t *testing.T, p *place, kind string) {
	at := newStuck(p, kind)
	r := newReader(t, at, p.keys.Verifier())
	var first *Found
	var err error
	done := make(chan struct{})
	go func() {
		first, err = r.Session(context.Background(), "s1")
		close(done)
	}()
	<-at.waits
	if found := wantSeqs(t, r, "s1", 0, 2, 5, 9, 12); found.Next != 14 {
		t.Errorf("next is %d", found.Next)
	}
	if next, err := r.Next(t.Context()); next != 14 || err != nil {
		t.Errorf("next is %d, %v", next, err)
	}
	if got := proofs(t, r, 5, 12, 13); !slices.Equal(got, []string{"5 signed", "12 signed", "13 signed"}) {
		t.Errorf("proofs %v", got)
	}
	close(at.release)
	<-done
	if err != nil || !slices.Equal(first.Seqs, []uint64{0, 2, 5, 9, 12}) || first.Next != 14 {
		t.Errorf("the one who waited finds %+v, %v", first, err)
	}
}

func TestAReaderThatTheStoreKeptWaitingSeesTheSealThatItMissed(t *testing.T) {
	p, l := sessions(t)
	at := newStuck(p, "open/0")
	r := newReader(t, at, p.keys.Verifier())
	got := make(chan *Found)
	go func() {
		found, err := r.Session(context.Background(), "s1")
		if err != nil {
			t.Error(err)
		}
		got <- found
	}()
	<-at.waits
	commitOf(t, l, of("exchange", "s1", "x9"), of("exchange", "s2", "x9"), of("exchange", "s1", "x10"))
	p.after(func() bool { return len(p.sealedSegments()) == 4 })
	wantSeqs(t, r, "s1", 0, 2, 5, 9, 12, 14, 16)
	close(at.release)
	if found := <-got; found != nil && !slices.Equal(found.Seqs, []uint64{0, 2, 5, 9, 12, 14, 16}) {
		t.Errorf("the one who waited finds %v", found.Seqs)
	}
}

func TestReadersBesideEachOtherFindAllThatIsThere(t *testing.T) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 3000 })
	commitOf(t, l, of("exchange", "s1", "x"))
	r := newReader(t, os.DirFS(p.dir), p.keys.Verifier())
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				found, err := r.Session(context.Background(), "s1")
				if err != nil {
					t.Error(err)
					return
				}
				for i, seq := range found.Seqs {
					if seq != uint64(i) {
						t.Errorf("at %d is record %d", i, seq)
						return
					}
				}
				if n := uint64(len(found.Seqs)); n != found.Next {
					t.Errorf("%d of %d records are found", n, found.Next)
				}
			}
		})
	}
	for range 120 {
		commitOf(t, l, of("exchange", "s1", "x"))
	}
	cancel()
	readers.Wait()
	if next, err := r.Next(t.Context()); next != 121 || err != nil {
		t.Errorf("next is %d, %v", next, err)
	}
}

// opening counts the open segments that are opened.
type opening struct {
	source
	n *int
}

func (o opening) open(name string) (io.ReadCloser, error) {
	if strings.HasPrefix(name, openFolderName+"/") {
		*o.n++
	}
	return o.source.open(name)
}

func TestWhoWritesTheLogReadsNoZerosToFindThatNothingCame(t *testing.T) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Hour })
	commitOf(t, l, of("exchange", "s1", "x1"))
	r, n := l.Reader(), 0
	at := r.at
	r.at = func(ctx context.Context) source { return opening{at(ctx), &n} }
	found := wantSeqs(t, r, "s1", 0)
	for range 3 {
		var err error
		if found, err = r.More(t.Context(), found); err != nil {
			t.Fatal(err)
		}
	}
	if n != 1 {
		t.Errorf("the open segment was opened %d times for one record", n)
	}
	commitOf(t, l, of("exchange", "s1", "x2"))
	if found, err := r.More(t.Context(), found); err != nil || len(found.Seqs) != 2 || n != 2 {
		t.Errorf("after another one: %v, %v, opened %d times", found, err, n)
	}
}
