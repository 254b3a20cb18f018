package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

func TestATamperedSegmentIsEvidenceAndStays(t *testing.T) {
	change := func(text []byte) []byte {
		return bytes.Replace(text, []byte(`"type":"test"`), []byte(`"type":"tset"`), 1)
	}
	for name, c := range map[string]struct {
		do   func(*place)
		want []uint64 // what is purged: the first has a tile of its own seal
		kept string
	}{
		"a record in the middle": {func(p *place) {
			p.lines(3, func(l [][]byte) [][]byte { l[1] = change(l[1]); return l })
		}, []uint64{0, 6}, "at record 4"},
		"the last record": {func(p *place) {
			p.lines(3, func(l [][]byte) [][]byte { l[2] = change(l[2]); return l })
		}, []uint64{0, 6}, "at record 5"},
		"a record fewer": {func(p *place) {
			p.lines(3, func(l [][]byte) [][]byte { return l[:2] })
		}, []uint64{0, 6}, "ends before record 5"},
		"a record more": {func(p *place) {
			p.lines(3, func(l [][]byte) [][]byte { return append(l, l[2]) })
		}, []uint64{0, 6}, "goes on behind record 5"},
		"the times of all, chained anew, with their tiles": {func(p *place) {
			p.lines(3, func(l [][]byte) [][]byte {
				var hasher leafHasher
				for i := range l {
					l[i] = bytes.Replace(l[i], []byte("2026-01-02"), []byte("2025-01-02"), 1)
					if i > 0 {
						h, _ := parseHead(l[i])
						prev := appendHead(nil, h.seq, hasher.sum(l[i-1]), "test")
						l[i] = append(prev, l[i][len(prev):]...)
					}
				}
				return l
			})
			p.retileAll(9)
		}, []uint64{0}, "tiles"},
		"a tile alone": {func(p *place) { p.retileTo(9, func(hashes []tlog.Hash) { hashes[4][0]++ }) }, []uint64{0}, "tiles"},
	} {
		t.Run(name, func(t *testing.T) {
			p, l := days(t, 4)
			c.do(p)
			done := purge(t, l, Purge{Before: time.Now()})
			if got := gone(done); !slices.Equal(got, c.want) {
				t.Errorf("purged %v, want %v", got, c.want)
			}
			i := slices.IndexFunc(done, func(d Purged) bool { return d.First == 3 })
			if i < 0 || done[i].Kind != KeptDamaged || !strings.Contains(done[i].Kept, c.kept) || !strings.Contains(done[i].Kept, "verify") {
				t.Errorf("the report is %+v", done)
			}
		})
	}
}

// retileAll makes the leaf tiles fit the sealed records as they are now.
func (p *place) retileAll(size int) { p.retileTo(size, func([]tlog.Hash) {}) }

func (p *place) retileTo(size int, change func([]tlog.Hash)) {
	p.t.Helper()
	var hashes []tlog.Hash
	walk(fsSource{os.DirFS(p.dir)}, 0, func(l Line) error {
		hashes = append(hashes, tlog.RecordHash(l.Raw))
		return nil
	})
	change(hashes)
	tiles, err := filepath.Glob(p.path("tile/0/000.p/*"))
	if err != nil || len(tiles) == 0 || size > len(hashes) {
		p.t.Fatalf("%d hashes, %d tiles, %v", len(hashes), len(tiles), err)
	}
	for _, name := range tiles {
		var width int
		fmt.Sscan(filepath.Base(name), &width)
		os.Remove(name)
		write(p.t, name, appendHashes(nil, hashes[:width]))
	}
}

func TestASegmentWithoutItsTilesStays(t *testing.T) {
	p, l := days(t, 3)
	if err := os.RemoveAll(p.path("tile")); err != nil {
		t.Fatal(err)
	}
	done := purge(t, l, Purge{Before: time.Now()})
	if len(gone(done)) != 0 || len(done) != 2 || done[0].Kind != KeptDamaged {
		t.Errorf("the report is %+v", done)
	}
}

func TestAClockThatWasSetBackFreesNothingThatIsHeld(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	// The first record is the latest, the last is the earliest.
	for i, at := range []time.Time{firstDay.AddDate(0, 0, 5), firstDay, firstDay.AddDate(0, 0, 3), firstDay.AddDate(0, 0, -5)} {
		text := fmt.Appendf(nil, `{"id":"%d","time":%q,"type":"test"}`, i, at.Format("2006-01-02T15:04:05.000000Z"))
		if _, err := l.Commit(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	l = p.followed(l)
	done := purge(t, l, Purge{Before: time.Now(), DryRun: true})
	if len(done) != 1 || !done[0].From.Equal(firstDay.AddDate(0, 0, -5)) || !done[0].Until.Equal(firstDay.AddDate(0, 0, 5)) {
		t.Errorf("the report is %+v", done)
	}
	for _, day := range []int{-5, 0, 3, 5} {
		at := firstDay.AddDate(0, 0, day)
		id, err := l.Hold(t.Context(), Hold{From: at.Add(-time.Minute), Until: at.Add(time.Minute), Why: "case"})
		if err != nil {
			t.Fatal(err)
		}
		if done := purge(t, l, Purge{Before: time.Now()}); len(done) != 1 || done[0].Kind != KeptHeld {
			t.Errorf("with a hold on day %d the report is %+v", day, done)
		}
		if err := l.Release(t.Context(), id, "over", ""); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPurgedRecordIsProvedToNobodyAndSaidToBePurged(t *testing.T) {
	p, l := days(t, 4)
	purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 2)})
	closeLog(t, l)
	for seq := range uint64(6) {
		_, err := Prove(t.Context(), os.DirFS(p.dir), seq)
		var purged *PurgedError
		if first := seq / 3 * 3; !errors.As(err, &purged) || purged.First != first || purged.Last != first+2 || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("record %d: %v", seq, err)
		}
	}
	if _, err := Prove(t.Context(), os.DirFS(p.dir), 6); err != nil {
		t.Error(err)
	}
	_, err := Prove(t.Context(), os.DirFS(p.dir), 99)
	if purged := (*PurgedError)(nil); errors.As(err, &purged) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a record that never was: %v", err)
	}
}

func TestAPurgeIsSignedForBeforeAnythingGoes(t *testing.T) {
	p, l := days(t, 3)
	closeLog(t, l)
	l = p.open(func(o *Options) { o.CheckpointEvery = time.Hour })
	allSealed(t, l)
	purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 1)})
	if r := p.verified(); r.Purged != 3 { // with the log open
		t.Errorf("purged %d", r.Purged)
	}
}
