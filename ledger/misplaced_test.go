package ledger

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

func TestAnOpenSegmentThatSomebodyTakesAwayIsNoticedAndPutBack(t *testing.T) {
	for name, spoil := range map[string]func(p *place, file string){
		"removed": func(p *place, file string) { mustDo(p.t, os.Remove(file)) },
		"moved":   func(p *place, file string) { mustDo(p.t, os.Rename(file, filepath.Join(p.dir, "elsewhere"))) },
		"replaced": func(p *place, file string) {
			mustDo(p.t, os.WriteFile(file+".new", []byte("forged\n"), 0o640))
			mustDo(p.t, os.Rename(file+".new", file))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.bubble(func(*testing.T) {
				l := p.open()
				commit(p.t, l, "0", "1")
				synctest.Wait()
				p.noProblems()
				spoil(p, p.only("open/*.ndjson"))
				time.Sleep(2 * lookEvery)
				synctest.Wait()
				if told := p.problemsSoFar(); len(told) != 1 || !strings.Contains(told[0].Error(), "somebody has") {
					p.t.Errorf("problems: %v", told)
				}
				commit(p.t, l, "2")
				closeLog(p.t, l)
				hasTexts(p.t, p.read(), "0", "1", "2")
				for _, problem := range p.verify().Problems {
					if problem.Kind != kindConflict || name != "replaced" {
						p.t.Errorf("verify: %+v", problem)
					}
				}
				p.noProblems()
			})
		})
	}
}

func TestNothingIsRecordedBehindRecordsThatSomebodyCutOff(t *testing.T) {
	p := newPlace(t)
	p.bubble(func(*testing.T) {
		l := p.open()
		commit(p.t, l, "0", "1")
		synctest.Wait()
		mustDo(p.t, os.Truncate(p.only("open/*.ndjson"), 100))
		time.Sleep(2 * lookEvery)
		synctest.Wait()
		if told := p.problemsSoFar(); len(told) != 2 || !strings.Contains(told[0].Error(), "shortened") {
			p.t.Errorf("problems: %v", told)
		}
		if _, err := l.Commit(context.Background(), fields("2")); reasonOf(err) != reasonUnavailable {
			p.t.Errorf("got %v, want %s", err, reasonUnavailable)
		}
	})
}

func TestUnderLoadTooAnOpenSegmentThatIsTakenAwayIsPutBack(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "0")
	mustDo(t, os.Remove(p.only("open/*.ndjson")))
	var n int
	for deadline := time.Now().Add(20 * time.Second); len(p.names("open/*.ndjson")) == 0; n++ {
		commit(t, l, "more")
		if time.Now().After(deadline) {
			t.Fatal("it is not noticed")
		}
	}
	closeLog(t, l)
	if got := len(p.read()); got != n+1 {
		t.Errorf("%d of %d records are there", got, n+1)
	}
	p.verified()
}

func (p *place) names(pattern string) []string {
	p.t.Helper()
	found, err := filepath.Glob(p.path(pattern))
	mustDo(p.t, err)
	return found
}

func mustDo(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unwilling is a store that takes no sealed segment so many times.
type unwilling struct {
	storage.Store
	times *atomic.Int64
}

func (u unwilling) Create(ctx context.Context, name string, r io.Reader) error {
	if strings.Contains(name, "/sealed/") && u.times.Add(-1) >= 0 {
		return errors.New("not now")
	}
	return u.Store.Create(ctx, name, r)
}

func TestASealThatFailedIsDoneAgainThoughNoSegmentComes(t *testing.T) {
	p := newPlace(t)
	p.bubble(func(*testing.T) {
		var times atomic.Int64
		times.Store(3)
		l := p.open(func(o *Options) { o.SealBytes, o.Store = 1, unwilling{p.store, &times} })
		commit(p.t, l, "0")
		synctest.Wait()
		began := time.Now()
		for range 60 {
			time.Sleep(time.Second)
			synctest.Wait()
			if l.Stats().Unsealed == 0 {
				break
			}
		}
		if took := time.Since(began); l.Stats().Unsealed != 0 || took < 10*time.Second {
			p.t.Errorf("%d segments are not sealed after %v", l.Stats().Unsealed, took)
		}
		if told := p.problemsSoFar(); len(told) != 3 {
			p.t.Errorf("problems: %v", told)
		}
		closeLog(p.t, l)
		p.verified()
	})
}
