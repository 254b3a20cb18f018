package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

func TestLsShowsOneLineForEachRecord(t *testing.T) {
	w := newWorld(t)
	w.sample()
	s := newScreen().terminal(140)
	l := list{con: s.console, src: w.source(), last: onScreen}
	mustNot(t, l.records())
	wantText(t, s.stdout.String(), strings.TrimPrefix(`
SEQ  TIME             TYPE                WHO       WHAT                                  STATUS  NOTE           MASKED
  0  11-21 18:00:00Z  gateway.started               v0.1.0
  1  11-21 18:01:00Z  intent              ana       POST /orders?dry=1
  2  11-21 18:02:00Z  exchange            ana       POST /orders?dry=1                    201     valid               3
  3  11-21 18:03:00Z  denied              ?mallory  GET /orders                           401     token-expired
  4  11-21 18:04:00Z  intent              ana       DELETE /orders/7
  5  11-21 18:05:00Z  gateway.started               v0.1.0
  6  11-21 18:06:00Z  intent              ana       POST /refunds
  7  11-21 18:07:00Z  approval.requested  ana       019aa7a0-0000-7000-8000-0000000000cc          pending
  8  11-21 18:08:00Z  approval.voted      eve       019aa7a0-0000-7000-8000-0000000000cc          approve
`, "\n"))
}

func TestColumnsStandBelowOneAnotherInAPipe(t *testing.T) {
	w := newWorld(t)
	w.sample()
	s := newScreen()
	l := list{con: s.console, src: w.source()}
	mustNot(t, l.records())
	lines := strings.Split(strings.TrimSuffix(s.stdout.String(), "\n"), "\n")
	who := strings.Index(lines[0], "WHO")
	for _, line := range lines[1:] {
		if len(line) > who && (line[who-1] != ' ' || line[who-2] != ' ') {
			t.Errorf("what is left of WHO is too wide:\n%s\n%s", lines[0], line)
		}
	}
}

func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.commit(record.ExchangeType, func(r *record.Record) {
		asked(exchangeA, "POST", "https://x/"+strings.Repeat("é世界", 90))(r)
		r.Identity = &record.Identity{Subject: strings.Repeat("長い名前", 40)}
		r.Response = &record.Response{Status: 502, Replaced: 502, Error: "upstream"}
	})
	for _, live := range []bool{false, true} {
		for width := 10; width < 200; width += 7 {
			s := newScreen().terminal(width)
			l := list{con: s.console, src: w.source(), last: onScreen}
			if live {
				l.last = 0
			}
			mustNot(t, l.records())
			for line := range strings.Lines(s.stdout.String()) {
				if n := columns(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("a line takes %d of %d columns: %q", n, width, line)
				}
			}
		}
	}
}

