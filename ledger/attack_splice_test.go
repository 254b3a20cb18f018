package ledger

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// otherLog is a log as evidenceLog makes it, with other records, and with
// another key or the same.
func otherLog(t *testing.T, keys *Keys) *place {
	t.Helper()
	p := newPlace(t)
	if keys != nil {
		p.keys = keys
	}
	for i := range 3 {
		l := p.open()
		for j := range 4 {
			commit(t, l, fmt.Sprint("x", i*4+j))
		}
		closeLog(t, l)
		if i < 2 {
			restart(t, p)
		}
	}
	return p
}

// take copies files of another log over those of this one.
func (p *place) take(from *place, patterns ...string) {
	p.t.Helper()
	for _, pattern := range patterns {
		names, err := fs.Glob(os.DirFS(from.dir), pattern)
		if err != nil || len(names) == 0 {
			p.t.Fatalf("%s: %q, %v", pattern, names, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(from.path(filepath.FromSlash(name)))
			if err != nil {
				p.t.Fatal(err)
			}
			write(p.t, p.path(filepath.FromSlash(name)), text)
		}
	}
}

func TestTwoLogsSplicedAreFound(t *testing.T) {
	middle := []string{"damaged 4 id-x4", "damaged 5 id-x5", "damaged 6 id-x6", "damaged 7 id-x7"}
	end := []string{"damaged 8 id-x8", stored12, latest12, "damaged 11 id-x11"}
	begin := []string{"damaged 0 id-r0", "damaged 1 id-r1", "damaged 2 id-r2", "damaged 3 id-r3"}
	signed := append(slices.Clip(begin), "tile tile/0/000.p/4", "checkpoint checkpoints/00000000000000000004")
	for name, c := range map[string]struct {
		sameKey bool // the thief has it
		files   []string
		want    []string
	}{
		"a segment of a log with another key":     {false, []string{"sealed/*/*/*4.ndjson.gz"}, middle},
		"the last records of another":             {false, []string{"open/*"}, end},
		"the last records and their signatures":   {false, []string{"open/*", "checkpoint", "checkpoints/*12"}, []string{"signature checkpoints/00000000000000000012", "signature checkpoint", "damaged 8 id-x8"}},
		"a segment of a log with the same key":    {true, []string{"sealed/*/*/*4.ndjson.gz"}, middle},
		"a segment, its tile and its checkpoint":  {true, []string{"sealed/*/*/*4.ndjson.gz", "tile/0/000.p/8", "checkpoints/*8"}, append(slices.Clip(signed), "damaged 8 id-r8", stored12, latest12, "damaged 11 id-r11")},
		"the last records and what they signed":   {true, []string{"open/*", "checkpoint", "checkpoints/*12"}, end},
		"all but the first segment":               {true, []string{"open/*", "checkpoint", "checkpoints/*12", "checkpoints/*8", "tile/0/000.p/8", "index/*4.gz", "sealed/*/*/*4.ndjson.gz"}, signed},
		"all but the first segment and its tiles": {true, []string{"open/*", "checkpoint", "checkpoints/*", "tile/0/000.p/*", "index/*4.gz", "sealed/*/*/*4.ndjson.gz"}, begin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := evidenceLog(t)
			var keys *Keys
			if c.sameKey {
				keys = p.keys
			}
			p.take(otherLog(t, keys), c.files...)
			got := found(p.verify())
			if !slices.Equal(got, c.want) {
				t.Errorf("found %q\nwant  %q", got, c.want)
			}
		})
	}
}

