package ledger

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

var firstDay = time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC)

func TestOldSegmentsArePurgedAndTheRestStillVerifies(t *testing.T) {
	p, l := days(t, 6)
	before := Purge{Before: firstDay.AddDate(0, 0, 3), Why: "retain 10d", By: "retain"}
	dry := before
	dry.DryRun = true
	if got := gone(purge(t, l, dry)); !slices.Equal(got, []uint64{0, 3, 6}) {
		t.Errorf("a dry run tells %v", got)
	}
	if got := p.sealedFirsts(); len(got) != 6 {
		t.Errorf("a dry run left %v", got)
	}
	if got := gone(purge(t, l, before)); !slices.Equal(got, []uint64{0, 3, 6}) {
		t.Errorf("purged %v", got)
	}
	if got := p.sealedFirsts(); !slices.Equal(got, []uint64{9, 12, 15}) {
		t.Errorf("left are %v", got)
	}
	if got := gone(purge(t, l, before)); len(got) != 0 {
		t.Errorf("purged again: %v", got)
	}
	closeLog(t, l)
	if r := p.verified(); r.Purged != 9 || r.Records != 13 {
		t.Errorf("purged %d, records %d", r.Purged, r.Records)
	}
	told := 0
	err := Walk(os.DirFS(p.dir), 0, func(line Line) error {
		if strings.Contains(string(line.Raw), `"type":"retention.purged"`) && strings.Contains(string(line.Raw), `"why":"retain 10d"`) {
			told++
		}
		return nil
	})
	if err != nil || told != 3 {
		t.Errorf("%d purges are on record, %v", told, err)
	}
	// A later start needs nothing of what is gone, and goes on.
	l = p.open()
	commit(t, l, "more")
	closeLog(t, l)
	p.verified()
	p.noProblems()
}

func TestASegmentWithOneRecordThatIsNotOldEnoughStays(t *testing.T) {
	_, l := days(t, 4)
	last := firstDay.Add(2 * time.Hour) // of the first day
	if got := gone(purge(t, l, Purge{Before: last})); len(got) != 0 {
		t.Errorf("purged %v", got)
	}
	if got := gone(purge(t, l, Purge{Before: last.Add(time.Second)})); !slices.Equal(got, []uint64{0}) {
		t.Errorf("purged %v", got)
	}
}

func TestWhatALegalHoldCoversStaysUntilItsRelease(t *testing.T) {
	p, l := days(t, 5)
	everything := Purge{Before: time.Now()}
	id, err := l.Hold(t.Context(), Hold{From: firstDay.AddDate(0, 0, 1), Until: firstDay.AddDate(0, 0, 2), Why: "case 17", By: "legal"})
	if err != nil {
		t.Fatal(err)
	}
	done := purge(t, l, everything)
	if got := gone(done); !slices.Equal(got, []uint64{0, 6, 9}) {
		t.Errorf("purged %v", got)
	}
	if i := slices.IndexFunc(done, func(d Purged) bool { return d.First == 3 }); i < 0 || done[i].Kept != "hold "+id || done[i].Kind != KeptHeld {
		t.Errorf("the report is %+v", done)
	}
	held, err := Holds(os.DirFS(p.dir))
	if err != nil || len(held) != 1 || held[0].ID != id || held[0].Why != "case 17" || !held[0].Released.IsZero() {
		t.Errorf("holds: %+v %v", held, err)
	}
	if err := l.Release(t.Context(), id, "closed", "legal"); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(t.Context(), id, "again", "legal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("releasing again: %v", err)
	}
	if got := gone(purge(t, l, everything)); !slices.Equal(got, []uint64{3}) {
		t.Errorf("after the release purged %v", got)
	}
	closeLog(t, l)
	if r := p.verified(); r.Purged != 12 {
		t.Errorf("purged %d", r.Purged)
	}
}

