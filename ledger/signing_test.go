package ledger

import (
	"context"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// slow is a store whose batches wait.
type slow struct {
	storage.Store
	began, let chan struct{}
}

func (s *slow) CreateAll(ctx context.Context, all []storage.Object) error {
	s.began <- struct{}{}
	<-s.let
	return storage.CreateAll(ctx, s.Store, all)
}

func TestTheKeyIsToldWhileTheStoreIsWaitedFor(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "r0")
	first := l.Verifier()
	second := p.newKey()
	store := &slow{l.opts.Store, make(chan struct{}), make(chan struct{})}
	l.opts.Store = store
	done := make(chan string)
	go func() {
		public, err := l.RotateKey()
		if err != nil {
			t.Error(err)
		}
		done <- public
	}()
	<-store.began
	if got := l.Verifier(); got != first { // it would wait for ever
		t.Errorf("the key is %s", got)
	}
	l.opts.Store = store.Store
	close(store.let)
	if got := <-done; got != second || l.Verifier() != second {
		t.Errorf("the key is %s, want %s", got, second)
	}
}

func TestACheckpointIsHandedOutWithNothingLocked(t *testing.T) {
	p := newPlace(t)
	handed := make(chan bool, 100)
	var l *Log
	l = p.open(func(o *Options) {
		o.CheckpointEvery = time.Hour // none but the rotation's own
		o.OnCheckpoint = func([]byte) {
			free := make(chan struct{})
			go func() {
				l.signing.mu.Lock()
				defer l.signing.mu.Unlock()
				close(free)
			}()
			select {
			case <-free:
				handed <- true
			case <-time.After(5 * time.Second):
				handed <- false
			}
		}
	})
	commit(t, l, "r0")
	p.newKey()
	p.rotate(l)
	if n := len(handed); n != 2 { // the succession, and the checkpoint by the new key
		t.Fatalf("%d notes were handed out", n)
	}
	for range 2 {
		if !<-handed {
			t.Error("a note is handed out while nothing can be signed")
		}
	}
}
