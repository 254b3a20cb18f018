package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// readFS tells which segments are opened.
type readFS struct {
	fs.FS
	opened []string
}

func (f *readFS) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".ndjson.gz") {
		f.opened = append(f.opened, name)
	}
	return f.FS.Open(name)
}

// segmented is a log of five sealed segments of four records, a day each, and an
// open one; the third segment is of eve, with session s_eve.
func segmented(t *testing.T) (*source, *readFS) {
	w := newWorld(t)
	for day := range 6 {
		w.next = day * 24 * 60
		for i := range 4 {
			exchange := exchangeID(10*day + i)
			w.commit(record.Intent, func(r *record.Record) {
				asked(exchange, "POST", "https://x/")(r)
				r.ID = exchangeID(1000 + 10*day + i)
				if day == 2 {
					r.Identity, r.Session = eve, &record.Session{ID: "s_eve", Key: "sid"}
				}
			})
		}
		w.close()
		if day < 5 {
			w.seal()
			w.open()
		}
	}
	src := w.source()
	f := &readFS{FS: src.FS}
	src.FS = f
	return src, f
}

// seqsOf are the records that a list shows, as JSON.
func seqsOf(t *testing.T, l list) (seqs []uint64) {
	t.Helper()
	s := newScreen()
	l.con, l.json = s.console, true
	mustNot(t, l.records())
	for line := range strings.Lines(s.stdout.String()) {
		r, err := record.Parse([]byte(line))
		mustNot(t, err)
		seqs = append(seqs, r.Seq)
	}
	return seqs
}

func TestOnlySegmentsThatMayHaveWhatIsWantedAreRead(t *testing.T) {
	src, read := segmented(t)
	day := func(n int) time.Time { return began.AddDate(0, 0, n) }
	for _, c := range []struct {
		name string
		want filter
		last int
		seqs []uint64
		read int // sealed segments
	}{
		{"the last two", filter{}, 2, []uint64{22, 23}, 0},
		{"the last five", filter{}, 5, []uint64{19, 20, 21, 22, 23}, 2},
		{"the last three of ana", filter{sub: "ana"}, 3, []uint64{21, 22, 23}, 0},
		{"the last two of eve", filter{sub: "eve"}, 2, []uint64{10, 11}, 5},
		{"all of a day", filter{since: day(1), until: day(2).Add(-time.Hour)}, 0, []uint64{4, 5, 6, 7}, 2}, // the one before may end in its hour
		{"all until a day", filter{until: day(1).Add(-time.Hour)}, 0, []uint64{0, 1, 2, 3}, 1},
		{"all since a day", filter{since: day(3).Add(2 * time.Hour)}, 0, []uint64{16, 17, 18, 19, 20, 21, 22, 23}, 2},
		{"a session", filter{session: "s_eve"}, 0, []uint64{8, 9, 10, 11}, 1},
		{"a session of another day", filter{session: "s_eve", until: day(1)}, 0, nil, 1},
		{"nobody's", filter{sub: "nobody"}, 50, nil, 5},
	} {
		read.opened = nil
		if got := seqsOf(t, list{src: src, want: c.want, last: c.last}); !slices.Equal(got, c.seqs) {
			t.Errorf("%s: records %d, want %d", c.name, got, c.seqs)
		}
		slices.Sort(read.opened)
		if n := len(slices.Compact(read.opened)); n != c.read {
			t.Errorf("%s: %d sealed segments were read, want %d: %q", c.name, n, c.read, read.opened)
		}
	}
}

func TestTheNewestAreTheLastOfAllWhateverIsReadFirst(t *testing.T) {
	src, _ := segmented(t)
	for _, want := range []filter{{}, {sub: "ana"}, {sub: "eve"}, {types: []string{"intent"}}} {
		all := seqsOf(t, list{src: src, want: want})
		for last := 1; last < 30; last++ {
			if got := seqsOf(t, list{src: src, want: want, last: last}); !slices.Equal(got, all[max(0, len(all)-last):]) {
				t.Errorf("%+v: the last %d of %d are %d", want, last, all, got)
			}
		}
	}
}

// lacking is such a log without the segment of one day.
func lacking(t *testing.T, day int) *source {
	t.Helper()
	src, _ := segmented(t)
	names, err := fs.Glob(os.DirFS(src.dir), fmt.Sprintf("sealed/*/*/%012d.ndjson.gz", 4*day))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	mustNot(t, os.Remove(src.dir+"/"+names[0]))
	return src
}

func TestASegmentThatIsGoneIsMissedByWhoeverReadsOnBothSides(t *testing.T) {
	src := lacking(t, 1)
	for _, last := range []int{0, 18} {
		l := list{con: newScreen().console, src: src, last: last}
		if err := l.records(); err == nil || !strings.Contains(err.Error(), "caddy rec verify") {
			t.Errorf("-n %d: error %v", last, err)
		}
	}
	if got := seqsOf(t, list{src: src, last: 6}); len(got) != 6 {
		t.Errorf("the last six are %d", got)
	}
}

func TestAFirstSegmentThatIsGoneIsMissedByWhoeverAsksForItsTimeOrASession(t *testing.T) {
	for name, want := range map[string]filter{
		"its time":  {until: began.AddDate(0, 0, 1).Add(-time.Hour)},
		"a session": {session: "s_eve"},
	} {
		for _, last := range []int{0, 50} {
			l := list{con: newScreen().console, src: lacking(t, 0), last: last, want: want}
			if err := l.records(); err == nil || !strings.Contains(err.Error(), "caddy rec verify") {
				t.Errorf("%s, -n %d: error %v", name, last, err)
			}
		}
	}
}

