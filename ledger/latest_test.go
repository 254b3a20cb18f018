package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
)

// An old checkpoint under the name of a newer one would have a log that is cut
// taken for one that nobody has signed any further.
func TestAnOldCheckpointUnderANewerNameHidesNothing(t *testing.T) {
	const dir = "prod/ledger/test/"
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	commit(t, l, "0")
	p.bucket.Await(t, dir+latestName(1, 0))
	old, _ := p.bucket.Object(dir + latestName(1, 0))
	for i := range 5 {
		commit(t, l, fmt.Sprint(i))
	}
	closeLog(t, l)
	p.bucket.Put(dir+latestName(1<<62, 0), old.Data, nil)
	p.remove(p.names("checkpoints")...) // as after a kill
	p.remove(dir+openName(3), dir+openName(4), dir+openName(5))
	if l, err := p.tryOpen(); err == nil {
		closeLog(t, l)
		t.Error("the log was opened")
	} else if !strings.Contains(err.Error(), "is of 1 records, which is not what its name says") {
		t.Error(err)
	}
	r, err := Verify(t.Context(), p.folder(), VerifyOptions{Key: p.keys.Verifier()})
	if err != nil {
		t.Fatal(err)
	}
	if r.Signed != 6 || !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind == kindMissing && p.Seq == 3 && p.Count == 3 }) {
		t.Errorf("%+v", r)
	}
	if !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind == kindCheckpoint && p.Segment == latestName(1<<62, 0) }) {
		t.Errorf("the forged name is not told: %+v", r.Problems)
	}
}

func TestANewestCheckpointThatIsGoneIsAProblemWhereBatchesAre(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	commit(t, l, "0")
	closeLog(t, l)
	p.verified()
	p.remove(p.names("latest")...)
	r, err := Verify(t.Context(), p.folder(), VerifyOptions{Key: p.keys.Verifier()})
	if err != nil || len(r.Problems) != 1 || r.Problems[0].Kind != kindCheckpoint {
		t.Errorf("%+v, %v", r, err)
	}
}

// replacing is a store in which a newer checkpoint takes the place of the newest
// as soon as that is listed.
type replacing struct {
	storage.Store
	once    sync.Once
	replace func()
}

func (r *replacing) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for name, err := range r.Store.List(ctx, prefix) {
			if !yield(name, err) {
				return
			}
		}
		if strings.HasSuffix(prefix, "/"+latestFolder+"/") {
			r.once.Do(r.replace)
		}
	}
}

func TestANewestCheckpointThatIsReplacedMeanwhileIsNotMissing(t *testing.T) {
	const dir = "prod/ledger/test/"
	p := newFarPlace(t, gcs.Retention{})
	l := p.open()
	commit(t, l, "0")
	closeLog(t, l)
	replaced := false
	store := &replacing{Store: p.objects, replace: func() {
		replaced = true
		newest, _ := p.bucket.Object(dir + latestName(1, 0))
		p.bucket.Put(dir+latestName(1, 1), newest.Data, nil)
		p.remove(dir + latestName(1, 0))
	}}
	r, err := Verify(t.Context(), NewStoreFolder(t.Context(), store, "test", nil), VerifyOptions{Key: p.keys.Verifier()})
	if err != nil || !replaced || slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind == kindCheckpoint }) {
		t.Errorf("%+v, %v, replaced: %v", r, err, replaced)
	}
}

// What a log that is written on a disk has in its bucket is a log by itself, up
// to its last sealed segment.
func TestWhatABucketHasOfALogOnADiskIsVerifiedFromElsewhere(t *testing.T) {
	p := newFarPlace(t, gcs.Retention{})
	dir := t.TempDir()
	onDisk := func(o *Options) { o.Dir, o.Batches = dir, nil }
	l := p.open(onDisk)
	commit(t, l, "0")
	closeLog(t, l)
	l = p.open(onDisk) // seals it
	p.bucket.Await(t, "prod/ledger/test/sealed/")
	closeLog(t, l)
	p.verified()
}

// remove removes objects behind the log's back.
func (p *farPlace) remove(names ...string) {
	p.t.Helper()
	for _, name := range names {
		if err := p.objects.Delete(p.t.Context(), strings.TrimPrefix(name, "prod/")); err != nil {
			p.t.Fatal(err)
		}
	}
}
