package ledger

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

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