func TestHoldsAndPurgesAtOnceNeverLoseWhatIsHeld(t *testing.T) {
	p, l := days(t, 12)
	kept := make([]string, 12)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for day := 11; day >= 0; day -= 2 {
			from := firstDay.AddDate(0, 0, day)
			id, err := l.Hold(context.Background(), Hold{From: from, Until: from.AddDate(0, 0, 1), Why: "case"})
			if err != nil {
				t.Error(err)
				return
			}
			// What is there once the hold is in force must stay.
			if slices.Contains(p.sealedFirsts(), uint64(3*day)) {
				kept[day] = id
			}
		}
	}()
	for range 3 {
		purge(t, l, Purge{Before: time.Now()})
	}
	<-done
	purge(t, l, Purge{Before: time.Now()})
	left := p.sealedFirsts()
	for day, id := range kept {
		if id != "" && !slices.Contains(left, uint64(3*day)) {
			t.Errorf("day %d was held by %s and is gone", day, id)
		}
	}
	closeLog(t, l)
	p.verified()
}

func TestAPurgeThatACrashCutShortIsBroughtToItsEnd(t *testing.T) {
	p, l := days(t, 4)
	l.opts.Store = stubborn{p.store}
	if _, err := l.Purge(t.Context(), Purge{Before: time.Now()}); err == nil {
		t.Fatal("the store let go")
	}
	closeLog(t, l)
	if r := p.verified(); r.Purged != 0 {
		t.Errorf("announced, and there still: %d are called purged", r.Purged)
	}
	l = p.open()
	allSealed(t, l)
	purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 3)})
	closeLog(t, l)
	if r := p.verified(); r.Purged != 9 {
		t.Errorf("purged %d", r.Purged)
	}
	told := 0
	for _, seq := range p.sealedFirsts() {
		if seq < 9 {
			t.Errorf("segment %d is there still", seq)
		}
	}
	Walk(os.DirFS(p.dir), 0, func(line Line) error {
		if strings.Contains(string(line.Raw), `"retention.purged"`) {
			told++
		}
		return nil
	})
	if told != 3 {
		t.Errorf("%d purges are on record for 3 segments", told)
	}
}

// stubborn is a store that deletes nothing.
type stubborn struct{ storage.Retainer }

func (stubborn) Delete(context.Context, string) error { return errors.New("not now") }

func TestRecordsWhosePurgeIsItselfPurgedAreNotMissing(t *testing.T) {
	p, l := days(t, 4)
	soon := func(n int) Purge { return Purge{Before: firstDay.AddDate(0, 0, n), Why: "retain"} }
	if got := gone(purge(t, l, soon(2))); !slices.Equal(got, []uint64{0, 3}) {
		t.Fatalf("purged %v", got)
	}
	closeLog(t, l)
	for range 2 { // the segment that tells of it is sealed, and another follows
		l = p.open()
		allSealed(t, l)
		commit(t, l, "more")
		closeLog(t, l)
	}
	l = p.open()
	allSealed(t, l)
	commit(t, l, "more")
	done := purge(t, l, Purge{Before: time.Now().Add(time.Hour), Why: "all that is old"})
	if len(gone(done)) < 3 {
		t.Fatalf("purged %+v", done)
	}
	closeLog(t, l)
	err := Walk(os.DirFS(p.dir), 0, func(line Line) error {
		if strings.Contains(string(line.Raw), `"why":"retain"`) {
			t.Errorf("the first purge's own record is still there: %s", line.Raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r := p.verified()
	if total := r.Purged + int64(r.Records); r.Purged < 12 || total != int64(p.total()) {
		t.Errorf("purged %d, records %d of %d", r.Purged, r.Records, p.total())
	}
	// And once more, by a process that knows of it from the records alone.
	l = p.open()
	allSealed(t, l)
	commit(t, l, "more")
	closeLog(t, l)
	l = p.open()
	allSealed(t, l)
	commit(t, l, "more")
	if len(gone(purge(t, l, Purge{Before: time.Now().Add(time.Hour), Why: "all that is old"}))) == 0 {
		t.Fatal("nothing went")
	}
	closeLog(t, l)
	p.verified()
	p.noProblems()
}
