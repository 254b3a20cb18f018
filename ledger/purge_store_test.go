package ledger

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// watched is a store that tells which segments were read and which objects were
// made durable in batches, in order.
type watched struct {
	storage.Retainer
	mu     sync.Mutex
	opened []string
	made   []string
	refuse error // of Hold and Release
}

func (w *watched) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.HasSuffix(name, sealedSuffix) {
		w.mu.Lock()
		w.opened = append(w.opened, name)
		w.mu.Unlock()
	}
	return w.Retainer.Open(ctx, name)
}

func (w *watched) CreateAll(ctx context.Context, all []storage.Object) error {
	w.mu.Lock()
	for _, o := range all {
		w.made = append(w.made, o.Name)
	}
	w.mu.Unlock()
	return storage.CreateAll(ctx, w.Retainer, all)
}

func (w *watched) Delete(ctx context.Context, name string) error {
	w.mu.Lock()
	w.made = append(w.made, "-"+name)
	w.mu.Unlock()
	return w.Retainer.Delete(ctx, name)
}

func (w *watched) Hold(ctx context.Context, name string) error {
	if w.refuse != nil {
		return w.refuse
	}
	return w.Retainer.Hold(ctx, name)
}

func (w *watched) Release(ctx context.Context, name string) error {
	if w.refuse != nil {
		return w.refuse
	}
	return w.Retainer.Release(ctx, name)
}

func (w *watched) reads() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.opened)
	w.opened = nil
	return n
}

func TestWhatStaysIsNotUnpackedEachTime(t *testing.T) {
	p, l := days(t, 5)
	store := &watched{Retainer: p.store}
	l.opts.Store = store
	if err := l.learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	store.reads()
	everything := Purge{Before: time.Now()}
	id, err := l.Hold(t.Context(), Hold{Why: "all of it"})
	if err != nil {
		t.Fatal(err)
	}
	if done := purge(t, l, everything); len(done) != 4 || len(gone(done)) != 0 || store.reads() != 0 {
		t.Errorf("under a hold without bounds: %+v", done)
	}
	some, err := l.Hold(t.Context(), Hold{From: firstDay, Until: firstDay.AddDate(0, 0, 2), Why: "two days"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(t.Context(), id, "over", ""); err != nil {
		t.Fatal(err)
	}
	if got := gone(purge(t, l, everything)); !slices.Equal(got, []uint64{6, 9}) || store.reads() != 4 {
		t.Errorf("purged %v", got)
	}
	done := purge(t, l, everything)
	if n := store.reads(); len(done) != 2 || n != 0 || done[0].Until.IsZero() {
		t.Errorf("%d segments were unpacked again: %+v", n, done)
	}
	if err := l.Release(t.Context(), some, "over", ""); err != nil {
		t.Fatal(err)
	}
	// What goes is read again before it does.
	if got := gone(purge(t, l, everything)); !slices.Equal(got, []uint64{0, 3}) || store.reads() != 2 {
		t.Errorf("purged %v", got)
	}
}

func TestAMarkerIsDurableBeforeItsSegmentGoes(t *testing.T) {
	p, l := days(t, 3)
	l.opts.Store = stubborn{p.store}
	if _, err := l.Purge(t.Context(), Purge{Before: time.Now()}); err == nil {
		t.Fatal("the store let go")
	}
	store := &watched{Retainer: p.store}
	l.opts.Store = store
	purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 1)})
	// The marker that was found is made durable, since its maker may not have
	// got to that.
	want := []string{l.prefix + purgedName(0), "-" + l.prefix + "sealed/dt=2026-01-01/hour=06/000000000000.ndjson.gz", "-" + l.prefix + indexName(0)}
	if !slices.Equal(store.made, want) {
		t.Errorf("in order: %q, want %q", store.made, want)
	}
}

func TestTheStoreItselfKeepsWhatIsHeld(t *testing.T) {
	p, l := days(t, 5)
	segment := func(day int) string {
		return l.prefix + sealedName(firstDay.AddDate(0, 0, day), uint64(3*day))
	}
	held := func(day int) bool {
		t.Helper()
		err := p.store.Delete(t.Context(), segment(day))
		if err != nil && !errors.Is(err, storage.ErrRetained) {
			t.Fatal(err)
		}
		return err != nil
	}
	one, err := l.Hold(t.Context(), Hold{From: firstDay.AddDate(0, 0, 1), Until: firstDay.AddDate(0, 0, 3), Why: "case 1"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := l.Hold(t.Context(), Hold{From: firstDay.AddDate(0, 0, 2), Until: firstDay.AddDate(0, 0, 3), Why: "case 2"})
	if err != nil {
		t.Fatal(err)
	}
	if !held(1) || !held(2) {
		t.Fatal("the store does not keep what is held")
	}
	if err := l.Release(t.Context(), one, "closed", ""); err != nil {
		t.Fatal(err)
	}
	if !held(2) {
		t.Error("the store lets go of what another hold keeps")
	}
	store := &watched{Retainer: p.store, refuse: errors.New("the bucket says no")}
	l.opts.Store = store
	if err := l.Release(t.Context(), two, "closed", ""); err != nil {
		t.Errorf("what the store says is no part of the release: %v", err)
	}
	if all := p.problemsSoFar(); len(all) != 1 || !strings.Contains(all[0].Error(), "the bucket says no") {
		t.Errorf("told: %v", all)
	}
	if id, err := l.Hold(t.Context(), Hold{From: firstDay.AddDate(0, 0, 3), Until: firstDay.AddDate(0, 0, 4), Why: "case 3"}); err != nil || id == "" {
		t.Errorf("what the store says is no part of the hold: %v", err)
	}
	if all := p.problemsSoFar(); len(all) != 1 || !strings.Contains(all[0].Error(), "only the log does") {
		t.Errorf("told: %v", all)
	}
	store.refuse = nil
	if err := l.KeepHeld(t.Context()); err != nil || !held(3) {
		t.Errorf("later the store does not keep what is held: %v", err)
	}
	// The release that the store was not told of is made up for.
	if got := gone(purge(t, l, Purge{Before: time.Now()})); !slices.Contains(got, 6) || slices.Contains(got, 9) {
		t.Errorf("purged %v", got)
	}
}

// cancelling is a store whose caller goes away when it makes something.
type cancelling struct {
	storage.Retainer
	cancel context.CancelFunc
}

func (c cancelling) CreateAll(ctx context.Context, all []storage.Object) error {
	c.cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	return storage.CreateAll(ctx, c.Retainer, all)
}