func TestNewestRecordsThatAreGoneAreMissed(t *testing.T) {
	for name, spoil := range map[string]func(file string) error{
		"gone":     func(string) error { return nil },
		"empty":    func(file string) error { return os.WriteFile(file, nil, 0o600) },
		"a folder": func(file string) error { return os.Mkdir(file, 0o700) },
	} {
		src, _ := segmented(t)
		file := src.dir + "/open/000000000020.ndjson"
		mustNot(t, os.Remove(file))
		mustNot(t, spoil(file))
		for what, look := range map[string]func(l *list) error{
			"ls":           func(l *list) error { return l.records() },
			"ls -n 3":      func(l *list) error { l.last = 3; return l.records() },
			"ls --sub":     func(l *list) error { l.want.sub = "eve"; return l.records() },
			"ls --orphans": func(l *list) error { return l.orphans() },
			"tail": func(l *list) error {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				l.last = 3
				return l.follow(ctx)
			},
			"show 22": func(l *list) error {
				_, err := l.src.lookUp(recordName{seq: 22}, false)
				return err
			},
		} {
			err := look(&list{con: newScreen().console, src: src})
			if err == nil || !strings.Contains(err.Error(), "its newest checkpoint says that there are 24: see what caddy rec verify says") {
				t.Errorf("%s, the newest segment %s: error %v", what, name, err)
			}
		}
	}
}

func TestWhatIsBehindASegmentThatIsGoneIsListedWhole(t *testing.T) {
	src := lacking(t, 1)
	for last := 17; last < 30; last++ {
		for sub, want := range map[string][2]uint64{"": {8, 23}, "eve": {8, 11}} {
			l := list{con: newScreen().console, src: src, last: last, want: filter{sub: sub}}
			items, _, err := l.newest(t.Context(), src.stretches(time.Time{}, time.Time{}))
			if err == nil || len(items) != int(want[1]-want[0]+1) || items[0].record.Seq != want[0] || items[len(items)-1].record.Seq != want[1] {
				t.Errorf("-n %d of %q: %d items, error %v", last, sub, len(items), err)
			}
		}
	}
}

func TestASessionIsListedThoughAnotherSegmentIsGone(t *testing.T) {
	for day, lasts := range map[int][]int{1: {4, 50}, 3: {0, 4, 50}} {
		src := lacking(t, day)
		for _, last := range lasts {
			s := newScreen()
			err := (&list{con: s.console, src: src, last: last, json: true, want: filter{session: "s_eve"}}).records()
			if n := strings.Count(s.stdout.String(), `"id":"s_eve"`); n != 4 || err == nil {
				t.Errorf("without the segment of day %d, -n %d: %d records, error %v", day, last, n, err)
			}
		}
	}
}

func TestALongSearchTellsHowFarItIs(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		s := newScreen()
		s.errTTY = terminal
		at := began
		s.now = func() time.Time { at = at.Add(time.Second); return at }
		bar := newReading(s.console, &source{log: "main"}, []stretch{{0, 400}, {700, 1324}, {1324, toTheEnd}})
		for range 512 {
			bar.record()
		}
		drawn := strings.Contains(s.stderr.String(), "reading main [############------------]  50 % of 1024 records")
		if drawn != terminal || !terminal && s.stderr.Len() > 0 {
			t.Errorf("on a terminal: %v, drawn %q", terminal, s.stderr)
		}
		bar.end()
	}
}

func TestTailOfNothingOldBeginsAtTheEnd(t *testing.T) {
	src, read := segmented(t)
	l := list{con: newScreen().console, src: src}
	parts, err := l.parts()
	mustNot(t, err)
	items, next, err := l.newest(t.Context(), parts)
	if err != nil || len(items) != 0 || next != 24 || len(read.opened) != 0 {
		t.Errorf("%d items, next %d, read %q, error %v", len(items), next, read.opened, err)
	}
}

func TestAClockThatWasSetBackHidesNoSegment(t *testing.T) {
	src := &source{FS: fstest.MapFS{
		"sealed/dt=2026-11-20/hour=10/000000000000.ndjson.gz": {},
		"sealed/dt=2026-11-25/hour=10/000000000100.ndjson.gz": {}, // ahead
		"sealed/dt=2026-11-20/hour=12/000000000200.ndjson.gz": {}, // right again
		"sealed/dt=2026-11-21/hour=10/000000000300.ndjson.gz": {},
		"open/000000000400.ndjson":                            {},
	}}
	for _, c := range []struct {
		since, until string
		want         []uint64
	}{
		{"2026-11-20T08:00:00Z", "2026-11-20T11:00:00Z", []uint64{0, 100, 400}},
		{"2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z", []uint64{0, 100, 200, 400}},
		{"2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z", []uint64{0, 100, 300, 400}},
	} {
		since, _ := time.Parse(time.RFC3339, c.since)
		until, _ := time.Parse(time.RFC3339, c.until)
		var got []uint64
		for _, part := range src.stretches(since, until) {
			got = append(got, part.from)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: segments %d, want %d", c.since, c.until, got, c.want)
		}
	}
	if got := (&source{FS: fstest.MapFS{}}).stretches(time.Time{}, time.Time{}); fmt.Sprint(got) != fmt.Sprint([]stretch{{0, toTheEnd}}) {
		t.Errorf("of no segments: %v", got)
	}
}

func TestALineInAPipeIsNotReadWhereAllAreWanted(t *testing.T) {
	src, _ := segmented(t)
	l := list{con: newScreen().console, src: src, json: true}
	mustNot(t, ledger.Walk(src, 0, l.each(func(it item) error {
		if it.record != nil {
			t.Fatal("it was parsed")
		}
		return nil
	})))
}
