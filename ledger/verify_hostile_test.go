package ledger

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func packed(t testing.TB, text io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.Copy(w, text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return out.Bytes()
}

// allocates is how many bytes f takes from memory.
func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAFileWhoseNameNothingExplainsIsAProblemOfItsOwn(t *testing.T) {
	for _, name := range []string{
		"sealed/dt=2026-11-22/hour=00/4000000000000000000.ndjson.gz",
		"sealed/dt=2026-11-22/hour=00/003000000000.ndjson.gz",
		"sealed/dt=2026-11-22/hour=00/000000000013.ndjson.gz",
		"open/9000000000000000000.ndjson",
		"open/000000000013.ndjson",
	} {
		p := evidenceLog(t)
		content := []byte{}
		if strings.HasSuffix(name, ".gz") {
			content = packed(t, strings.NewReader(""))
		}
		write(t, p.path(filepath.FromSlash(name)), content)
		var r *Report
		if n := allocates(func() { r = p.verify() }); n > 100<<20 {
			t.Errorf("%s: %d bytes were taken", name, n)
		}
		if got := found(r); !slices.Equal(got, []string{"inserted " + name}) || r.Records != 12 {
			t.Errorf("%s: found %q, %d records intact", name, got, r.Records)
		}
	}
}

func TestAGapOfAnySizeIsReportedAsARange(t *testing.T) {
	line := string(appendHead(nil, 3_000_000_000_000, tlog.Hash{}, "test")) + `"type":"test"}` + "\n"
	p := evidenceLog(t)
	write(t, p.path("open", "3000000000000.ndjson"), []byte(line))
	if got, want := found(p.verify()), []string{"missing 12+2999999999988"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	p = evidenceLog(t)
	p.drop("open")
	p.drop("tile")
	write(t, p.path("open", "3000000000000.ndjson"), []byte(line))
	got := found(p.verify())
	if want := "missing 8+2999999999992"; !slices.Contains(got, want) {
		t.Errorf("found %q, want %q among them", got, want)
	}
	p = evidenceLog(t)
	p.lines(8, func(l [][]byte) [][]byte { return [][]byte{l[0], []byte(line[:len(line)-1])} })
	if got := found(p.verify()); len(got) < 3 || len(got) > 6 {
		t.Errorf("a record that says it is far away: found %q", got)
	}
}

func TestAnyNumberOfLinesAddedIsReportedShortlyAndSoon(t *testing.T) {
	for _, first := range []int{0, 4, 8} {
		p := evidenceLog(t)
		p.lines(first, func(l [][]byte) [][]byte { return append(l, make([][]byte, 200_000)...) })
		r := p.verify()
		if n := len(r.Problems); first < 8 && (n != mostProblems+1 || r.Problems[n-1].Kind != kindMore || r.Problems[n-1].Count < strayLines-mostProblems) || n > mostProblems+1 || n == 0 {
			t.Errorf("segment %d: %d problems, the last %+v", first, n, r.Problems[n-1])
		}
		if r.Records != 12 {
			t.Errorf("segment %d: %d records intact", first, r.Records)
		}
	}
}

func TestPackedLinesAreNotUnpackedWithoutEnd(t *testing.T) {
	p := evidenceLog(t)
	bomb := packed(t, io.LimitReader(endless("\n"), 100<<20))
	p.edit("sealed/*/*/*4.ndjson.gz", func([]byte) []byte { return bomb })
	var r *Report
	if n := allocates(func() { r = p.verify() }); n > 100<<20 {
		t.Errorf("%d bytes were taken", n)
	}
	if got := found(r); len(got) != mostProblems+1 || got[0] != "segment "+sealed4 || got[mostProblems] != "more " {
		t.Errorf("%d problems: %.10q…", len(got), got)
	}
	if _, err := io.Copy(io.Discard, &bounded{endless("x"), 1 << 20}); err == nil {
		t.Error("what has no end was read to its end")
	}
}

// endless reads as the same text again and again.
type endless string

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e[i%len(e)]
	}
	return len(p), nil
}

func TestManyChangedPrevsAreReadOnce(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a")
	closeLog(t, l)
	name := p.only("open/*")
	text := bytes.TrimRight(p.readFile("open/*"), "\x00")
	prev := tlog.RecordHash(bytes.TrimSuffix(text, []byte("\n")))
	// Each second record has a wrong prev, and the one behind vouches for another.
	for seq := uint64(1); seq < 5000; seq++ {
		line := append(appendHead(nil, seq, prev, "test"), fmt.Sprintf(`"id":"%d","type":"test"}`, seq)...)
		text = append(append(text, line...), '\n')
		prev = tlog.RecordHash(line)
		if seq%2 == 0 {
			prev[0]++
		}
	}
	write(t, name, text)
	count := &countingFS{FS: os.DirFS(p.dir)}
	r, err := Verify(t.Context(), count, VerifyOptions{Key: p.keys.Verifier()})
	if err != nil || len(r.Problems) == 0 {
		t.Fatalf("%v, %d problems", err, len(r.Problems))
	}
	if count.files > 20 {
		t.Errorf("%d files were opened", count.files)
	}
}

func TestWhatCannotBeReadDoesNotEndAVerification(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(p *place)
		want []string
	}{
		"the checkpoint is a folder": {func(p *place) {
			p.drop("checkpoint")
			mkdir(t, p.path("checkpoint"))
		}, []string{"checkpoint checkpoint"}},
		"checkpoints is a file": {func(p *place) {
			p.drop("checkpoints")
			write(t, p.path("checkpoints"), nil)
		}, []string{"checkpoint checkpoints"}},
		"keys is a file":              {func(p *place) { write(t, p.path("keys"), nil) }, []string{"key keys"}},
		"the key beside is a folder":  {func(p *place) { p.drop("public.key"); mkdir(t, p.path("public.key")) }, []string{"key public.key"}},
		"conflict is a file":          {func(p *place) { write(t, p.path("conflict"), nil) }, []string{"conflict conflict"}},
		"a link among checkpoints":    {func(p *place) { link(t, "/nowhere", p.path("checkpoints", "00000000000000000099")) }, []string{"checkpoint checkpoints/00000000000000000099"}},
		"a link among keys":           {func(p *place) { mkdir(t, p.path("keys")); link(t, "/nowhere", p.path("keys", "00000000000000000009")) }, []string{"key keys/00000000000000000009"}},
		"a segment that is a link":    {func(p *place) { link(t, os.DevNull, p.path("open", "000000000099.ndjson")) }, []string{"segment open/000000000099.ndjson"}},
		"a segment linked to another": {func(p *place) { link(t, p.only("open/*8.ndjson"), p.path("open", "000000000012.ndjson")) }, []string{"segment open/000000000012.ndjson"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := evidenceLog(t)
			c.do(p)
			if r := p.verify(); !slices.Equal(found(r), c.want) || r.Records != 12 {
				t.Errorf("found %q, %d records intact; want %q", found(r), r.Records, c.want)
			}
		})
	}
}

func mkdir(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(name, 0o700); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatalf("making a symbolic link, which on Windows takes its developer mode: %v", err)
	}
}