func TestFiltersAddUp(t *testing.T) {
	w := newWorld(t)
	w.sample()
	for _, c := range []struct {
		flags filterFlags
		want  []uint64
	}{
		{filterFlags{}, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{filterFlags{types: []string{"intent"}}, []uint64{1, 4, 6}},
		{filterFlags{types: []string{"approval"}}, []uint64{7, 8}},
		{filterFlags{types: []string{"approval.*", "denied"}}, []uint64{3, 7, 8}},
		{filterFlags{sub: "eve"}, []uint64{8}},
		{filterFlags{sub: "mallory"}, nil}, // nobody vouched for that
		{filterFlags{sub: "ana", types: []string{"approval"}}, []uint64{7, 8}},
		{filterFlags{sub: "mallory", claimed: true}, []uint64{3}},
		{filterFlags{sub: "ana", claimed: true, types: []string{"denied"}}, nil},
		{filterFlags{session: "s_1"}, []uint64{1, 2, 4, 6, 7, 8}}, // with the approvals that its requests needed
		{filterFlags{session: "s_1", sub: "eve"}, []uint64{8}},
		{filterFlags{session: "s_1", since: "53m"}, []uint64{7, 8}},
		{filterFlags{session: "s_"}, nil},
		{filterFlags{exchange: "urn:uuid:" + exchangeA}, []uint64{1, 2}},
		{filterFlags{exchange: strings.ToUpper(exchangeC)}, []uint64{6, 7, 8}},
		{filterFlags{since: "53m"}, []uint64{7, 8}},
		{filterFlags{since: "2026-11-21T19:06:00+01:00"}, []uint64{6, 7, 8}},
		{filterFlags{since: "2026-11-22"}, nil},
		{filterFlags{until: "57m"}, []uint64{0, 1, 2}},
		{filterFlags{since: "2026-11-21", until: "2026-11-21T18:03:00Z"}, []uint64{0, 1, 2}},
		{filterFlags{until: "2026-11-21"}, nil},
		{filterFlags{status: []string{"4xx"}}, []uint64{3}},
		{filterFlags{status: []string{"201", "401"}}, []uint64{2, 3}},
		{filterFlags{status: []string{"2xx"}, sub: "eve"}, nil},
	} {
		t.Run(fmt.Sprintf("%+v", c.flags), func(t *testing.T) {
			s := newScreen()
			want, err := c.flags.parse(s.now(), s.zone)
			mustNot(t, err)
			l := list{con: s.console, src: w.source(), want: want}
			var got []uint64
			parts, err := l.parts()
			mustNot(t, err)
			mustNot(t, l.src.walk(parts, l.each(func(it item) error {
				got = append(got, it.record.Seq)
				return nil
			})))
			if !slices.Equal(got, c.want) {
				t.Errorf("records %d, want %d", got, c.want)
			}
		})
	}
}

func TestFiltersThatMakeNoSenseAreRefused(t *testing.T) {
	for _, f := range []filterFlags{
		{until: "tomorrow"}, {since: "2026-11-20", until: "2026-11-20"}, {claimed: true},
		{since: "yesterday"}, {since: "-5m"}, {since: "2026-13-01"},
		{status: []string{"6xx"}}, {status: []string{"99"}}, {status: []string{"ok"}}, {status: []string{"xx"}},
		{exchange: "7"},
	} {
		if _, err := f.parse(began, time.UTC); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

func TestLsKeepsTheLastOfWhatPassed(t *testing.T) {
	w := newWorld(t)
	w.sample()
	for last, want := range map[int]string{1: "8", 3: "6 7 8", 9: "0 1 2 3 4 5 6 7 8", 50: "0 1 2 3 4 5 6 7 8", 0: "0 1 2 3 4 5 6 7 8"} {
		s := newScreen()
		l := list{con: s.console, src: w.source(), last: last, json: true}
		mustNot(t, l.records())
		var seqs []string
		for line := range strings.Lines(s.stdout.String()) {
			r, err := record.Parse([]byte(line))
			mustNot(t, err)
			seqs = append(seqs, fmt.Sprint(r.Seq))
		}
		if got := strings.Join(seqs, " "); got != want {
			t.Errorf("-n %d: records %s, want %s", last, got, want)
		}
	}
}

func TestJSONIsTheLinesAsTheyAreStored(t *testing.T) {
	w := newWorld(t)
	w.sample()
	var want strings.Builder
	mustNot(t, ledger.Walk(os.DirFS(w.dir()), 0, func(l ledger.Line) error {
		want.Write(append(l.Raw, '\n'))
		return nil
	}))
	s := newScreen()
	l := list{con: s.console, src: w.source(), json: true}
	mustNot(t, l.records())
	wantText(t, s.stdout.String(), want.String())
}

func TestOrphansAreIntentsWithoutAnExchange(t *testing.T) {
	w := newWorld(t)
	w.sample()
	s := newScreen()
	l := list{con: s.console, src: w.source()}
	err := l.orphans()
	if codeOf(err) != codeNo || err.Error() != "2 intents without an outcome: 1 lost, 1 open" {
		t.Errorf("error %v", err)
	}
	wantText(t, s.stdout.String(), strings.TrimPrefix(`
SEQ  TIME                  TYPE    WHO  WHAT              NOTE
  4  2026-11-21 18:04:00Z  intent  ana  DELETE /orders/7  lost
  6  2026-11-21 18:06:00Z  intent  ana  POST /refunds     open
`, "\n"))

	for _, x := range []string{exchangeB, exchangeC} {
		w.commit(record.ExchangeType, asked(x, "POST", "https://x/"))
	}
	s = newScreen()
	l.con = s.console
	if err := l.orphans(); err != nil || s.stdout.Len() > 0 {
		t.Errorf("with all outcomes there: error %v, output %s", err, s.stdout)
	}
}

func TestALineThatIsNoRecordIsShownAsSuch(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	names, err := filepath.Glob(filepath.Join(w.dir(), "open", "*.ndjson"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	text, err := os.ReadFile(names[0])
	mustNot(t, err)
	mustNot(t, os.WriteFile(names[0], []byte(strings.Replace(string(text), `"type":"denied"`, `"type":"denied`+"\x1b\x1b"[:1], 1)), 0o600))
	s := newScreen()
	l := list{con: s.console, src: w.source(), want: filter{sub: "eve"}}
	mustNot(t, l.records())
	wantIn(t, s.stdout.String(), "unreadable", "see verify", "approval.voted")
	s = newScreen()
	items, err := l.src.lookUp(recordName{seq: 3}, false)
	mustNot(t, err)
	mustNot(t, s.show(items, false))
	wantIn(t, s.stdout.String(), "no record", `\x1b`)
}

func TestWhatIsNewIsFoundBySegmentNames(t *testing.T) {
	src := &source{FS: fstest.MapFS{
		"sealed/dt=2026-11-20/hour=23/000000000000.ndjson.gz": {},
		"sealed/dt=2026-11-21/hour=00/000000000100.ndjson.gz": {},
		"sealed/dt=2026-11-21/hour=17/000000000250.ndjson.gz": {},
		"sealed/dt=2026-11-21/hour=17/readme.txt":             {},
		"sealed/elsewhere/000000000900.ndjson.gz":             {},
		"open/000000000300.ndjson":                            {},
	}}
	for at, want := range map[time.Time]uint64{
		began:                      100, // an hour of 17 may be just before
		began.Add(time.Hour):       250,
		began.Add(-17 * time.Hour): 0,
		began.AddDate(1, 0, 0):     250,
		time.Time{}:                0,
		began.AddDate(-1, 0, 0):    0,
		began.Add(-16 * time.Hour): 100,
	} {
		if got := src.since(at); got != want {
			t.Errorf("since %v: from record %d, want %d", at, got, want)
		}
	}
}

func TestATypeThatNoRecordHasIsRefused(t *testing.T) {
	flags := filterFlags{types: []string{"approv"}}
	if _, err := flags.parse(began, time.UTC); err == nil || !strings.Contains(err.Error(), "approval.voted") {
		t.Errorf("got %v", err)
	}
}
