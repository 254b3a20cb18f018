package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lostAck fails when it has done what it was asked to.
type lostAck struct{ *shaky }

func (s lostAck) Create(ctx context.Context, name string, r io.Reader) error {
	if err := s.Store.Create(ctx, name, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.create == nil {
		return nil
	}
	return s.create(name)
}

func TestEachStepOfARotationMayBeTheLast(t *testing.T) {
	// The store fails before or after it has the succession; then the process
	// goes on, or ends.
	for _, after := range []bool{false, true} {
		for _, ends := range []bool{false, true} {
			t.Run(fmt.Sprintf("after %v, ends %v", after, ends), func(t *testing.T) {
				p := newPlace(t)
				first := p.keys.Verifier()
				store := &shaky{Store: p.store}
				l := p.open(func(o *Options) {
					o.Store, o.CheckpointEvery = store, time.Hour
					if after {
						o.Store = lostAck{store}
					}
				})
				commit(t, l, "a", "b")
				second := p.newKey()
				store.set(func(name string) error {
					if strings.Contains(name, "/keys/") {
						return errors.New("crash")
					}
					return nil
				})
				if _, err := l.RotateKey(); err == nil {
					t.Fatal("the rotation was done")
				}
				commit(t, l, "c")
				if err := l.checkpointer.sign(); err == nil && !after { // the store's second answer is the truth
					t.Error("something was signed while nobody knows which key may")
				}
				if !ends {
					store.set(nil)
					commit(t, l, "d")
					if err := l.checkpointer.sign(); err != nil || l.Verifier() != second {
						t.Errorf("signing again: %v, with %s", err, l.Verifier())
					}
				}
				l.Close()
				p.problemsSoFar()
				p.reload()
				p.verified()
				l = p.open()
				if !ends || after {
					if l.Verifier() != second {
						t.Error("the stored succession does not count")
					}
				} else if l.Verifier() != first {
					t.Error("a succession that was not stored counts")
				}
				store.set(nil)
				p.rotate(l)
				commit(t, l, "e")
				closeLog(t, l)
				p.reload()
				if p.keys.Verifier() != second || p.keys.next != nil {
					t.Error("the new key was not taken up")
				}
				for _, key := range []string{first, second} {
					if r := p.verifyWith(key); len(r.Problems) > 0 {
						t.Errorf("%+v", r.Problems)
					}
				}
			})
		}
	}
}

func TestACrashBeforeTheKeyFilesArePutInPlaceIsMendedAtTheNextStart(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a")
	second := p.newKey()
	before := p.keyFiles()
	p.rotate(l)
	commit(t, l, "b")
	closeLog(t, l)
	done := p.keyFiles()
	for _, half := range []map[string]string{before, {"test.signing.key": before["test.signing.key"], "test.next.key": before["test.next.key"], "test.public": done["test.public"]}} {
		for name, text := range half {
			write(t, filepath.Join(p.keys.dir, name), []byte(text+"\n"))
		}
		p.reload()
		l = p.open()
		if l.Verifier() != second {
			t.Errorf("the key in force is %s", l.Verifier())
		}
		commit(t, l, "c")
		closeLog(t, l)
		if got := p.keyFiles(); got["test.signing.key"] != done["test.signing.key"] || got["test.public"] != done["test.public"] || got["test.next.key"] != "" {
			t.Errorf("key files: %q", got)
		}
		p.reload()
		p.verified()
	}
	p.noProblems()
}
