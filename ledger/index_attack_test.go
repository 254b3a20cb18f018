package ledger

import (
	"bytes"
	"crypto/sha256"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// forgeIndex changes an index and signs it with a key.
func (p *place) forgeIndex(first uint64, keys *Keys, change func(*signedIndex)) {
	p.t.Helper()
	ring, err := parseKeyring(p.keys.Verifier())
	if err != nil {
		p.t.Fatal(err)
	}
	x, err := readIndex(fsSource{os.DirFS(p.dir)}, first, ring)
	if err != nil {
		p.t.Fatal(err)
	}
	change(x)
	x.indexNote.table = sha256.Sum256(x.table)
	if keys != nil {
		if x.signed, err = note.Sign(&note.Note{Text: x.text(keys.signer.Name())}, keys.signer); err != nil {
			p.t.Fatal(err)
		}
	}
	write(p.t, p.path(indexName(first)), x.pack())
}

func TestAForgedIndexHidesNothingAndIsFound(t *testing.T) {
	hide := func(x *signedIndex) {
		x.table = bytes.Replace(x.table, []byte(`session "s1" 0,2`), []byte(`session "s1" 0`), 1)
	}
	for name, c := range map[string]struct {
		do    func(p *place)
		finds bool // by verification
	}{
		"gone":              {func(p *place) { p.drop(indexName(0), indexName(4), indexName(8)) }, false},
		"unsigned":          {func(p *place) { p.forgeIndex(0, nil, hide) }, true},
		"signed by another": {func(p *place) { p.forgeIndex(0, otherKey(t), hide) }, true},
		"no gzip":           {func(p *place) { write(t, p.path(indexName(0)), []byte("x")) }, true},
		"of another segment": {func(p *place) {
			write(t, p.path(indexName(0)), mustRead(t, p.path(indexName(8))))
		}, true},
		"of fewer records": {func(p *place) { p.forgeIndex(0, otherKey(t), func(x *signedIndex) { x.end = 3; hide(x) }) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, l := sessions(t)
			closeLog(t, l)
			c.do(p)
			wantSeqs(t, newReader(t, os.DirFS(p.dir), p.keys.Verifier()), "s1", 0, 2, 5, 9, 12)
			found := false
			for _, problem := range p.verify().Problems {
				found = found || problem.Kind == kindIndex && problem.Segment == indexName(0)
				if problem.Kind != kindIndex {
					t.Errorf("problem %+v", problem)
				}
			}
			if found != c.finds {
				t.Errorf("found by verification: %v", found)
			}
		})
	}
}

func TestAnIndexSignedWithTheLogsOwnKeyIsHeldAgainstTheRecords(t *testing.T) {
	p, l := sessions(t)
	closeLog(t, l)
	p.forgeIndex(4, p.keys, func(x *signedIndex) { x.table = bytes.Replace(x.table, []byte("5"), []byte("6"), 1) })
	problems := p.verify().Problems
	if len(problems) != 1 || problems[0].Kind != kindIndex || problems[0].Segment != indexName(4) {
		t.Errorf("problems %+v", problems)
	}
}

// TestARetiredKeysIndexCountsOnlyIfALaterOneVouchesForIt plays somebody who has
// stolen a key that was retired.
func TestARetiredKeysIndexCountsOnlyIfALaterOneVouchesForIt(t *testing.T) {
	p, l := sessions(t)
	stolen := p.keys
	p.newKey()
	p.rotate(l)
	commitOf(t, l, of("exchange", "s1", "x10"), of("exchange", "s1", "x11"), of("exchange", "s1", "x12"))
	p.after(func() bool { return len(p.sealedSegments()) == 4 })
	want := []uint64{0, 2, 5, 9, 12, 14, 15, 16}
	files := &opened{FS: os.DirFS(p.dir)}
	wantSeqs(t, newReader(t, files, ""), "s3", 11)
	if n := files.count("sealed/"); n > 1 { // its own
		t.Errorf("%d segments were read: %v", n, files.names)
	}
	p.forgeIndex(0, stolen, func(x *signedIndex) {
		x.table = []byte(strings.Replace(string(x.table), `session "s1" 0,2`, `session "s1" 0`, 1))
	})
	wantSeqs(t, newReader(t, os.DirFS(p.dir), ""), "s1", want...)
	closeLog(t, l)
}

func TestASealThatFindsAnotherIndexInItsPlaceGoesOn(t *testing.T) {
	p := newPlace(t)
	if err := os.MkdirAll(p.path(indexFolder), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, p.path(indexName(0)), []byte("planted"))
	l := p.open(func(o *Options) { o.SealAfter = time.Millisecond })
	commitOf(t, l, of("exchange", "s1", "x1"))
	p.after(func() bool { return len(p.sealedSegments()) == 1 })
	wantSeqs(t, l.Reader(), "s1", 0)
	closeLog(t, l)
	if problems := p.problemsSoFar(); len(problems) == 0 || !strings.Contains(problems[0].Error(), indexName(0)) {
		t.Errorf("problems %v", problems)
	}
}

func TestARestartedLogGoesOnVouchingForTheIndexesBefore(t *testing.T) {
	p, l := sessions(t)
	closeLog(t, l)
	restart(t, p)
	ring, _ := parseKeyring(p.keys.Verifier())
	src := fsSource{os.DirFS(p.dir)}
	for _, firsts := range [][2]uint64{{0, 4}, {4, 8}, {8, 12}} {
		before, err := readIndex(src, firsts[0], ring)
		if err != nil {
			t.Fatal(err)
		}
		after, err := readIndex(src, firsts[1], ring)
		if err != nil {
			t.Fatal(err)
		}
		if after.before != before.digest() {
			t.Errorf("the index at %d does not vouch for the one at %d", firsts[1], firsts[0])
		}
	}
}
