package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

func TestAHoldOnRecordBindsWhateverBecomesOfItsFile(t *testing.T) {
	for name, c := range map[string]struct {
		do      func(t *testing.T, p *place, id string)
		refused bool // or kept
	}{
		"deleted":         {do: func(t *testing.T, p *place, id string) { os.Remove(p.path("holds", id+".json")) }},
		"with its folder": {do: func(t *testing.T, p *place, _ string) { os.RemoveAll(p.path("holds")) }},
		"the folder is a file": {do: func(t *testing.T, p *place, _ string) {
			os.RemoveAll(p.path("holds"))
			write(t, p.path("holds"), nil)
		}},
		"released by a forged file": {do: func(t *testing.T, p *place, id string) {
			write(t, p.path("holds", id+".released.json"), []byte(`{"why":"x","by":"y","since":"2026-11-22T00:00:00Z"}`))
		}},
		"edited": {do: func(t *testing.T, p *place, id string) {
			os.Remove(p.path("holds", id+".json"))
			h, _ := json.Marshal(Hold{ID: id, Until: time.Unix(0, 0).UTC(), Why: "case"})
			write(t, p.path("holds", id+".json"), h)
		}},
		"renamed": {do: func(t *testing.T, p *place, id string) {
			os.Rename(p.path("holds", id+".json"), p.path("holds", "x.json"))
		}, refused: true},
		"replaced by a symlink": {do: func(t *testing.T, p *place, id string) {
			os.Remove(p.path("holds", id+".json"))
			link(t, "../checkpoint", p.path("holds", id+".json"))
		}},
	} {
		for _, restarted := range []string{"running", "restarted", "sealed"} {
			t.Run(name+", "+restarted, func(t *testing.T) {
				p, l := days(t, 3)
				id, err := l.Hold(t.Context(), Hold{Why: "case"})
				if err != nil {
					t.Fatal(err)
				}
				if restarted != "running" {
					closeLog(t, l)
				}
				if restarted == "sealed" {
					l = p.open()
					allSealed(t, l)
					closeLog(t, l)
				}
				c.do(t, p, id)
				if restarted != "running" {
					l = p.open()
				}
				allSealed(t, l)
				before := len(p.sealedFirsts())
				done, err := l.Purge(t.Context(), Purge{Before: time.Now().Add(time.Hour)})
				if err == nil && (len(gone(done)) != 0 || len(done) == 0) || err == nil && c.refused {
					t.Errorf("the report is %+v, %v", done, err)
				}
				if len(p.sealedFirsts()) != before {
					t.Errorf("left are %v", p.sealedFirsts())
				}
				if err == nil && len(p.problemsSoFar()) == 0 {
					t.Error("nobody was told")
				}
			})
		}
	}
}

func TestAMissingFileOfAHoldIsMadeFromItsRecord(t *testing.T) {
	p, l := days(t, 3)
	id, err := l.Hold(t.Context(), Hold{From: firstDay, Why: "case", By: "legal"})
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(p.path("holds", id+".json"))
	closeLog(t, l)
	l = p.open()
	if err := l.KeepHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := Holds(os.DirFS(p.dir))
	if err != nil || len(all) != 1 || all[0].ID != id || !all[0].From.Equal(firstDay) || all[0].By != "legal" || !all[0].inForce() {
		t.Errorf("holds: %+v, %v", all, err)
	}
	if err := l.Release(t.Context(), id, "over", ""); err != nil {
		t.Fatal(err)
	}
	os.Remove(p.path("holds", id+".released.json"))
	if err := l.KeepHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err := Holds(os.DirFS(p.dir)); err != nil || len(all) != 1 || all[0].inForce() {
		t.Errorf("holds: %+v, %v", all, err)
	}
}

func TestAHoldWhoseFileCannotBeMadeIsInForce(t *testing.T) {
	p, l := days(t, 3)
	write(t, p.path("holds"), nil)
	id, err := l.Hold(t.Context(), Hold{Why: "case"})
	if err != nil || id == "" {
		t.Fatalf("hold %q, %v", id, err)
	}
	done := purge(t, l, Purge{Before: time.Now()})
	if len(gone(done)) != 0 || len(done) != 2 {
		t.Errorf("the report is %+v", done)
	}
	os.Remove(p.path("holds"))
	purge(t, l, Purge{Before: time.Now()})
	if all, err := Holds(os.DirFS(p.dir)); err != nil || len(all) != 1 || all[0].ID != id {
		t.Errorf("holds: %+v, %v", all, err)
	}
}

