package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage/gcs"
)

func TestWhatIsSealedLeavesItsBatchesUnlessTheyAreRetained(t *testing.T) {
	for name, retention := range map[string]gcs.Retention{"off": {}, "locked": {Mode: gcs.Locked, For: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			p := newFarPlace(t, retention)
			l := p.open(func(o *Options) { o.SealBytes = 1 })
			var want []string
			for i := range 5 {
				want = append(want, fmt.Sprint(i))
				commit(t, l, want[i])
			}
			allSealed(t, l)
			if n := len(p.batches()); retention.Mode == gcs.Off && n != 0 || retention.Mode != gcs.Off && n != 5 {
				t.Errorf("%d batches are left", n)
			}
			hasTexts(t, p.read(), want...)
			p.verified()
			closeLog(t, l)
			l = p.open()
			commit(t, l, "5")
			closeLog(t, l)
			hasTexts(t, p.read(), append(want, "5")...)
			p.verified()
			p.noProblems()

			p.bucket.Advance(2 * time.Hour)
			if retention.Mode != gcs.Off {
				p.objects = p.store(gcs.Retention{Mode: gcs.Locked, For: 4 * time.Hour}) // by this machine's clock
			}
			l = p.open(func(o *Options) { o.SealBytes = 1 })
			commit(t, l, "6")
			allSealed(t, l)
			closeLog(t, l)
			if n := len(p.batches()); n > 2 { // of the records that came since
				t.Errorf("%d batches are left though nothing keeps them", n)
			}
			hasTexts(t, p.read(), append(want, "5", "6")...)
			p.verified()
		})
	}
}

// gated is a bucket in which sealed segments are created when before lets them.
type gated struct {
	*gcs.Store
	before func()
}

func (g gated) Create(ctx context.Context, name string, r io.Reader) error {
	if strings.Contains(name, "/sealed/") {
		g.before()
	}
	return g.Store.Create(ctx, name, r)
}

func TestASealThatTheProcessBeforeWasAtIsGoneOnBehind(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	other := make(chan struct{})
	first := p.open(func(o *Options) {
		o.SealBytes = 200 // two records
		o.Store = gated{p.objects, func() { <-other }}
	})
	commit(t, first, "0", "1", "2")
	var once sync.Once
	second := p.open(func(o *Options) {
		o.Store = gated{p.objects, func() {
			once.Do(func() {
				close(other)
				p.bucket.Await(t, "prod/ledger/test/sealed/")
			})
		}}
	})
	commit(t, second, "3")
	allSealed(t, second)
	if _, err := first.Commit(t.Context(), fields("lost")); !errors.Is(err, ErrOtherWriter) {
		t.Errorf("got %v", err)
	}
	commit(t, second, "4")
	closeLog(t, second)
	if n := len(p.names("sealed")); n != 2 {
		t.Errorf("%d segments are sealed, want that of the first and the rest", n)
	}
	hasTexts(t, p.lying(), "0", "1", "2", "3", "4")
	hasTexts(t, p.read(), "0", "1", "2", "3", "4")
	p.verified()
}
