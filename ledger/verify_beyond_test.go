package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/mod/sumdb/tlog"
)

// cut takes away what a log of size records, at which a segment begins, does
// not have: the later segments and checkpoints. Tiles stay.
func (p *place) cut(size uint64) {
	p.t.Helper()
	newest := p.readFile(filepath.FromSlash(checkpointName(size)))
	for _, folder := range []string{openFolderName, sealedFolder} {
		all, err := segments(fsSource{os.DirFS(p.dir)}, folder)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, s := range all {
			if s.first >= size {
				p.drop(s.name)
			}
		}
	}
	names, err := fsSource{os.DirFS(p.dir)}.list(checkpointFolder)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, name := range names {
		if name > checkpointName(size) {
			p.drop(name)
		}
	}
	write(p.t, p.path(latestCheckpoint), newest)
}

// copies gives a place of the same keys whose folder is a copy of this one.
func (p *place) copies() *place {
	p.t.Helper()
	dir := filepath.Join(p.t.(*testing.T).TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(p.dir)); err != nil {
		p.t.Fatal(err)
	}
	return &place{t: p.t, keys: p.keys, dir: dir}
}

func TestALogRolledBackToAnOldCheckpointIsGivenAwayByItsTiles(t *testing.T) {
	p := evidenceLog(t)
	p.cut(4)
	if got, want := found(p.verify()), []string{"missing 4+4"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestATileOfForgedRecordsThatNoSealReachedIsHeldAgainstThem(t *testing.T) {
	p := evidenceLog(t)
	var lines [][]byte
	for i, line := range p.read() {
		_, rest, _ := strings.Cut(line, `"log":"test",`)
		if i < 4 {
			lines = append(lines, []byte(line))
			continue
		}
		lines = append(lines, append(appendHead(nil, uint64(i), tlog.RecordHash(lines[i-1]), "test"), "\"made\":\"up\","+rest...))
	}
	p.cut(4)
	write(t, p.path("open", "000000000004.ndjson"), append(bytes.Join(lines[4:], []byte("\n")), '\n'))
	if got, want := found(p.verify()), []string{"tile tile/0/000.p/8"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	p.drop("tile/0/000.p/8")
	r := p.verify()
	if got := found(r); len(got) != 0 || r.Signed != 4 || r.Records != 12 {
		t.Errorf("without the tile: found %q, %d of %d signed; the report must tell how many are", got, r.Signed, r.Records)
	}
}

func TestWhatSpeaksOfRecordsThatAreNotThereIsAProblem(t *testing.T) {
	hashes := func(n int) []byte { return make([]byte, n*tlog.HashSize) }
	for name, c := range map[string]struct {
		do   func(p *place)
		want []string
	}{
		"a wider partial tile":        {func(p *place) { write(p.t, p.path("tile", "0", "000.p", "200"), hashes(200)) }, []string{"missing 12+188"}},
		"a full leaf tile":            {func(p *place) { write(p.t, p.path("tile", "0", "000"), hashes(256)) }, []string{"missing 12+244"}},
		"a tile of a higher level":    {func(p *place) { write(p.t, p.path("tile", "1", "000.p", "1"), hashes(1)) }, []string{"missing 12+244"}},
		"a tile of no possible level": {func(p *place) { write(p.t, p.path("tile", "9", "000.p", "1"), hashes(1)) }, []string{"missing 12+9223372036854775795"}},
		"a later stored checkpoint": {func(p *place) {
			write(p.t, p.path("checkpoints", "00000000000000000016"), p.readFile("checkpoints/*12"))
		}, []string{"checkpoint checkpoints/00000000000000000016"}},
		"a later forged checkpoint": {func(p *place) { p.forge("checkpoints/00000000000000000016", 16) }, []string{"signature checkpoints/00000000000000000016"}},
		"a later signed checkpoint": {func(p *place) {
			signed, err := checkpoint{16, tlog.RecordHash(nil)}.sign("test", p.keys.signer)
			if err != nil {
				p.t.Fatal(err)
			}
			write(p.t, p.path("checkpoints", "00000000000000000016"), signed)
		}, []string{"missing 12+4", "checkpoint checkpoints/00000000000000000016"}},
		"a later sealed segment": {func(p *place) {
			write(p.t, p.path("sealed", "dt=2026-11-21", "hour=19", "000000000016.ndjson.gz"), p.readFile("sealed/*/*/*4.ndjson.gz"))
		}, nil},
		"sealed records without a checkpoint": {func(p *place) {
			p.drop("open", "checkpoints/00000000000000000008", "checkpoints/00000000000000000012")
			write(p.t, p.path(latestCheckpoint), p.readFile("checkpoints/*4"))
		}, []string{"checkpoint "}},
		"no checkpoint at all": {func(p *place) { p.drop("checkpoint", "checkpoints") }, []string{"checkpoint "}},
		"an empty sealed segment": {func(p *place) {
			p.cut(8)
			write(p.t, p.path("sealed", "dt=2026-11-21", "hour=18", "000000000008.ndjson.gz"), packed(p.t, strings.NewReader("")))
		}, []string{"segment sealed/dt=2026-11-21/hour=18/000000000008.ndjson.gz"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := evidenceLog(t)
			p.verified()
			c.do(p)
			got := found(p.verify())
			if c.want == nil && len(got) > 0 {
				return
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %q\nwant  %q", got, c.want)
			}
		})
	}
}

func TestEachStepOfASealLeavesAnIntactLog(t *testing.T) {
	// The process ends before or after each step of a seal in turn, when the
	// newest checkpoint is of all records or of a few.
	for _, older := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			for step, reached := 1, true; reached; step++ {
				p := newPlace(t)
				l := p.open()
				commit(t, l, "a", "b")
				closeLog(t, l)
				restart(t, p)
				first := p.readFile(latestCheckpoint)
				p.bubble(func(t *testing.T) {
					l := p.open()
					for i := range 300 {
						commit(t, l, fmt.Sprint(i))
					}
					closeLog(t, l)
				})
				if older {
					p.drop("checkpoints/00000000000000000302")
					write(t, p.path(latestCheckpoint), first)
				}
				p.verified()
				reached = p.sealUntil(func(n int, _ string) bool { return n < step || n == step && after })
			}
		}
	}
}

func TestASealInALogThatHasNoCheckpointYetLeavesAnIntactLog(t *testing.T) {
	p, _, _ := crashed(t, "a", "b", "c")
	if !p.sealUntil(func(_ int, name string) bool { return !strings.Contains(name, checkpointFolder) }) {
		t.Error("the seal was not cut short")
	}
	p.only("tile/0/000.p/3")
}

// sealUntil opens the log, verifies it as it is when the process ends before
// the first step of the seal that may not be done, and says whether there was
// one. Then the seal is done.
func (p *place) sealUntil(may func(n int, name string) bool) (reached bool) {
	p.t.Helper()
	store, n := &shaky{Store: p.store}, 0
	store.set(func(name string) error {
		if n++; may(n, name) {
			return nil
		}
		reached = true
		return errors.New("crash")
	})
	p.bubble(func(t *testing.T) {
		l := p.open(func(o *Options) { o.Store = store })
		synctest.Wait()
		p.copies().verified()
		store.set(nil)
		closeLog(t, l)
	})
	p.problemsSoFar()
	p.verified()
	restart(p.t.(*testing.T), p)
	p.verified()
	p.noProblems()
	return reached
}