func TestAHoldIsInForceThoughNobodyWaitsForItAnymore(t *testing.T) {
	p, l := days(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	l.opts.Store = cancelling{p.store, cancel}
	id, err := l.Hold(ctx, Hold{Why: "case"})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := Holds(os.DirFS(p.dir)); err != nil || len(all) != 1 || all[0].ID != id {
		t.Errorf("holds: %+v, %v", all, err)
	}
}

func TestTheRecordOfAHoldStaysAsLongAsTheHold(t *testing.T) {
	p, l := days(t, 2)
	id, err := l.Hold(t.Context(), Hold{Until: time.Unix(0, 0), Why: "case of 1969"})
	if err != nil {
		t.Fatal(err)
	}
	l = p.followed(l)
	everything := Purge{Before: time.Now().Add(time.Hour)}
	done := purge(t, l, everything)
	if len(done) != 3 || done[2].Kind != KeptHeld || !strings.Contains(done[2].Kept, id) {
		t.Errorf("the report is %+v", done)
	}
	if err := l.Release(t.Context(), id, "over", ""); err != nil {
		t.Fatal(err)
	}
	if got := gone(purge(t, l, everything)); !slices.Equal(got, []uint64{done[2].First}) {
		t.Errorf("purged %v", got)
	}
}

func TestWhatIsNotSealedIsPurgedByNoName(t *testing.T) {
	p, l := days(t, 3)
	for i := range 4 { // as old as one likes, so that only the place counts
		text := fmt.Appendf(nil, `{"id":"%d","time":"2026-01-01T00:00:00.000000Z","type":"test"}`, i)
		if _, err := l.Commit(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	forge := func(first uint64) {
		name := p.path(filepath.FromSlash(sealedName(firstDay.AddDate(-6, 0, 0), first)))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		for _, line := range p.read()[first : first+2] {
			z.Write([]byte(line + "\n"))
		}
		z.Close()
		write(t, name, b.Bytes())
	}
	forge(9)
	forge(11)
	done := purge(t, l, Purge{Before: time.Now()})
	if got := gone(done); !slices.Equal(got, []uint64{0, 3}) {
		t.Errorf("purged %v", got)
	}
	if len(done) != 4 || done[2].First != 9 || done[2].Kind != KeptDamaged || done[3].Kind != KeptDamaged {
		t.Errorf("the report is %+v", done)
	}
}

func TestAForgedMarkerIsNoRecord(t *testing.T) {
	for _, text := range []string{`{"first":3,"end":6}`, `{"first":3,"end":9}`} {
		p, l := days(t, 4)
		if err := os.MkdirAll(p.path("purged"), 0o750); err != nil {
			t.Fatal(err)
		}
		write(t, p.path("purged", "000000000003.json"), []byte(text+"\n"))
		done := purge(t, l, Purge{Before: time.Now()})
		closeLog(t, l)
		r := p.verify()
		if len(r.Problems) != 0 || int(r.Purged) != 3*len(gone(done)) || len(done) != 3 {
			t.Errorf("%s: purged %d, problems %+v, report %+v", text, r.Purged, r.Problems, done)
		}
	}
}

func TestAJumpOfTheTimeIsSeenAtEachStart(t *testing.T) {
	p := newPlace(t)
	write := func(l *Log, at time.Time) {
		t.Helper()
		text := fmt.Appendf(nil, `{"id":"x","time":%q,"type":"test"}`, at.Format("2006-01-02T15:04:05.000000Z"))
		if _, err := l.Commit(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	ahead := firstDay.AddDate(1, 0, 0)
	for i, at := range []time.Time{firstDay, ahead, ahead.Add(time.Minute), ahead.Add(2 * time.Hour), firstDay.Add(time.Hour)} {
		l := p.open()
		allSealed(t, l)
		write(l, at)
		closeLog(t, l)
		l = p.open()
		_, jump, err := l.Jumped(t.Context())
		if want := i > 0 && i < 4; err != nil || want != jump.Equal(ahead) || !want && !jump.IsZero() {
			t.Errorf("start %d: jumped at %v, %v", i, jump, err)
		}
		closeLog(t, l)
	}
}

// A clock that is days ahead at a start makes records old that are not; a quiet
// log has such gaps too, but no start in them.
func TestAJumpOfDaysIsSeenWhereAGatewayStarts(t *testing.T) {
	for typ, want := range map[string]bool{"gateway.started": true, "exchange": false} {
		for _, sealed := range []bool{false, true} {
			p := newPlace(t)
			l := p.open()
			second := firstDay.AddDate(0, 0, 4)
			for _, r := range []struct {
				at  time.Time
				typ string
			}{{firstDay, "gateway.started"}, {firstDay.Add(20 * time.Hour), "gateway.started"}, {second, typ}, {second.Add(time.Second), "exchange"}} {
				text := fmt.Appendf(nil, `{"id":"x","time":%q,"type":%q}`, r.at.Format("2006-01-02T15:04:05.000000Z"), r.typ)
				if _, err := l.Commit(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			closeLog(t, l)
			l = p.open()
			if sealed {
				allSealed(t, l)
				closeLog(t, l)
				l = p.open()
			}
			_, jump, err := l.Jumped(t.Context())
			if err != nil || jump.Equal(second) != want || !want && !jump.IsZero() {
				t.Errorf("%s: jumped at %v, %v", typ, jump, err)
			}
			closeLog(t, l)
		}
	}
}
