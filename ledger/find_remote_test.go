package ledger

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
)

// counted counts the batches that are read.
type counted struct {
	storage.Store
	batches atomic.Int64
}

func (c *counted) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.Contains(name, "/open/") {
		c.batches.Add(1)
	}
	return c.Store.Open(ctx, name)
}

func TestASessionOfALogInABucketIsReadBatchByBatch(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open(func(o *Options) { o.SealBytes = 1700 })
	all := [][]byte{
		of("intent", "s1", "x1"), of("exchange", "s2", "x2"), of("exchange", "s1", "x1"), of("exchange", "s2", "x3"),
		of("approval.voted", "", "x1"), of("exchange", "s2", "x4"), of("exchange", "s1", "x5"),
	}
	commitOf(t, l, all[:4]...)
	allSealed(t, l)
	if sealed, batches := len(p.names("sealed")), len(p.batches()); sealed != 1 || batches != 0 {
		t.Fatalf("%d segments are sealed, %d batches left", sealed, batches)
	}
	commitOf(t, l, all[4:]...)
	objects := &counted{Store: p.objects}
	far := newReader(t, NewStoreFolder(t.Context(), objects, "test", nil), p.keys.Verifier())
	for name, r := range map[string]*Reader{"here": l.Reader(), "elsewhere": far} {
		t.Run(name, func(t *testing.T) {
			found := wantSeqs(t, r, "s1", 0, 2, 4, 6)
			for i, got := range proofs(t, r, found.Seqs...) {
				if !slices.Contains([]string{"signed", "unsigned"}, strings.Fields(got)[1]) {
					t.Errorf("record %d: %s", i, got)
				}
			}
		})
	}
	found := wantSeqs(t, far, "s1", 0, 2, 4, 6)
	objects.batches.Store(0)
	commitOf(t, l, of("exchange", "s1", "x6"))
	more, err := far.More(t.Context(), found)
	if err != nil || !slices.Equal(more.Seqs, []uint64{0, 2, 4, 6, 7}) {
		t.Fatalf("then at %v, %v", more, err)
	}
	proofs(t, far, 7)
	if n := objects.batches.Load(); n > 3 { // of four, looked at three times
		t.Errorf("for one record more, %d batches were read", n)
	}
}

func TestRecordsInBatchesAreReadInOneWay(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	var seqs []uint64
	for i := range 60 {
		commit(t, l, fmt.Sprint(i))
		if i%7 != 3 {
			seqs = append(seqs, uint64(i))
		}
	}
	seqs = slices.DeleteFunc(seqs, func(seq uint64) bool { return seq > 20 && seq < 50 }) // not near
	r := newReader(t, p.folder(), p.keys.Verifier())
	proofs(t, r, 59)
	before := len(p.bucket.Calls())
	for i, got := range proofs(t, r, seqs...) {
		if !strings.HasPrefix(got, fmt.Sprint(seqs[i], " ")) || strings.Contains(got, "damaged") {
			t.Errorf("record %d: %s", seqs[i], got)
		}
	}
	lists := 0
	for _, c := range p.bucket.Calls()[before:] {
		if c.Op == "list" {
			lists++
		}
	}
	if lists > 10 {
		t.Errorf("for %d records, %d lists were asked for", len(seqs), lists)
	}
}
