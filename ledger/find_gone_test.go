package ledger

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
)

// Nobody can say whose the records were that are gone, so they may be any
// session's.
func TestRecordsThatAreGoneAtEitherEndMayBeASessions(t *testing.T) {
	for what, c := range map[string]struct {
		gone func(p *farPlace) []string
		want uint64
	}{
		"the first sealed segment": {func(p *farPlace) []string { return p.names("sealed")[:1] }, 0},
		"all sealed segments":      {func(p *farPlace) []string { return p.names("sealed") }, 0},
		"the last batch":           {func(p *farPlace) []string { return p.batches()[2:] }, 5},
		"all batches":              {func(p *farPlace) []string { return p.batches() }, 3},
	} {
		t.Run(what, func(t *testing.T) {
			p := newFarPlace(t, gcs.Retention{})
			l := p.open(func(o *Options) { o.SealBytes = 1 })
			for range 3 {
				commitOf(t, l, of("exchange", "s1", "x"))
			}
			allSealed(t, l)
			closeLog(t, l)
			l = p.open()
			for range 3 {
				commitOf(t, l, of("exchange", "s1", "x"))
			}
			closeLog(t, l)
			r := newReader(t, p.folder(), p.keys.Verifier())
			wantSeqs(t, r, "s1", 0, 1, 2, 3, 4, 5)
			wantSeqs(t, r, "s2")
			p.remove("prod/ledger/test/" + checkpointName(6)) // as after a kill
			p.remove(c.gone(p)...)
			r = newReader(t, p.folder(), p.keys.Verifier())
			found := wantSeqs(t, r, "s2", c.want)
			if got := proofs(t, r, found.Seqs...); len(got) != 1 || !slices.Contains([]string{"0 damaged", "3 damaged", "5 damaged"}, got[0]) {
				t.Errorf("it is given as %v", got)
			}
			if more, err := r.More(t.Context(), found); err != nil || !slices.Equal(more.Seqs, found.Seqs) {
				t.Errorf("looked for again, they are at %v, %v", more, err)
			}
		})
	}
}

// sealing is a store in which another segment, of one record, is sealed each time
// that the sealed ones have been listed.
type sealing struct {
	storage.Store
	sealed uint64
}

func (s *sealing) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for name, err := range s.Store.List(ctx, prefix) {
			below := strings.TrimPrefix(name, "ledger/test/")
			hidden := strings.HasPrefix(below, checkpointFolder+"/") && below > checkpointName(s.sealed) ||
				isSealedName(below) && segmentsAmong([]string{below}, sealedFolder)[0].first >= s.sealed
			if !hidden && !yield(name, err) {
				return
			}
		}
		if strings.HasSuffix(prefix, "/"+sealedFolder+"/") {
			s.sealed++
		}
	}
}

// A look that falls together with a seal sees fewer records than are signed for.
// Several may.
func TestRecordsThatAreSealedFromLookToLookAreNotGone(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{Mode: gcs.Locked, For: time.Hour}) // so that the batches stay
	l := p.open(func(o *Options) { o.SealBytes = 1 })
	for range 20 {
		commitOf(t, l, of("exchange", "s1", "x"))
	}
	allSealed(t, l)
	closeLog(t, l)
	store := &sealing{Store: p.objects, sealed: 1}
	r := newReader(t, NewStoreFolder(t.Context(), store, "test", nil), p.keys.Verifier())
	wantSeqs(t, r, "s2")
	if store.sealed < 20 {
		t.Errorf("it looked until %d were sealed", store.sealed)
	}
}
