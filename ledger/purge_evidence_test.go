package ledger

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestADamagedSegmentIsEvidenceAndStays(t *testing.T) {
	p, l := days(t, 4)
	sealed, err := segments(fsSource{os.DirFS(p.dir)}, sealedFolder)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.dir, sealed[1].name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(file)
	text[len(text)/2] ^= 1
	write(t, file, text)
	done := purge(t, l, Purge{Before: time.Now()})
	if got := gone(done); !slices.Equal(got, []uint64{0, 6}) {
		t.Errorf("purged %v", got)
	}
	if len(done) != 3 || !strings.Contains(done[1].Kept, "verify") || done[1].Kind != KeptDamaged {
		t.Errorf("the report is %+v", done)
	}
}

func TestASegmentThatSomebodyRemovedIsMissingWhateverTheMarkersSay(t *testing.T) {
	p, l := days(t, 5)
	purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 1)})
	closeLog(t, l)
	sealed, err := segments(fsSource{os.DirFS(p.dir)}, sealedFolder)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(p.dir, sealed[0].name))
	write(t, filepath.Join(p.dir, "purged", "000000000003.json"), []byte(`{"first":3,"end":6}`))
	r := p.verify()
	if len(r.Problems) != 1 || r.Problems[0].Kind != kindMissing || r.Problems[0].Seq != 3 || r.Problems[0].Count != 3 || r.Purged != 3 {
		t.Errorf("purged %d, problems %+v", r.Purged, r.Problems)
	}
}

func TestAPurgeThatNobodySignedExcusesNothing(t *testing.T) {
	p, l := days(t, 3)
	closeLog(t, l)
	// With the files alone a record can be appended, but not signed for.
	last := p.read()
	file := p.openSegments()[len(p.openSegments())-1]
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var hasher leafHasher
	line := appendHead(nil, uint64(len(last)), hasher.sum([]byte(last[len(last)-1])), "test")
	line = append(line, `"id":"x","time":"2026-11-21T18:00:00.000000Z","type":"retention.purged","retention":{"segment":"x","first":0,"records":3}}`...)
	os.Remove(file)
	write(t, file, append(text, append(line, '\n')...))
	sealed, err := segments(fsSource{os.DirFS(p.dir)}, sealedFolder)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(p.dir, sealed[0].name))
	if r := p.verify(); r.Purged != 0 || !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind == kindMissing && p.Seq == 0 && p.Count == 3 }) {
		t.Errorf("purged %d, problems %+v", r.Purged, r.Problems)
	}
}

func TestADamagedHoldKeepsEverything(t *testing.T) {
	p, l := days(t, 3)
	if err := os.MkdirAll(filepath.Join(p.dir, "holds"), 0o750); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(p.dir, "holds", "x.json"), []byte(`{`))
	if _, err := l.Purge(t.Context(), Purge{Before: time.Now()}); err == nil || !strings.Contains(err.Error(), "holds/x.json") {
		t.Errorf("got %v", err)
	}
	if got := p.sealedFirsts(); len(got) != 3 {
		t.Errorf("left are %v", got)
	}
}
