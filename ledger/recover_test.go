package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// crashed is a place whose log holds these texts in one open segment and has no
// checkpoint of them, as after a crash in its first second. Text is the
// segment's file.
func crashed(t *testing.T, texts ...string) (p *place, file string, text []byte) {
	t.Helper()
	p = newPlace(t)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Hour })
	commit(t, l, texts...)
	closeLog(t, l)
	p.drop("checkpoint", "checkpoints")
	file = p.only("open/*.ndjson")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return p, file, text
}

func (p *place) drop(names ...string) {
	p.t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(p.path(filepath.FromSlash(name))); err != nil {
			p.t.Fatal(err)
		}
	}
}

func write(t testing.TB, file string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	os.Remove(file) // sealed objects are read-only
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// recovers opens the log over the given file and checks that it kept these
// texts and told how many bytes it cut.
func recovers(t *testing.T, p *place, file string, text []byte, cut int, texts ...string) {
	t.Helper()
	p.drop("checkpoint", "checkpoints", "index", "open", "sealed", "tile")
	write(t, file, text)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Hour })
	commit(t, l, "after")
	closeLog(t, l)
	lines := p.read()
	if cut > 0 {
		var got record.Record
		at := len(texts)
		if len(lines) <= at {
			t.Fatalf("%d records", len(lines))
		}
		if err := json.Unmarshal([]byte(lines[at]), &got); err != nil && !strings.Contains(err.Error(), "Time") {
			t.Fatal(err)
		}
		if got.Type != record.GatewayRecovered || got.Gateway == nil || got.Gateway.Cut != int64(cut) || got.Gateway.Segment != "open/"+filepath.Base(file) || got.ID == "" {
			t.Errorf("record %d tells %s, want a cut of %d bytes", at, lines[at], cut)
		}
		lines = append(lines[:at:at], lines[at+1:]...)
	}
	hasTexts(t, lines, append(slices.Clone(texts), "after")...)
	p.verified()
	p.noProblems()
}

func TestATornTailIsCutAtEveryByteOfTheLastLine(t *testing.T) {
	p, file, text := crashed(t, "a", "b")
	start := bytes.IndexByte(text, '\n') + 1
	zeros := make([]byte, 100)
	for n := start; n < len(text); n++ {
		recovers(t, p, file, text[:n], n-start, "a")
		if n%7 == 0 {
			recovers(t, p, file, append(text[:n:n], zeros...), n-start, "a")
		}
	}
	recovers(t, p, file, text, 0, "a", "b")
	recovers(t, p, file, append(text[:len(text):len(text)], zeros...), 0, "a", "b")
}

func TestRecoveryKeepsTheIntactPrefix(t *testing.T) {
	p, file, text := crashed(t, "a", "b", "c")
	lines := bytes.SplitAfter(text, []byte("\n"))[:3]
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	hole := func(from, to int) []byte {
		b := bytes.Clone(text)
		clear(b[from:to])
		return b
	}
	a, b := len(lines[0]), len(lines[1])
	for name, c := range map[string]struct {
		text []byte
		keep int
	}{
		"all":                               {text, 3},
		"an empty file":                     {nil, 0},
		"only zeros":                        {make([]byte, 5000), 0},
		"garbage alone":                     {[]byte("garbage\n"), 0},
		"garbage behind":                    {join(text, []byte("\xff\xfe garbage")), 3},
		"a whole line of garbage behind":    {join(text, []byte("garbage\n")), 3},
		"JSON that is no record behind":     {join(text, []byte("{\"seq\":3}\n")), 3},
		"a record again behind":             {join(text, lines[2]), 3},
		"a record of another log":           {join(text, bytes.Replace(lines[2], []byte(`"log":"test"`), []byte(`"log":"rest"`), 1)), 3},
		"a hole where the first line is":    {hole(0, a), 0},
		"a hole in the second line":         {hole(a+5, a+50), 1},
		"a hole over two lines":             {hole(a-5, a+b+5), 0},
		"a hole at the end":                 {hole(a+b+9, len(text)), 2},
		"the second line missing":           {join(lines[0], lines[2]), 1},
		"two lines in the other order":      {join(lines[0], lines[2], lines[1]), 1},
		"a last line that is no JSON":       {join(lines[0], lines[1], bytes.Replace(lines[2], []byte(`"text":`), []byte(`"text";`), 1)), 2},
		"a carriage return before newlines": {bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), 0},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			kept := len(bytes.Join(lines[:c.keep], nil))
			cut := len(bytes.TrimRight(c.text, "\x00")) - kept
			recovers(t, p, file, c.text, max(cut, 0), []string{"a", "b", "c"}[:c.keep]...)
		})
	}
}