func TestALogOfAnotherNameIsFound(t *testing.T) {
	p := evidenceLog(t)
	rename := func(l [][]byte) [][]byte {
		for i := range l {
			l[i] = bytes.Replace(l[i], []byte(`"log":"test"`), []byte(`"log":"tess"`), 1)
		}
		return l
	}
	p.lines(4, rename)
	if got, want := found(p.verify()), []string{"damaged 4 id-r4", "damaged 5 id-r5", "damaged 6 id-r6", "damaged 7 id-r7"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestSegmentsThatTradedPlacesAreNamed(t *testing.T) {
	p := evidenceLog(t)
	first, second := p.readFile("sealed/*/*/*0.ndjson.gz"), p.readFile("sealed/*/*/*4.ndjson.gz")
	p.edit("sealed/*/*/*0.ndjson.gz", func([]byte) []byte { return second })
	p.edit("sealed/*/*/*4.ndjson.gz", func([]byte) []byte { return first })
	got := found(p.verify())
	for seq := range 8 {
		if !slices.Contains(got, fmt.Sprintf("reordered %d id-r%d", seq, seq)) {
			t.Errorf("record %d is not named: found %q", seq, got)
		}
	}
}

func TestWhereAnOpenSegmentWasCutIsNamed(t *testing.T) {
	for cut, want := range map[int][]string{
		1:   {"missing 11+1", stored12, latest12}, // the newline
		40:  {"missing 11+1", stored12, latest12},
		200: {"missing 10+2", stored12, latest12},
	} {
		p := evidenceLog(t)
		p.edit("open/*8.ndjson", func(b []byte) []byte { return b[:len(b)-cut] })
		if got := found(p.verify()); !slices.Equal(got, want) {
			t.Errorf("cut by %d: found %q, want %q", cut, got, want)
		}
	}
}

func TestWhatWasRolledBackIsFoundAgainstAnyLaterCheckpoint(t *testing.T) {
	p := evidenceLog(t)
	kept := [][]byte{p.readFile("checkpoints/*8"), p.readFile("checkpoints/*12")}
	p.cut(4)
	p.drop("tile/0/000.p/8")
	if got := found(p.verify()); len(got) > 0 {
		t.Errorf("a log as it was once: found %q", got)
	}
	for i, note := range kept {
		r := p.against(note)
		if len(r.Problems) != 1 || r.Problems[0].Kind != kindCheckpoint || r.Problems[0].Seq != 4 || r.Problems[0].Count != int64(4*(i+1)) || !strings.Contains(r.Problems[0].Detail, "rolled back") {
			t.Errorf("against %d: %+v", 8+4*i, r.Problems)
		}
	}
}

func TestCheckpointsKeptElsewhereHoldThroughSegmentsThatAreGone(t *testing.T) {
	// Tiles tell what the records of a purged segment were, so each checkpoint
	// is still checked, and a lie among them found.
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 60_000 })
	var kept [][]byte
	for i := range 1200 {
		commit(t, l, fmt.Sprint("r", i))
		if i%97 == 0 {
			if err := l.checkpointer.sign(); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, p.readFile(latestCheckpoint))
		}
	}
	closeLog(t, l)
	restart(t, p)
	l = p.open()
	commit(t, l, "last")
	closeLog(t, l)
	segments := p.sealedSegments()
	if len(segments) < 3 {
		t.Fatalf("sealed %q", segments)
	}
	p.drop(segments[:len(segments)-1]...)
	r := p.against(kept...)
	if got := found(r); r.Anchors != len(kept) || slices.ContainsFunc(got, func(f string) bool { return !strings.HasPrefix(f, "missing ") }) {
		t.Errorf("%d anchors, found %q", r.Anchors, got)
	}
	var size uint64
	for _, q := range r.Problems {
		size = max(size, uint64(q.Seq+q.Count))
	}
	if r.AnchorSize < size/2 || size < 600 {
		t.Errorf("gone are records up to %d, the largest anchor is at %d", size, r.AnchorSize)
	}
	lie := p.signed(p.keys, "test", checkpoint{300, [32]byte{1}})
	if got := found(p.against(append(kept, lie)...)); !slices.Contains(got, "checkpoint ") {
		t.Errorf("with a checkpoint of another history: found %q", got)
	}
}
