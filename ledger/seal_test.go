package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/caddyrec/caddyrec/storage"
)

// shaky is a store whose Create a test can let fail or block.
type shaky struct {
	storage.Store
	mu     sync.Mutex
	create func(name string) error
}

func (s *shaky) set(create func(name string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.create = create
}

func (s *shaky) Create(ctx context.Context, name string, r io.Reader) error {
	s.mu.Lock()
	create := s.create
	s.mu.Unlock()
	if create != nil {
		if err := create(name); err != nil {
			return err
		}
	}
	return s.Store.Create(ctx, name, r)
}

func TestASegmentIsSealedWhenItIsLargeEnoughOrOldEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		l := p.open(func(o *Options) { o.SealBytes, o.SealAfter, o.CheckpointEvery = 2000, time.Hour, time.Minute })
		time.Sleep(3 * time.Hour)
		if got := p.openSegments(); len(got) != 1 {
			t.Errorf("a segment without a record was sealed: %q", got)
		}
		commit(t, l, "a")
		time.Sleep(59 * time.Minute)
		commit(t, l, "b")
		synctest.Wait()
		if got := p.sealedSegments(); len(got) != 0 {
			t.Errorf("sealed before its time: %q", got)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := p.sealedSegments(); !slices.Equal(got, []string{"sealed/dt=2026-11-21/hour=18/000000000000.ndjson.gz"}) {
			t.Errorf("after an hour: %q", got)
		}
		for len(p.sealedSegments()) < 2 {
			commit(t, l, "more")
			synctest.Wait()
		}
		all := p.read()
		closeLog(t, l)
		if got := p.read(); !slices.Equal(got, all) {
			t.Errorf("%d records after close, %d before", len(got), len(all))
		}
		p.verified()
		p.noProblems()
	})
}

func (p *place) sealedSegments() (names []string) {
	p.t.Helper()
	for name, err := range p.store.List(context.Background(), "ledger/test/sealed/") {
		if err != nil {
			p.t.Fatal(err)
		}
		names = append(names, strings.TrimPrefix(name, "ledger/test/"))
	}
	return names
}

func TestASealLeavesTheSegmentItsTilesAndItsCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		l := p.open()
		for range 300 {
			commit(t, l, "x")
		}
		closeLog(t, l)
		before, err := os.ReadFile(p.only("open/*.ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		l = p.open()
		synctest.Wait()
		for _, name := range []string{"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoints/00000000000000000300", "checkpoint", "public.key"} {
			if _, err := os.Stat(p.path(filepath.FromSlash(name))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		f, err := os.Open(p.path(filepath.FromSlash(p.sealedSegments()[0])))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		if after, err := io.ReadAll(z); err != nil || string(after) != string(before) {
			t.Errorf("sealed are %d bytes (%v), written were %d", len(after), err, len(before))
		}
		closeLog(t, l)
	})
}

func TestAStoreOutageStopsNoCommitAndIsMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		store := &shaky{Store: p.store}
		outage := errors.New("the store is away")
		l := p.open(func(o *Options) { o.Store, o.SealBytes = store, 1000 })
		store.set(func(string) error { return outage })
		var want []string
		for range 30 {
			commit(t, l, "x")
			want = append(want, "x")
		}
		synctest.Wait()
		if got := p.problemsSoFar(); len(got) == 0 || !errors.Is(got[0], outage) {
			t.Errorf("problems: %v, want the outage", got)
		}
		hasTexts(t, p.read(), want...)
		store.set(nil)
		for before := len(p.openSegments()); len(p.openSegments()) >= before; {
			commit(t, l, "x") // the next rotation tries again
			want = append(want, "x")
			synctest.Wait()
		}
		if got := p.openSegments(); len(got) != 1 {
			t.Errorf("left open: %q", got)
		}
		closeLog(t, l)
		hasTexts(t, p.read(), want...)
		p.verified()
		p.noProblems()
	})
}

func TestACommitNeverWaitsForASeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		store := &shaky{Store: p.store}
		release := make(chan struct{})
		store.set(func(string) error { <-release; return nil })
		l := p.open(func(o *Options) { o.Store, o.SealBytes = store, 1000 })
		for range 50 {
			commit(t, l, "x")
		}
		close(release)
		closeLog(t, l)
		p.verified()
	})
}

func TestCheckpointsAreSignedNotesThatCoverDurableRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		l := p.open(func(o *Options) { o.CheckpointEvery = time.Second })
		time.Sleep(10 * time.Second)
		if len(p.notes) != 0 {
			t.Error("an empty log was signed")
		}
		commit(t, l, "a", "b")
		time.Sleep(1100 * time.Millisecond)
		commit(t, l, "c")
		time.Sleep(10 * time.Second)
		closeLog(t, l)
		if len(p.notes) != 2 {
			t.Fatalf("%d checkpoints were given out, want 2", len(p.notes))
		}
		verifier, err := note.NewVerifier(p.keys.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"caddyrec/test\n2\n", "caddyrec/test\n3\n"} {
			n, err := note.Open(p.notes[i], note.VerifierList(verifier))
			if err != nil || !strings.HasPrefix(n.Text, want) {
				t.Errorf("checkpoint %d: %v %q", i, err, n.Text)
			}
		}
		if latest, err := os.ReadFile(p.path("checkpoint")); err != nil || string(latest) != string(p.notes[1]) {
			t.Errorf("the newest in the folder is %q, %v", latest, err)
		}
	})
}

func TestASealSignsTheNewestCheckpointToo(t *testing.T) {
	// The process ends in the first second, right after a seal.
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		l := p.open(func(o *Options) { o.SealBytes, o.CheckpointEvery = 500, time.Hour })
		commit(t, l, "a", "b", "c", "d")
		synctest.Wait()
		dead := p.copies()
		commit(t, l, "e")
		closeLog(t, l)
		stored, err := filepath.Glob(dead.path(checkpointFolder, "*"))
		if err != nil || len(stored) == 0 {
			t.Fatalf("nothing was sealed: %v", err)
		}
		newest, err := os.ReadFile(dead.path(latestCheckpoint))
		if err != nil || !strings.Contains(string(mustRead(t, stored[len(stored)-1])), string(newest)) {
			t.Errorf("the newest checkpoint is %q, %v", newest, err)
		}
		if r := dead.verified(); r.Signed == 0 {
			t.Error("nothing is signed for")
		}
	})
}

// garbling is a store that changes a byte of each sealed object it is given.
type garbling struct{ storage.Store }

func (g garbling) Create(ctx context.Context, name string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if strings.Contains(name, sealedFolder) {
		b[len(b)/2] ^= 1
	}
	return g.Store.Create(ctx, name, bytes.NewReader(b))
}

func TestASegmentIsKeptWhenTheStoreDoesNotHoldWhatItWasGiven(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a", "b")
	closeLog(t, l)
	p.bubble(func(t *testing.T) {
		l := p.open(func(o *Options) { o.Store = garbling{p.store} })
		synctest.Wait()
		if got := p.problemsSoFar(); len(got) != 1 || !strings.Contains(got[0].Error(), "does not hold what was just written") {
			t.Errorf("problems: %v", got)
		}
		if open := p.openSegments(); len(open) != 2 {
			t.Errorf("open are %q", open)
		}
		closeLog(t, l)
	})
}
