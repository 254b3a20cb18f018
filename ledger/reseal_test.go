package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

func TestASealThatACrashCutShortIsDoneAgainToTheSameEnd(t *testing.T) {
	// The store fails at each step of the seal in turn, once before it does the
	// step and once after; then a new process takes over.
	for _, after := range []bool{false, true} {
		for step := 1; ; step++ {
			p := newPlace(t)
			l := p.open()
			commit(t, l, "a", "b", "c")
			closeLog(t, l)
			n, reached := 0, false
			store := &shaky{Store: p.store}
			store.set(func(string) error {
				if n++; n < step || n == step && after {
					return nil
				}
				reached = true
				return errors.New("crash")
			})
			p.bubble(func(t *testing.T) {
				l := p.open(func(o *Options) { o.Store = store })
				synctest.Wait()
				store.set(nil)
				closeLog(t, l)
			})
			p.problemsSoFar()
			p.bubble(func(t *testing.T) {
				l := p.open()
				synctest.Wait()
				closeLog(t, l)
			})
			if got := p.sealedSegments(); len(got) != 1 {
				t.Errorf("step %d: sealed %q", step, got)
			}
			hasTexts(t, p.read(), "a", "b", "c")
			p.verified()
			p.noProblems()
			if !reached {
				break
			}
		}
	}
}

func TestAnOpenSegmentThatIsSealedAlreadyGoesAtTheNextStart(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a", "b")
	closeLog(t, l)
	file := p.only("open/*.ndjson")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	restart(t, p)
	if err := os.WriteFile(file, append(text, make([]byte, 4096)...), 0o600); err != nil {
		t.Fatal(err)
	}
	hasTexts(t, p.read(), "a", "b")
	p.verified()
	restart(t, p)
	if got := p.openSegments(); len(got) != 0 {
		t.Errorf("left open: %q", got)
	}
	hasTexts(t, p.read(), "a", "b")
	p.noProblems()

	// With other records in it, it is kept as evidence.
	other := strings.Replace(string(text), `"text":"a"`, `"text":"x"`, 1)
	if err := os.WriteFile(file, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	restart(t, p)
	if kept, err := os.ReadFile(p.path("conflict", filepath.Base(file))); err != nil || string(kept) != other {
		t.Errorf("kept %q, %v", kept, err)
	}
	hasTexts(t, p.read(), "a", "b")
	if got := p.problemsSoFar(); len(got) != 1 || !strings.Contains(got[0].Error(), "keeping both") {
		t.Errorf("problems: %v", got)
	}
	if r := p.verify(); len(r.Problems) != 1 || r.Problems[0].Kind != kindConflict {
		t.Errorf("verify: %+v", r.Problems)
	}
}

// restart opens the log, lets it seal what there is, and closes it.
func restart(t *testing.T, p *place) {
	t.Helper()
	p.bubble(func(t *testing.T) {
		l := p.open()
		synctest.Wait()
		closeLog(t, l)
	})
}

func TestASealedNameTakenByAnotherObjectKeepsBoth(t *testing.T) {
	p := newPlace(t)
	p.bubble(func(t *testing.T) {
		l := p.open()
		commit(t, l, "a")
		closeLog(t, l)
		// Under another hour, so that the start does not take it for a twin.
		name := "ledger/test/sealed/dt=2026-11-21/hour=18/000000000000.ndjson.gz"
		store := &shaky{Store: p.store}
		store.set(func(created string) error {
			if created == name {
				store.set(nil)
				return p.store.Create(context.Background(), name, strings.NewReader("somebody else's"))
			}
			return nil
		})
		l = p.open(func(o *Options) { o.Store = store })
		commit(t, l, "b")
		synctest.Wait()
		closeLog(t, l)
	})
	if got := p.problemsSoFar(); len(got) != 1 || !strings.Contains(got[0].Error(), "keeping both") {
		t.Errorf("problems: %v", got)
	}
	p.only("conflict/*.ndjson")
	restart(t, p) // the log goes on all the same
}
