package ledger

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
)

// against verifies the folder against checkpoints kept elsewhere.
func (p *place) against(notes ...[]byte) *Report {
	p.t.Helper()
	r, err := Verify(context.Background(), os.DirFS(p.dir), VerifyOptions{Key: p.keys.Verifier(), Against: notes})
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *place) signed(keys *Keys, log string, c checkpoint) []byte {
	p.t.Helper()
	signed, err := c.sign(log, keys.signer)
	if err != nil {
		p.t.Fatal(err)
	}
	return signed
}

func TestALogHoldsAgainstItsOwnCheckpoints(t *testing.T) {
	p := evidenceLog(t)
	four, eight, twelve := p.readFile("checkpoints/*4"), p.readFile("checkpoints/*8"), p.readFile("checkpoints/*12")
	r := p.against(twelve, four, four, eight, p.signed(p.keys, "test", checkpoint{0, (&frontier{}).root()}))
	if len(r.Problems) != 0 || r.Anchors != 5 || r.AnchorSize != 12 {
		t.Errorf("%+v", r)
	}
	if r := p.verified(); r.Anchors != 0 || r.AnchorSize != 0 || r.Signed != 12 {
		t.Errorf("without any: %+v", r)
	}
}

func TestAnOlderCopyPutBackWholeIsFoundOnlyAgainstACheckpointKeptElsewhere(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a", "b", "c")
	closeLog(t, l)
	restart(t, p)
	old := p.copies()
	first := old.readFile("checkpoint")
	l = p.open()
	commit(t, l, "d", "e")
	closeLog(t, l)
	restart(t, p)
	kept := p.readFile("checkpoint")

	old.verified()
	if r := old.against(first); len(r.Problems) != 0 {
		t.Errorf("against its own checkpoint: %+v", r.Problems)
	}
	r := old.against(first, kept)
	if len(r.Problems) != 1 || r.Problems[0].Kind != kindCheckpoint || r.Problems[0].Seq != 3 || r.Problems[0].Count != 2 ||
		!strings.Contains(r.Problems[0].Detail, "rolled back") || !strings.Contains(r.Problems[0].Detail, "signed for 5 records") {
		t.Errorf("%+v", r.Problems)
	}

	// A gateway goes on with the old copy, past the size it was cut from.
	p.drop(".")
	if err := os.CopyFS(p.dir, os.DirFS(old.dir)); err != nil {
		t.Fatal(err)
	}
	l = p.open()
	commit(t, l, "x", "y", "z")
	closeLog(t, l)
	p.verified()
	r = p.against(first, kept)
	if len(r.Problems) != 1 || r.Problems[0].Kind != kindCheckpoint || r.Problems[0].Seq != 3 || r.Problems[0].Count != 2 ||
		!strings.Contains(r.Problems[0].Detail, "rewritten") || !strings.Contains(r.Problems[0].Detail, "at 5 records") {
		t.Errorf("%+v", r.Problems)
	}
}

func TestACheckpointThatProvesNothingIsNotCounted(t *testing.T) {
	p := evidenceLog(t)
	good := p.readFile("checkpoints/*8")
	foreign := otherKey(t)
	for name, c := range map[string]struct {
		note []byte
		want []string
	}{
		"another key":        {p.signed(foreign, "test", checkpoint{8, (&frontier{}).root()}), []string{"signature "}},
		"a changed size":     {bytes.Replace(good, []byte("\n8\n"), []byte("\n9\n"), 1), []string{"signature "}},
		"no checkpoint":      {[]byte("caddyrec/test\nword\n"), []string{"signature "}},
		"nothing":            {nil, []string{"signature "}},
		"another log's":      {bytes.Replace(good, []byte("caddyrec/test\n"), []byte("caddyrec/other\n"), 1), nil},
		"an empty log's lie": {p.signed(p.keys, "test", checkpoint{0, [32]byte{1}}), []string{"checkpoint "}},
	} {
		r := p.against(good, c.note)
		if got := found(r); !slices.Equal(got, c.want) || r.AnchorSize != 8 {
			t.Errorf("%s: found %q, the largest %d", name, got, r.AnchorSize)
		}
	}
	other := bytes.Replace(good, []byte("caddyrec/test\n"), []byte("caddyrec/other\n"), 1)
	if _, err := Verify(t.Context(), os.DirFS(p.dir), VerifyOptions{Against: [][]byte{other}}); err == nil || !strings.Contains(err.Error(), "none of the checkpoints") {
		t.Errorf("with another log's alone: %v", err)
	}
}

func TestCheckpointsKeptElsewhereTellWhatIsLeftUnproved(t *testing.T) {
	kept := func(p *place) []byte { return p.readFile("checkpoints/*12") }
	p := evidenceLog(t)
	note := kept(p)
	p.drop("open", "sealed", "tile", "checkpoint", "checkpoints")
	r := p.against(note)
	if got := found(r); !slices.Equal(got, []string{"checkpoint "}) || !strings.Contains(r.Problems[0].Detail, "rolled back") {
		t.Errorf("an emptied log: %+v", r.Problems)
	}

	p = evidenceLog(t)
	note = kept(p)
	p.drop(sealed4, "tile")
	p.drop("checkpoint", "checkpoints")
	r = p.against(note)
	if !slices.ContainsFunc(r.Problems, func(q Problem) bool {
		return strings.Contains(q.Detail, "kept elsewhere from 12 records on cannot be checked")
	}) {
		t.Errorf("a log with a hole: %+v", r.Problems)
	}
}
