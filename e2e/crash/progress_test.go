package crash

import (
	"os"
	"testing"
	"time"
)

// progress tells now and then how far a long test is, to who runs it with -v.
type progress struct {
	t           *testing.T
	what        string
	of          int
	begun, told time.Time
}

// tellEvery is how often it does.
const tellEvery = 15 * time.Second

func newProgress(t *testing.T, what string, of int) *progress {
	now := time.Now()
	return &progress{t, what, of, now, now}
}

// at tells that so many are done.
func (p *progress) at(done int) {
	p.t.Helper()
	if done == 0 || time.Since(p.told) < tellEvery {
		return
	}
	p.told = time.Now()
	gone := time.Since(p.begun)
	left := time.Duration(float64(gone) / float64(done) * float64(p.of-done))
	p.t.Logf("%d of %d %s, nothing lost so far; %v gone, about %v to go", done, p.of, p.what, gone.Round(time.Second), left.Round(time.Second))
}

// keep puts the store of a world in which something was lost where it outlives
// the test: with -artifacts, into that folder.
func (w *world) keep() {
	w.t.Helper()
	to := w.t.ArtifactDir()
	if err := os.CopyFS(to, os.DirFS(w.Store())); err != nil {
		w.t.Errorf("keeping the store: %v", err)
		return
	}
	w.t.Logf("the store, as it was found, is in %s if the tests run with -artifacts", to)
}