func TestALineThatIsNoJSONIsKeptOnceTheNextRecordConfirmsIt(t *testing.T) {
	// Whoever commits such a record made a mistake; but it was acknowledged.
	p := newPlace(t)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Hour })
	if _, err := l.Commit(noEnd, []byte(`{"text":"bad",}`)); err != nil {
		t.Fatal(err)
	}
	commit(t, l, "b")
	closeLog(t, l)
	p.drop("checkpoint", "checkpoints")
	closeLog(t, p.open())
	if got := len(p.read()); got != 2 {
		t.Errorf("%d records, want 2", got)
	}
}

func TestSeveralOpenSegmentsAreOneLog(t *testing.T) {
	p := newPlace(t)
	store := &shaky{Store: p.store}
	store.set(func(string) error { return fmt.Errorf("no seals") })
	var want []string
	for i := range 4 {
		l := p.open(func(o *Options) { o.Store, o.SealBytes = store, 400 })
		for j := range 5 {
			text := fmt.Sprint(i, j)
			commit(t, l, text)
			want = append(want, text)
		}
		l.Close() // its checkpoint has no place in the store
	}
	if got := len(p.openSegments()); got < 5 {
		t.Fatalf("%d open segments", got)
	}
	hasTexts(t, p.read(), want...)
	p.problemsSoFar()
	restart(t, p)
	hasTexts(t, p.read(), want...)
	if got := p.openSegments(); len(got) != 0 {
		t.Errorf("left open: %q", got)
	}
	p.verified()
	p.noProblems()
}

func TestWhatLiesBehindAnEarlierSegmentsEndIsNoRecord(t *testing.T) {
	// A segment that was given up after a fault, whose tail could not be cut.
	p, file, text := crashed(t, "a", "b", "c")
	lines := bytes.SplitAfter(text, []byte("\n"))
	p.drop("open")
	write(t, file, text)
	write(t, p.path("open", "000000000001.ndjson"), lines[1])
	hasTexts(t, p.read(), "a", "b")
	p.verified()
	restart(t, p)
	hasTexts(t, p.read(), "a", "b")
	p.verified()
}

func TestOpenRefusesALogThatLostAcknowledgedRecords(t *testing.T) {
	build := func(t *testing.T) *place {
		p := newPlace(t)
		l := p.open()
		commit(t, l, "a", "b", "c")
		closeLog(t, l)
		restart(t, p) // seals
		l = p.open()
		commit(t, l, "d", "e", "f")
		closeLog(t, l)
		return p
	}
	for name, harm := range map[string]func(p *place){
		"the open segment is gone": func(p *place) { p.drop("open") },
		"its last record is gone": func(p *place) {
			p.edit("open/*", func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1] })
		},
		"its last record is changed": func(p *place) {
			p.edit("open/*", func(b []byte) []byte { return bytes.Replace(b, []byte(`"f"`), []byte(`"g"`), 1) })
		},
		"a record is changed": func(p *place) {
			p.edit("open/*", func(b []byte) []byte { return bytes.Replace(b, []byte(`"e"`), []byte(`"g"`), 1) })
		},
		"the checkpoints are gone": func(p *place) { p.drop("checkpoint", "checkpoints", "open") },
		"the checkpoint is damaged": func(p *place) {
			p.edit("checkpoint", func(b []byte) []byte { return bytes.Replace(b, []byte("\n6\n"), []byte("\n5\n"), 1) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := build(t)
			harm(p)
			l, err := Open(p.options())
			if err == nil {
				l.Close()
				t.Fatal("the log was opened")
			}
			for _, says := range []string{"missing or changed", "keep the folder", "caddy rec verify", "another name"} {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
		})
	}
}

// edit changes the one file that a pattern matches.
func (p *place) edit(pattern string, change func([]byte) []byte) {
	p.t.Helper()
	file := p.only(pattern)
	text, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	write(p.t, file, change(text))
}
