package ledger

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestARetiredKeyProvesNothingToWhoKnowsTheNext(t *testing.T) {
	p, first, second := rotated(t)
	list := p.keyFiles()["test.public"]
	stolen := otherKey(t)
	// A log whose first key the thief has, of as many records as it may sign for.
	list = strings.Replace(list, first, stolen.Verifier(), 1)
	line := append(appendHead(nil, 0, tlog.Hash{}, "test"), `"id":"forged","type":"test"}`...)
	tree := frontier{}
	tree.add(tlog.RecordHash(line))
	forged := proof{line: line, signed: p.signed(stolen, "test", checkpoint{1, tree.root()})}
	r, err := VerifyProof(forged.text(), list)
	if err != nil || len(r.Problems) != 1 || r.Problems[0].Kind != kindSignature || !strings.Contains(r.Problems[0].Detail, "retired") || !strings.Contains(r.Problems[0].Detail, "ask for the proof anew") {
		t.Errorf("with both keys: %+v, %v", r, err)
	}
	if r, err := VerifyProof(forged.text(), stolen.Verifier()+" retired at 6"); err != nil || len(r.Problems) != 1 {
		t.Errorf("with the retired one: %+v, %v", r, err)
	}
	if r, err := VerifyProof(forged.text(), second); err != nil || len(r.Problems) != 1 {
		t.Errorf("with the newest: %+v, %v", r, err)
	}
}

func TestEachProofIsUnderTheKeyInForce(t *testing.T) {
	for name, rotate := range map[string]func(p *place){
		"no seal since": func(p *place) {
			l := p.open()
			commit(t, l, "r4", "r5")
			p.newKey()
			p.rotate(l)
			commit(t, l, "r6")
			closeLog(t, l)
		},
		"no record since": func(p *place) {
			l := p.open()
			commit(t, l, "r4", "r5")
			p.newKey()
			p.rotate(l)
			closeLog(t, l)
		},
		"all are sealed": func(p *place) {
			l := p.open()
			p.newKey()
			p.rotate(l)
			closeLog(t, l)
			p.drop("open")
		},
	} {
		p := newPlace(t)
		l := p.open()
		commit(t, l, "r0", "r1", "r2", "r3")
		closeLog(t, l)
		restart(t, p)
		rotate(p)
		p.reload()
		list := p.keyFiles()["test.public"]
		for seq := range len(p.read()) {
			file, err := Prove(t.Context(), os.DirFS(p.dir), uint64(seq))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if r, err := VerifyProof(file, list); err != nil || len(r.Problems) > 0 || r.KeyHash != fmt.Sprintf("%08x", p.keys.public.KeyHash()) {
				t.Errorf("%s: record %d: %+v, %v", name, seq, r, err)
			}
		}
	}
}

func TestAProofWaitsForTheKeyInForce(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "r0", "r1")
	p.newKey()
	p.rotate(l)
	closeLog(t, l)
	c, _, err := keyring{p.keys.public}.open(p.readFile("keys/*"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.path(latestCheckpoint), p.signed(p.keys, "test", c))
	if _, err := Prove(t.Context(), os.DirFS(p.dir), 1); !errors.Is(err, ErrNotSigned) || !strings.Contains(err.Error(), "retired") {
		t.Errorf("got %v", err)
	}
}

func TestAProofIsHeldAgainstCheckpointsKeptElsewhere(t *testing.T) {
	p := evidenceLog(t)
	file := p.proved(9)
	four, twelve := p.readFile("checkpoints/*4"), p.readFile("checkpoints/*12")
	other := p.signed(p.keys, "test", checkpoint{12, tlog.RecordHash(nil)})
	for name, c := range map[string]struct {
		against [][]byte
		anchors int
		want    string
	}{
		"its own":                {[][]byte{four, twelve}, 1, ""},
		"none of its size":       {[][]byte{four}, 0, "none of the checkpoints kept elsewhere is of 12 records"},
		"another history":        {[][]byte{twelve, other}, 2, "another history"},
		"one that nobody signed": {[][]byte{p.signed(otherKey(t), "test", checkpoint{12, tlog.RecordHash(nil)})}, 0, "none of"},
	} {
		r, err := VerifyProof(file, p.keys.Verifier(), c.against...)
		if err != nil || r.Anchors != c.anchors || (len(r.Problems) > 0) != (c.want != "") {
			t.Errorf("%s: %+v, %v", name, r, err)
		} else if c.want != "" && (r.Problems[0].Kind != kindCheckpoint || !strings.Contains(r.Problems[0].Detail, c.want)) {
			t.Errorf("%s: %+v", name, r.Problems)
		}
	}
}
